"""One authority asks another, in another language: what is asked and answered, with what it may be answered, and the papers to it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest

from services.requests.catalogue import question_sets
from tests.gateway.clients import Client, Data, Refused
from tests.gateway.exchanges import ANSWERS, PDF, SET, a_draft, a_request, text
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage
from tests.requests.test_report import printed
from vocabulary import languages

STATUS = "request { status }"
QUESTIONS = question_sets()[SET].questions
SCRIPTS = {"el": ("\u0370", "\u03ff"), "bg": ("\u0400", "\u04ff")}
READ = """query ($id: ID!) { request(id: $id) {
  justification { original language text { original translation notice details { status targetLanguage } } }
  questions { question { code text } comment { original language text { original notice } } }
  answers { question { code text } comment { original language text { notice } } value {
    choices { code label } date number money { amount currency } files { name }
    text { original language text { original notice details { status targetLanguage } } } } } } }"""
DIPLOMA, STRANGERS = "laurea.pdf", ("fr-handler", "it-alerts", "hu-nurses", "it-limic", "commission")


@pytest.fixture(scope="module")
async def stage(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Stage]:
    async with a_stage(copy_of(trained, tmp_path_factory.mktemp("asking") / "data")) as stage:
        yield stage


async def read(client: Client, id_: str) -> Data:
    """What somebody sees of a request, in their own language."""
    found: Data = (await client.ask(READ, id=id_))["request"]
    return found


async def answered_codes(client: Client, id_: str) -> list[str]:
    return [one["question"]["code"] for one in (await read(client, id_))["answers"]]


async def test_italy_asks_in_italian_hungary_reads_and_answers_in_hungarian_and_italy_reads_in_italian(
    stage: Stage,
) -> None:
    """Each side reads questions and choices in its own language; free text stays as it was written, with a notice (row 13)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    asked = [{"code": "PQ1", "comment": text("Il timbro è poco leggibile.")}, {"code": "PQ2"}, {"code": "PQ3"}]
    id_ = await a_request(italy, hungary, "ACCEPTED", questions=asked)
    for client, language in ((italy, "it"), (hungary, "hu")):
        seen = await read(client, id_)
        assert {one["question"]["code"]: one["question"]["text"] for one in seen["questions"]} == {
            code: QUESTIONS[code].field.label[language] for code in ("PQ1", "PQ2", "PQ3")
        }
        for words, original in (
            (seen["questions"][0]["comment"], "Il timbro è poco leggibile."),
            (seen["justification"], "Verifica del titolo"),
        ):
            assert (words["original"], words["language"], words["text"]["original"]) == (original, "IT", original)
    reading = (await read(hungary, id_))["justification"]["text"]
    # There is no engine here, and that is said in the reader's language instead of anything made up.
    assert (reading["translation"], reading["details"]) == (None, {"status": "UNAVAILABLE", "targetLanguage": "HU"})
    replied = [
        {**ANSWERS[0], "comment": text("A bélyegző hiteles.", "HU")},
        {"questionCode": "PQ2", "value": {"text": text("Semmelweis Egyetem", "HU")}},
        {"questionCode": "PQ2a", "value": {"date": "2014-06-30"}},
        ANSWERS[1],
    ]
    await hungary.do("answerRequest", STATUS, id=id_, answers=replied)
    seen_by = {
        language: await read(stage.as_(who), id_) for who, language in (("it-handler", "it"), ("hu-handler", "hu"))
    }
    notices = []
    for language, seen in seen_by.items():
        by_code = {one["question"]["code"]: one for one in seen["answers"]}
        assert [by_code[code]["question"]["text"] for code in ("PQ1", "PQ2a")] == [
            QUESTIONS[code].field.label[language] for code in ("PQ1", "PQ2a")
        ]
        for code, chosen in (("PQ1", "GENUINE"), ("PQ3", "YES")):
            (label,) = [one.label[language] for one in QUESTIONS[code].field.choices if one.code == chosen]
            assert by_code[code]["value"]["choices"] == [{"code": chosen, "label": label}]
        said = by_code["PQ2"]["value"]["text"]
        assert (said["original"], said["language"]) == ("Semmelweis Egyetem", "HU")
        assert said["text"]["details"]["targetLanguage"] == language.upper()
        assert by_code["PQ1"]["comment"]["original"] == "A bélyegző hiteles."
        assert by_code["PQ2a"]["value"]["date"] == "2014-06-30"
        notices.append(said["text"]["notice"])
    assert notices[0]
    assert notices[0] != notices[1]


def words(said: str) -> list[Data]:
    return [{"language": one.upper(), "text": f"{said} ({one})"} for one in languages.OFFICIAL]


def a_set_of_every_type() -> Data:
    """A question set with a question of each of the ten types."""
    choices = [{"code": code, "label": words(code.lower())} for code in ("WHOLE", "BROKEN", "LOST")]
    of_type: Mapping[str, Data] = {
        "YES_NO": {},
        "YES_NO_UNKNOWN": {},
        "SINGLE": {"choices": choices},
        "MULTI": {"choices": choices},
        "DATE": {},
        "NUMBER": {"minimum": "0", "maximum": "10"},
        "MONEY": {},
        "TEXT": {},
        "DOCUMENT": {},
        "STATEMENT": {},
    }
    questions = [
        {"code": f"T{number}", "text": words(type_), "type": type_, **more}
        for number, (type_, more) in enumerate(of_type.items(), start=1)
    ]
    groups = [{"code": "ALL", "title": words("all"), "questions": questions}]
    return {
        "code": "ten-types",
        "version": 1,
        "area": "professional-qualifications",
        "title": words("ten"),
        "groups": groups,
    }


# Of each type: what is wrong with an answer, at which part of it, and why.
WRONG: list[tuple[str, Data, str, str]] = [
    ("T1", {"codes": ["NOT_KNOWN"]}, ".codes[0]", "UNKNOWN_CHOICE"),
    ("T2", {"codes": ["YES", "NO"]}, ".codes", "TOO_MANY"),
    ("T3", {"codes": ["PERHAPS"]}, ".codes[0]", "UNKNOWN_CHOICE"),
    ("T4", {"codes": ["WHOLE", "WHOLE"]}, ".codes", "REPEATED"),
    ("T5", {"number": "2014"}, "", "WRONG_TYPE"),
    ("T6", {"number": "11"}, ".number", "OUT_OF_RANGE"),
    ("T7", {"money": {"amount": "5", "currency": "euro"}}, ".money.currency", "UNKNOWN_CURRENCY"),
    ("T8", {"text": text(" ", "HU")}, ".text.text", "EMPTY"),
    ("T9", {"files": ["fil_nobody"]}, ".files[0]", "UNKNOWN_FILE"),
    ("T10", {"text": text("tudomásul vettem", "HU")}, "", "WRONG_TYPE"),
]


async def test_an_answer_of_each_of_the_ten_types_is_taken_if_it_fits_and_refused_by_name_if_not(stage: Stage) -> None:
    """The wrong answer names its field and the reason and leaves nothing behind; the right one is read as it was given (row 14)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    await stage.as_("commission").do("publishQuestionSet", "questionSet { id }", questionSet=a_set_of_every_type())
    asked = [{"code": code} for code, *_ in WRONG]
    id_ = await a_request(italy, hungary, "ACCEPTED", questionSetId="ten-types:1", questions=asked)
    for code, value, at, reason in WRONG:
        refused = await hungary.cannot("saveAnswers", id=id_, answers=[{"questionCode": code, "value": value}])
        assert refused == Refused("INVALID", reason, f"answers[0].value{at}"), code
    for code, value in (("T5", {"date": "2014-02-30"}), ("T6", {"number": "many"})):
        refused = await hungary.cannot("saveAnswers", id=id_, answers=[{"questionCode": code, "value": value}])
        assert refused.code == "INVALID", code
    assert await answered_codes(hungary, id_) == []
    certificate = await uploaded(hungary, "igazolás.pdf")
    right: dict[str, Data] = {
        "T1": {"codes": ["YES"]},
        "T2": {"codes": ["NOT_KNOWN"]},
        "T3": {"codes": ["WHOLE"]},
        "T4": {"codes": ["BROKEN", "LOST"]},
        "T5": {"date": "2014-06-30"},
        "T6": {"number": "7.5"},
        "T7": {"money": {"amount": "12.50", "currency": "EUR"}},
        "T8": {"text": text("megvan", "HU")},
        "T9": {"files": [certificate]},
    }
    answers = [{"questionCode": code, "value": value} for code, value in right.items()]
    # Every type but the statement, which is only read, has to be answered.
    for index in range(len(answers)):
        refused = await hungary.cannot("answerRequest", id=id_, answers=answers[:index] + answers[index + 1 :])
        assert refused == Refused("INVALID", "UNANSWERED_QUESTIONS", "answers")
    await hungary.do("answerRequest", STATUS, id=id_, answers=answers)
    given = {one["question"]["code"]: one["value"] for one in (await read(italy, id_))["answers"]}
    assert list(given) == list(right)
    for code in ("T1", "T2", "T3", "T4"):
        assert [one["code"] for one in given[code]["choices"]] == right[code]["codes"]
    assert [one["label"] for one in given["T4"]["choices"]] == ["broken (it)", "lost (it)"]
    assert (given["T5"]["date"], given["T6"]["number"], given["T7"]["money"]) == (
        "2014-06-30", "7.5", right["T7"]["money"],
    )  # fmt: skip
    assert (given["T8"]["text"]["original"], given["T9"]["files"]) == ("megvan", [{"name": "igazolás.pdf"}])


async def test_a_follow_up_opens_only_on_its_condition_and_what_is_hidden_is_not_kept(stage: Stage) -> None:
    """An answer to a hidden question is refused; one whose condition goes is dropped (row 15)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED")
    why = {"questionCode": "PQ3a", "value": {"text": text("rövidebb gyakorlat", "HU")}}
    no, yes = {"questionCode": "PQ3", "value": {"codes": ["NO"]}}, ANSWERS[1]
    hidden = Refused("INVALID", "HIDDEN_QUESTION", "answers[1].questionCode")
    assert await hungary.cannot("saveAnswers", id=id_, answers=[yes, why]) == hidden
    assert await hungary.cannot("saveAnswers", id=id_, answers=[why]) == Refused(
        "INVALID", "HIDDEN_QUESTION", "answers[0].questionCode"
    )
    assert await answered_codes(hungary, id_) == []
    # The condition opens it: now it has to be answered.
    missing = Refused("INVALID", "UNANSWERED_QUESTIONS", "answers")
    assert await hungary.cannot("answerRequest", id=id_, answers=[ANSWERS[0], no]) == missing
    await hungary.do("saveAnswers", STATUS, id=id_, answers=[ANSWERS[0], no, why])
    assert await answered_codes(hungary, id_) == ["PQ1", "PQ3", "PQ3a"]
    await hungary.do("saveAnswers", STATUS, id=id_, answers=[yes])
    assert await answered_codes(hungary, id_) == ["PQ1", "PQ3"]
    # Nor does it come back with its condition.
    await hungary.do("saveAnswers", STATUS, id=id_, answers=[no])
    assert await answered_codes(hungary, id_) == ["PQ1", "PQ3"]
    await hungary.do("answerRequest", STATUS, id=id_, answers=[why])
    assert await answered_codes(italy, id_) == ["PQ1", "PQ3", "PQ3a"]


async def uploaded(client: Client, name: str) -> str:
    """The id of a file to attach."""
    sent = await client.http.post(f"{client.url}/files", params={"name": name}, content=PDF, headers=client.headers)
    assert sent.status_code == 201, sent.text
    return str(sent.json()["id"])


async def downloaded(client: Client, id_: str) -> httpx.Response:
    return await client.http.get(f"{client.url}/files/{id_}", headers=client.headers)


async def test_files_go_with_a_request_a_question_and_an_answer_to_those_who_may_read_them(stage: Stage) -> None:
    """Both sides have them as soon as they may; nobody else ever (row 16)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    of_request, of_question = await uploaded(italy, DIPLOMA), await uploaded(italy, "allegato.pdf")
    of_answer = await uploaded(hungary, "igazolás.pdf")
    no_room = await italy.cannot("createRequest", draft=a_draft(fileIds=[of_answer]))
    assert (no_room.code, no_room.field) == ("INVALID", "draft.fileIds[0]")
    asked = [{"code": "PQ1", "fileIds": [of_question]}, {"code": "PQ3"}]
    id_ = await a_request(italy, hungary, "SENT", fileIds=[of_request], questions=asked)
    for file in (of_request, of_question):
        assert (await downloaded(italy, file)).content == PDF
        assert (await downloaded(hungary, file)).status_code == 404, "it might say whom the request is about"
    await hungary.do("acceptRequest", STATUS, id=id_)
    for file in (of_request, of_question):
        assert (await downloaded(hungary, file)).content == PDF
    await hungary.do("saveAnswers", STATUS, id=id_, answers=[{**ANSWERS[0], "fileIds": [of_answer]}, ANSWERS[1]])
    assert (await downloaded(italy, of_answer)).status_code == 404, "what is not sent yet is Hungary's own"
    await hungary.do("answerRequest", STATUS, id=id_)
    for file in (of_request, of_question, of_answer):
        for client in (italy, hungary):
            assert (await downloaded(client, file)).content == PDF
        for stranger in STRANGERS:
            response = await downloaded(stage.as_(stranger), file)
            assert response.status_code == 404, stranger
            assert PDF not in response.content
    shown = await italy.ask(
        "query ($id: ID!) { request(id: $id) { files { id } questions { files { id } } answers { files { id } } } }",
        id=id_,
    )
    assert shown["request"] == {
        "files": [{"id": of_request}],
        "questions": [{"files": [{"id": of_question}]}, {"files": []}],
        "answers": [{"files": [{"id": of_answer}]}, {"files": []}],
    }


async def test_a_case_is_printed_in_greek_and_in_bulgarian_with_and_without_personal_data(stage: Stage) -> None:
    """The same case in two more scripts; whom it is about is in it only if that is asked for, and never for a stranger (row 30)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    id_ = await a_request(italy, hungary, "ANSWERED")
    for language in ("el", "bg"):
        for personal in ("true", "false"):
            response = await report(italy, id_, language=language, personalData=personal)
            assert (response.status_code, response.headers["content-type"]) == (200, "application/pdf")
            page = printed(response.content)
            (genuine,) = [one.label[language] for one in QUESTIONS["PQ1"].field.choices if one.code == "GENUINE"]
            for said in (QUESTIONS["PQ1"].field.label[language], QUESTIONS["PQ3"].field.label[language], genuine):
                assert said in page, (language, said)
            low, high = SCRIPTS[language]
            assert sum(low <= character <= high for character in page) > len(page) / 4
            for given in ("Mintás", "Eszter", "Verifica del titolo"):
                assert (given in page) is (personal == "true"), (language, personal, given)
    assert (await report(stage.as_("fr-handler"), id_, language="el", personalData="true")).status_code == 404


async def report(client: Client, id_: str, **asked: str) -> httpx.Response:
    return await client.http.get(f"{client.url}/requests/{id_}/report", params=asked, headers=client.headers)
