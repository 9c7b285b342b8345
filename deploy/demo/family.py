"""A request that several Hungarian authorities have a part in: split, forwarded, approved; and Italy asks for more."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from deploy.demo.client import TIMEOUT_S, Data, User, expect, key
from deploy.demo.stage import Stage

SET = "professional-qualifications:1"
WHY = "La persona chiede di esercitare come medico e come odontoiatra."
NOT_OURS = "Ezzel a fogorvosok hatósága foglalkozik."
OPEN = "Da quando vale il diritto di esercitare?"
SINCE = "2013. szeptember 1-je óta."
STATUS = "request { status }"
READ = """query ($id: ID!) { request(id: $id) {
  number status tasks subject { __typename } responder { officialName }
  family { number status responder { officialName } }
  answers { question { text(language: IT) } value { choices { label(language: IT) } } }
  moreInformation { text { original } given { original } }
} }"""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who has a part in it."""

    italy: User
    doctors: User
    nurses: User
    dentists: User
    coordinator: User


async def play(stage: Stage, cast: Cast) -> None:
    """From the question to the last piece of information."""
    id_, child = await divide(stage, cast)
    await pass_on(stage, cast, child)
    await approve(stage, cast, child)
    await ask_more(stage, cast, id_)


async def divide(stage: Stage, cast: Cast) -> tuple[str, str]:
    """Three questions to one authority, of which it keeps two."""
    stage.act("Italy asks about a doctor who is also a dentist; Hungary splits the request")
    who = await cast.doctors.ask("{ viewer { authority { id } } }")
    draft = {
        "questionSetId": SET,
        "responderId": who["viewer"]["authority"]["id"],
        "subject": {"person": {"givenName": "Gábor", "familyName": "Próba", "birthDate": "1981-09-02"}},
        "justification": {"text": WHY, "language": "IT"},
        "questions": [{"code": code} for code in ("PQ1", "PQ4", "PQ5")],
    }
    id_ = (await do(cast.italy, "createRequest", "request { id }", draft=draft))["id"]
    await do(cast.italy, "sendRequest", STATUS, id=id_)
    await do(cast.doctors, "acceptRequest", STATUS, id=id_, proposedDate="2999-01-31")
    await do(cast.italy, "acceptProposedDate", STATUS, id=id_)
    nurses = (await cast.nurses.ask("{ viewer { authority { id } } }"))["viewer"]["authority"]["id"]
    split = await do(
        cast.doctors, "splitRequest", "request { splitOff { id } }", id=id_, responderId=nurses, questionCodes=["PQ5"]
    )
    child = split["splitOff"][0]["id"]
    seen = await once_there(cast.nurses, child)
    expect(seen["subject"] is None, "the new responder does not see whom it is about before accepting")
    family = (await cast.italy.ask(READ, id=id_))["request"]["family"]
    expect(len(family) == 2, "Italy sees one family of two")
    stage.say(
        "IT",
        "una famiglia",
        [f"{one['number']}  {one['status']}  {one['responder']['officialName']}" for one in family],
    )
    return str(id_), str(child)


async def pass_on(stage: Stage, cast: Cast, child: str) -> None:
    """The second authority is not the right one."""
    stage.act("One part is forwarded to the authority that knows")
    dentists = (await cast.dentists.ask("{ viewer { authority { id } } }"))["viewer"]["authority"]["id"]
    reason = {"text": NOT_OURS, "language": "HU"}
    await do(cast.nurses, "forwardRequest", STATUS, id=child, responderId=dentists, reason=reason)
    stage.say("HU", "továbbítva", [NOT_OURS])
    back = "mutation ($input: ForwardRequestInput!) { forwardRequest(input: $input) { request { id } } }"
    nurses = (await cast.nurses.ask("{ viewer { authority { id } } }"))["viewer"]["authority"]["id"]
    returned = {"idempotencyKey": key(), "id": child, "responderId": nurses, "reason": reason}
    expect(await cast.dentists.refusal(back, input=returned) == "INVALID", "a request goes round in no circle")
    await do(cast.dentists, "acceptRequest", STATUS, id=child)


async def approve(stage: Stage, cast: Cast, child: str) -> None:
    """The reply waits for another authority: four eyes."""
    stage.act("A reply is approved by the coordinator before Italy has it")
    answers = [{"questionCode": "PQ5", "value": {"codes": ["FULL"]}}]
    replied = await do(cast.dentists, "answerRequest", STATUS, id=child, answers=answers)
    expect(replied["status"] == "PENDING_REPLY_APPROVAL", "the reply waits for its approval")
    waiting = (await cast.italy.ask(READ, id=child))["request"]
    expect(waiting["answers"] == [], "Italy has no answer before the approval")
    asked = (await cast.coordinator.ask(READ, id=child))["request"]
    expect(asked["tasks"] == ["APPROVE_REPLY"], "the reply is on the coordinator's list")
    expect(asked["subject"] is None, "the coordinator does not see whom it is about")
    stage.note("The coordinator sees what is answered, and not of whom.")
    await do(cast.coordinator, "approveRequest", STATUS, id=child)
    reply = (await cast.italy.ask(READ, id=child))["request"]
    stage.table(
        "IT", "risposta", [(one["question"]["text"], one["value"]["choices"][0]["label"]) for one in reply["answers"]]
    )
    await do(cast.italy, "closeRequest", STATUS, id=child, evaluation={"timeliness": "GOOD", "effort": "VERY_GOOD"})


async def ask_more(stage: Stage, cast: Cast, id_: str) -> None:
    """The reply to the rest leaves something open."""
    stage.act("Italy asks for more, and has it")
    answers = [
        {"questionCode": "PQ1", "value": {"codes": ["GENUINE"]}},
        {"questionCode": "PQ4", "value": {"codes": ["ESTABLISHED"]}},
    ]
    await do(cast.doctors, "answerRequest", STATUS, id=id_, answers=answers)
    await do(cast.italy, "requestMoreInformation", STATUS, id=id_, text={"text": OPEN, "language": "IT"})
    await do(cast.doctors, "giveMoreInformation", STATUS, id=id_, text={"text": SINCE, "language": "HU"})
    (more,) = (await cast.italy.ask(READ, id=id_))["request"]["moreInformation"]
    stage.say("IT", "domanda", [more["text"]["original"]])
    stage.say("HU", "válasz", [more["given"]["original"]])
    closed = await do(cast.italy, "closeRequest", "request { status number }", id=id_)
    expect(closed["status"] == "CLOSED", "the request is CLOSED")
    stage.note(f"{closed['number']} is closed, and so is what was split off it.")


async def do(user: User, mutation: str, selection: str, **fields: Any) -> Data:
    """The request after a command."""
    document = f"mutation ($input: {mutation[0].upper()}{mutation[1:]}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}"
    answer = await user.ask(document, input={"idempotencyKey": key(), **fields})
    request: Data = answer[mutation]["request"]
    return request


async def once_there(user: User, id_: str) -> Data:
    """The request as *user* sees it, once it is there: what is split off comes right after the answer."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        found: Data | None = (await user.ask(READ, id=id_))["request"]
        if found is not None:
            return found
        expect(time.monotonic() < deadline, "what is split off is there in time")
        await asyncio.sleep(0.05)
