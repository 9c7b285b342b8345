"""The exchange: an Italian authority asks a Hungarian one about a doctor's qualifications."""

import hashlib
from typing import Any

from deploy.demo.client import Data, User, expect, key
from deploy.demo.stage import Stage

MODULE = "professional-qualifications/requests"
CHOSEN = ("PQ1", "PQ3", "PQ5", "PQ6", "PQ8")
WHY = "La persona chiede di esercitare in Italia. Verifichiamo il titolo conseguito in Ungheria."
DIFFERENCE = "A képzés hat helyett öt és fél évig tartott, de a gyakorlati órák száma megfelelő."

READ = """
fragment Labels on Value { choices { code label } date number text { original } files { name url sha256 } }
query ($id: ID!, $language: Language) {
  request(id: $id, language: $language) {
    number status view revision
    subject { ... on Person { givenName familyName birthDate } }
    justification { original language text { translation notice details { status reason } } }
    questions { question { code text } files { name url sha256 } }
    answers {
      question { code text }
      value { ...Labels text { original text { translation notice details { status reason } } } }
    }
  }
}
"""


def pdf(text: str) -> bytes:
    """A small PDF with one line."""
    stream = f"BT /F1 18 Tf 40 700 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body
        + head
        + table
        + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            len(body),
        )
    )


async def play(stage: Stage, italy: User, hungary: User) -> None:
    """From the search to the closure."""
    responder = await find(stage, italy, hungary)
    id_ = await send(stage, italy, responder)
    await answer(stage, hungary, id_)
    await read_reply(stage, italy, id_)


async def find(stage: Stage, italy: User, hungary: User) -> str:
    """The Hungarian counterpart, found by searching in Italian."""
    stage.act("Italy looks for its counterpart in Hungary, in Italian")
    who = await hungary.ask("{ viewer { authority { id } } }")
    found = await italy.ask(
        """query ($text: String!, $module: String!) {
          searchAuthorities(text: $text, language: IT, filter: { module: $module }, first: 5) {
            totalCount edges { node { id name officialName languages concepts { label } } }
          }
        }""",
        text="medico Ungheria",
        module=MODULE,
    )
    nodes = [edge["node"] for edge in found["searchAuthorities"]["edges"]]
    own = who["viewer"]["authority"]["id"]
    expect(own in [node["id"] for node in nodes], "the search in Italian finds the Hungarian authority for doctors")
    chosen: Data = next(node for node in nodes if node["id"] == own)
    stage.say(
        "IT",
        "cerca «medico Ungheria»",
        [
            f"→ {chosen['name']}",
            f"  nome ufficiale: {chosen['officialName']}",
            f"  lingue comprese: {', '.join(chosen['languages'])}",
        ],
    )
    return str(own)


async def send(stage: Stage, italy: User, responder: str) -> str:
    """Questions chosen in Italian, with a diploma attached, on their way."""
    stage.act("Italy chooses pre-translated questions and sends them")
    sets = await italy.ask(
        """{ questionSets(area: "professional-qualifications", language: IT) {
             id title groups { title questions { code text } } } }"""
    )
    chosen_set = sets["questionSets"][0]
    texts = {q["code"]: q["text"] for group in chosen_set["groups"] for q in group["questions"]}
    stage.say("IT", chosen_set["title"], [f"☑ {texts[code]}" for code in CHOSEN])
    diploma = await italy.upload("laurea.pdf", pdf("Diploma - esempio"), "application/pdf")
    draft: dict[str, Any] = {
        "questionSetId": chosen_set["id"],
        "responderId": responder,
        "subject": {"person": {"givenName": "Eszter", "familyName": "Mintás", "birthDate": "1988-03-14"}},
        "justification": {"text": WHY, "language": "IT"},
        "questions": [{"code": code, "fileIds": [diploma] if code == "PQ1" else []} for code in CHOSEN],
    }
    created = await italy.ask(
        "mutation ($input: CreateRequestInput!) { createRequest(input: $input) { request { id number } } }",
        input={"idempotencyKey": key(), "draft": draft},
    )
    request = created["createRequest"]["request"]
    sent = await italy.ask(
        "mutation ($input: SendRequestInput!) { sendRequest(input: $input) { request { status } } }",
        input={"idempotencyKey": key(), "id": request["id"]},
    )
    expect(sent["sendRequest"]["request"]["status"] == "SENT", "the request is SENT")
    stage.note(f"{request['number']} is on its way, with laurea.pdf attached to the first question.")
    return str(request["id"])


async def answer(stage: Stage, hungary: User, id_: str) -> None:
    """Read, accepted and answered in Hungarian."""
    stage.act("Hungary reads the questions in Hungarian, and accepts")
    waiting = await hungary.ask("{ requests(list: ACTION_REQUIRED) { edges { node { id } } } }")
    expect(id_ in [e["node"]["id"] for e in waiting["requests"]["edges"]], "the request waits on Hungary's list")
    before = (await hungary.ask(READ, id=id_, language="HU"))["request"]
    expect(before["subject"] is None, "the responder does not see whom it is about before accepting")
    stage.say("HU", before["number"], [f"? {asked['question']['text']}" for asked in before["questions"]])
    asked = before["justification"]
    stage.say("HU", "gépi fordítás", _reading(("eredeti (IT)", "fordítás"), asked["original"], asked["text"]))
    stage.note("Whom it is about stays hidden until Hungary accepts.")
    accepted = await hungary.ask(
        "mutation ($input: AcceptRequestInput!) { acceptRequest(input: $input) { request { status } } }",
        input={"idempotencyKey": key(), "id": id_},
    )
    expect(accepted["acceptRequest"]["request"]["status"] == "ACCEPTED", "the request is ACCEPTED")
    after = (await hungary.ask(READ, id=id_, language="HU"))["request"]
    person = after["subject"]
    diploma = after["questions"][0]["files"][0]
    content = await hungary.download(diploma["url"])
    expect(hashlib.sha256(content).hexdigest() == diploma["sha256"], "the diploma arrives as it was sent")
    stage.say(
        "HU",
        "elfogadva",
        [f"{person['familyName']} {person['givenName']}, {person['birthDate']}", f"📎 {diploma['name']}"],
    )
    stage.act("Hungary answers: Hungarian choices, one free text, a certificate")
    certificate = await hungary.upload("igazolas.pdf", pdf("Igazolas - pelda"), "application/pdf")
    given = [
        {"questionCode": "PQ1", "value": {"codes": ["GENUINE"]}},
        {"questionCode": "PQ3", "value": {"codes": ["NO"]}},
        {"questionCode": "PQ3a", "value": {"text": {"text": DIFFERENCE, "language": "HU"}}},
        {"questionCode": "PQ5", "value": {"codes": ["FULL"]}},
        {"questionCode": "PQ6", "value": {"codes": ["NONE"]}},
        {"questionCode": "PQ8", "value": {"files": [certificate]}},
    ]
    command = "mutation ($input: AnswerRequestInput!) { answerRequest(input: $input) { request { status } } }"
    refused = await hungary.refusal(command, input={"idempotencyKey": key(), "id": id_, "answers": given[:2]})
    expect(refused == "INVALID", "an incomplete reply is refused")
    replied = await hungary.ask(command, input={"idempotencyKey": key(), "id": id_, "answers": given})
    expect(replied["answerRequest"]["request"]["status"] == "ANSWERED", "the request is ANSWERED")
    shown = (await hungary.ask(READ, id=id_, language="HU"))["request"]
    stage.table("HU", "válasz", [(one["question"]["text"], _shown(one["value"])) for one in shown["answers"]])


async def read_reply(stage: Stage, italy: User, id_: str) -> None:
    """The reply in Italian; what machine translation says of the free text; the closure."""
    stage.act("Italy reads the reply in Italian")
    reply = (await italy.ask(READ, id=id_, language="IT"))["request"]
    answers = {one["question"]["code"]: one for one in reply["answers"]}
    labels = {code: [c["label"] for c in one["value"]["choices"] or ()] for code, one in answers.items()}
    expect(labels["PQ1"] == ["Autentico"], "the Hungarian answer is read in Italian")
    expect(answers["PQ3a"]["value"]["text"]["original"] == DIFFERENCE, "the free text is as it was written")
    stage.table("IT", "risposta", [(one["question"]["text"], _shown(one["value"])) for one in reply["answers"]])
    reading = answers["PQ3a"]["value"]["text"]["text"]
    expect(reading["notice"], "a notice says what the translation is worth, or why there is none")
    stage.say("IT", "traduzione automatica", _reading(("originale (HU)", "traduzione"), DIFFERENCE, reading))
    certificate = answers["PQ8"]["value"]["files"][0]
    content = await italy.download(certificate["url"])
    expect(hashlib.sha256(content).hexdigest() == certificate["sha256"], "the certificate arrives as it was sent")
    closed = await italy.ask(
        "mutation ($input: CloseRequestInput!) { closeRequest(input: $input) { request { status number } } }",
        input={"idempotencyKey": key(), "id": id_},
    )
    expect(closed["closeRequest"]["request"]["status"] == "CLOSED", "the request is CLOSED")
    stage.note(f"{closed['closeRequest']['request']['number']} is closed. {certificate['name']} was read in Italy.")


def _reading(words: tuple[str, str], original: str, reading: Data) -> list[str]:
    """A free text as its reader sees it: as it was written, and what a machine makes of it and what that is worth, or why nothing.

    *words* are those for the original and for the translation.
    """
    details = reading["details"]
    why = f" ({details['reason']})" if details["reason"] else ""
    translated = reading["translation"] or f"{details['status']}{why}"
    return [f"{words[0]}: {original}", f"{words[1]}: {translated}", f"ⓘ {reading['notice']}"]


def _shown(value: Data) -> str:
    if value["choices"]:
        return ", ".join(choice["label"] for choice in value["choices"])
    if value["files"]:
        return ", ".join(f"📎 {file['name']}" for file in value["files"])
    return str(value["text"]["original"] if value["text"] else value["number"] or value["date"])
