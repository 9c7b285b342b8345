"""What a request is answered with: every refusal by name, with nothing changed."""

import pytest

from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    Asking,
    a_request,
    an_upload,
    codes,
    refused,
    text,
)
from vocabulary.refusals import Invalid
from vocabulary.values import TEXT_LIMIT


async def test_a_saved_answer_is_replaced_and_what_it_closes_is_dropped(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    why = pb.AnswerDraft(question_code="PQ3a", value=common_pb2.Value(text=text("rövidebb", "hu")))
    answers = [pb.AnswerDraft(question_code="PQ3", value=codes("NO")), why]
    saved = await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=answers)
    assert [one.question_code for one in saved.answers] == ["PQ3", "PQ3a"]
    saved = await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    assert [(one.question_code, list(one.value.codes.codes)) for one in saved.answers] == [
        ("PQ1", ["GENUINE"]),
        ("PQ3", ["YES"]),
    ]
    answered = await asking.do(HUNGARY, "AnswerRequest", id=request.id)
    assert [one.value for one in answered.answers] == [one.value for one in saved.answers]
    assert all(one.released for one in answered.answers)
    assert not any(one.released for one in saved.answers)


DATE, NUMBER = common_pb2.Value(date="2020-01-01"), common_pb2.Value(number="3")
MONEY = common_pb2.Value(money=common_pb2.Money(amount="5", currency="EUR"))
WORDS, LINK = common_pb2.Value(text=text("szöveg", "hu")), common_pb2.Value(link="https://a.example")
AUTHORITY = common_pb2.Value(references=common_pb2.Codes(codes=["aut_1"]))
TYPES = {
    "PQ1": "SINGLE", "PQ2": "TEXT", "PQ2a": "DATE", "PQ3": "YES_NO_UNKNOWN", "PQ6": "MULTI", "PQ7": "NUMBER",
    "PQ8": "DOCUMENT",
}  # fmt: skip
OWN = {"PQ1": "codes", "PQ2": "text", "PQ2a": "date", "PQ3": "codes", "PQ6": "codes", "PQ7": "number", "PQ8": "files"}


@pytest.mark.parametrize("code", TYPES)
async def test_an_answer_of_another_type_is_refused(
    asking: Asking, standing: dict[Status, pb.Request], code: str
) -> None:
    id_ = standing[Status.ACCEPTED].id
    for value in (codes("GENUINE"), DATE, NUMBER, MONEY, WORDS, LINK, AUTHORITY):
        if value.WhichOneof("kind") == OWN[code]:
            continue
        answers = [pb.AnswerDraft(question_code=code, value=value)]
        found = await refused(asking, HUNGARY, "SaveAnswers", Invalid, id=id_, answers=answers)
        assert (found.field, found.reason) == ("answers[0].value", "WRONG_TYPE")
        assert TYPES[code] in found.message


@pytest.mark.parametrize(
    ("answers", "field", "reason"),
    [
        ([("SV1", codes("ESTABLISHED"))], "answers[0].questionCode", "UNKNOWN_QUESTION"),
        ([("PQ3", codes("YES")), ("PQ3a", WORDS)], "answers[1].questionCode", "HIDDEN_QUESTION"),
        ([("PQ3a", WORDS)], "answers[0].questionCode", "HIDDEN_QUESTION"),
        ([("PQ1", codes("GENUINE")), ("PQ1", codes("GENUINE"))], "answers[1].questionCode", "REPEATED"),
        ([("PQ1", codes("PERHAPS"))], "answers[0].value.codes[0]", "UNKNOWN_CHOICE"),
        ([("PQ1", codes("GENUINE", "NOT_GENUINE"))], "answers[0].value.codes", "TOO_MANY"),
        ([("PQ1", codes())], "answers[0].value.codes", "EMPTY"),
        ([("PQ1", common_pb2.Value())], "answers[0].value", "EMPTY"),
        ([("PQ2", common_pb2.Value(text=text(" ", "hu")))], "answers[0].value.text.text", "EMPTY"),
        ([("PQ2", common_pb2.Value(text=text("x", "tlh")))], "answers[0].value.text.language", "UNKNOWN_LANGUAGE"),
        ([("PQ2", common_pb2.Value(text=text("x" * (TEXT_LIMIT + 1))))], "answers[0].value.text.text", "TOO_LONG"),
        ([("PQ2", WORDS), ("PQ2a", common_pb2.Value(date="2020-02-30"))], "answers[1].value.date", "NOT_A_DATE"),
        ([("PQ7", common_pb2.Value(number="eight"))], "answers[0].value.number", "NOT_A_NUMBER"),
        ([("PQ7", common_pb2.Value(number="11"))], "answers[0].value.number", "OUT_OF_RANGE"),
        ([("PQ8", common_pb2.Value(files=common_pb2.Codes()))], "answers[0].value.files", "EMPTY"),
        (
            [("PQ8", common_pb2.Value(files=common_pb2.Codes(codes=["fil_nobody"])))],
            "answers[0].value.files[0]",
            "UNKNOWN_FILE",
        ),
    ],
)
async def test_an_unfit_answer_is_refused_by_name(
    asking: Asking,
    standing: dict[Status, pb.Request],
    answers: list[tuple[str, common_pb2.Value]],
    field: str,
    reason: str,
) -> None:
    given = [pb.AnswerDraft(question_code=code, value=value) for code, value in answers]
    for method in ("SaveAnswers", "AnswerRequest"):
        found = await refused(asking, HUNGARY, method, Invalid, id=standing[Status.ACCEPTED].id, answers=given)
        assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize(
    ("comment", "field", "reason"),
    [
        (text("", "hu"), "answers[0].comment.text", "EMPTY"),
        (text("x", "xx"), "answers[0].comment.language", "UNKNOWN_LANGUAGE"),
        (text("x" * (TEXT_LIMIT + 1), "hu"), "answers[0].comment.text", "TOO_LONG"),
        (common_pb2.FreeText(text="x", language="hu", data_class=9), "answers[0].comment.dataClass", "UNKNOWN_VALUE"),  # type: ignore[arg-type]
    ],
)
async def test_an_unfit_comment_is_refused_by_name(
    asking: Asking, standing: dict[Status, pb.Request], comment: common_pb2.FreeText, field: str, reason: str
) -> None:
    request = standing[Status.ACCEPTED]
    answers = [pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), comment=comment)]
    found = await refused(asking, HUNGARY, "SaveAnswers", Invalid, id=request.id, answers=answers)
    assert (found.field, found.reason) == (field, reason)


async def test_a_reply_answers_every_open_question(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    opens = pb.AnswerDraft(question_code="PQ3", value=codes("NO"))
    for answers, missing in (([], "PQ1, PQ3"), (GOOD_ANSWERS[:1], "PQ3"), ([GOOD_ANSWERS[0], opens], "PQ3a")):
        found = await refused(asking, HUNGARY, "AnswerRequest", Invalid, id=request.id, answers=answers)
        assert (found.field, found.reason) == ("answers", "UNANSWERED_QUESTIONS")
        assert found.message.endswith(f": {missing}")


async def test_a_document_is_answered_with_a_file(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED, questions=[pb.AskedQuestionDraft(code="PQ8")])
    certificate = await an_upload(asking, HUNGARY)
    value = common_pb2.Value(files=common_pb2.Codes(codes=[certificate.id]))
    answers = [pb.AnswerDraft(question_code="PQ8", value=value)]
    answered = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=answers)
    assert list(answered.answers[0].files) == [certificate]
    assert answered.answers[0].value == value
