"""After the reply: more is asked, given or refused; a refusal is accepted or referred to the coordinators, who decide."""

import pytest

from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import a_coordinator
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    Asking,
    a_request,
    codes,
    refused,
    text,
)
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole

LIMIC = LegislativeRole.LIMIC
ITALIAN, HUNGARIAN = a_coordinator("IT", LIMIC), a_coordinator("HU", LIMIC)
MORE = [pb.AskedQuestionDraft(code="PQ6", comment=text("anche passate"))]


async def test_a_new_question_is_asked_and_answered_as_often_as_it_takes(asking: Asking) -> None:
    request = await a_request(asking, Status.ANSWERED)
    asked = await asking.do(ITALY, "RequestMoreInformation", id=request.id, questions=MORE, text=text("di che anno?"))
    assert asked.status == pb.REQUEST_STATUS_MORE_INFO_REQUESTED
    assert [one.code for one in asked.questions] == ["PQ1", "PQ3", "PQ6"]
    answers = [pb.AnswerDraft(question_code="PQ6", value=codes("NONE"))]
    given = await asking.do(HUNGARY, "GiveMoreInformation", id=request.id, answers=answers, text=text("2010", "hu"))
    assert given.status == pb.REQUEST_STATUS_ANSWERED
    again = await asking.do(ITALY, "RequestMoreInformation", id=request.id, text=text("di che mese?"))
    assert [one.question_code for one in again.answers] == ["PQ1", "PQ3", "PQ6"]
    done = await asking.do(HUNGARY, "GiveMoreInformation", id=request.id, text=text("június", "hu"))
    first, second = done.more_information
    assert (list(first.question_codes), first.text.text, first.given.text) == (["PQ6"], "di che anno?", "2010")
    assert (list(second.question_codes), second.given.text) == ([], "június")
    assert first.asked_at.ToDatetime() < first.settled_at.ToDatetime() < second.settled_at.ToDatetime()


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({}, "text", "MISSING_FIELD"),
        ({"questions": [pb.AskedQuestionDraft(code="PQ1")]}, "questions[0].code", "REPEATED"),
        ({"questions": [pb.AskedQuestionDraft(code="PQ6a")]}, "questions[0].code", "FOLLOW_UP"),
        ({"questions": [pb.AskedQuestionDraft(code="SV1")]}, "questions[0].code", "UNKNOWN_QUESTION"),
        ({"questions": MORE * 2}, "questions[1].code", "REPEATED"),
        ({"text": text(" ")}, "text.text", "EMPTY"),
    ],
)
async def test_something_is_asked_that_was_not_asked_before(
    asking: Asking, standing: dict[Status, pb.Request], fields: dict[str, object], field: str, reason: str
) -> None:
    request = await a_request(asking, Status.ANSWERED)
    found = await refused(asking, ITALY, "RequestMoreInformation", Invalid, id=request.id, **fields)
    assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({}, "text", "MISSING_FIELD"),
        ({"text": text("nincs", "hu")}, "answers", "UNANSWERED_QUESTIONS"),
        ({"answers": GOOD_ANSWERS[:1]}, "answers[0].questionCode", "RELEASED"),
    ],
)
async def test_every_new_question_is_answered_and_no_old_answer_changed(
    asking: Asking, fields: dict[str, object], field: str, reason: str
) -> None:
    request = await a_request(asking, Status.ANSWERED)
    await asking.do(ITALY, "RequestMoreInformation", id=request.id, questions=MORE)
    found = await refused(asking, HUNGARY, "GiveMoreInformation", Invalid, id=request.id, **fields)
    assert (found.field, found.reason) == (field, reason)


async def test_a_refusal_says_why_and_can_be_accepted(asking: Asking) -> None:
    request = await a_request(asking, Status.MORE_INFO_REQUESTED)
    found = await refused(asking, HUNGARY, "RefuseMoreInformation", Invalid, id=request.id)
    assert (found.field, found.reason) == ("reason", "MISSING_FIELD")
    refusal = text("nincs róla adat", "hu")
    after = await asking.do(HUNGARY, "RefuseMoreInformation", id=request.id, reason=refusal)
    assert after.status == pb.REQUEST_STATUS_MORE_INFO_REFUSED
    assert after.more_information[-1].refusal.text == "nincs róla adat"
    grades = pb.Evaluation(timeliness=pb.GRADE_GOOD, effort=pb.GRADE_POOR)
    closed = await asking.do(ITALY, "AcceptRefusal", id=request.id, evaluation=grades)
    assert (closed.status, closed.evaluation) == (pb.REQUEST_STATUS_CLOSED, grades)


async def test_opinions_are_added_and_the_responders_side_decides(asking: Asking) -> None:
    request = await a_request(asking, Status.REFERRED)
    await asking.do(ITALIAN, "GiveOpinion", id=request.id, text=text("manca l'anno"))
    await asking.do(HUNGARIAN, "GiveOpinion", id=request.id, text=text("az év nem ismert", "hu"))
    for who in (ITALIAN, ITALY, HUNGARY):
        verdict = {"verdict": pb.REFERRAL_VERDICT_SATISFACTORY}
        await refused(asking, who, "DecideReferral", Forbidden, id=request.id, **verdict)
    reason = text("elégséges", "hu")
    decided = await asking.do(
        HUNGARIAN, "DecideReferral", id=request.id, verdict=pb.REFERRAL_VERDICT_SATISFACTORY, reason=reason
    )
    assert decided.status == pb.REQUEST_STATUS_ANSWERED_FINAL
    assert "Eszter" not in str(decided)
    for caller in (ITALY, HUNGARY, ITALIAN):
        seen = await asking.read(caller, request.id)
        assert seen is not None
        assert [(one.authority_id, one.text.text, one.verdict) for one in seen.opinions] == [
            (ITALIAN.authority_id, "manca l'anno", pb.REFERRAL_VERDICT_UNSPECIFIED),
            (HUNGARIAN.authority_id, "az év nem ismert", pb.REFERRAL_VERDICT_UNSPECIFIED),
            (HUNGARIAN.authority_id, "elégséges", pb.REFERRAL_VERDICT_SATISFACTORY),
        ]
    closed = await asking.do(ITALY, "CloseRequest", id=request.id)
    assert closed.status == pb.REQUEST_STATUS_CLOSED


async def test_a_reply_that_must_improve_is_the_responders_to_change_and_stays_until_it_is(asking: Asking) -> None:
    request = await a_request(asking, Status.REFERRED)
    found = await refused(
        asking, HUNGARIAN, "DecideReferral", Invalid, id=request.id, verdict=pb.REFERRAL_VERDICT_MUST_IMPROVE
    )
    assert (found.field, found.reason) == ("reason", "MISSING_FIELD")
    await asking.do(
        HUNGARIAN, "DecideReferral", id=request.id,
        verdict=pb.REFERRAL_VERDICT_MUST_IMPROVE, reason=text("pontosabban", "hu"),
    )  # fmt: skip
    changed = pb.AnswerDraft(question_code="PQ1", value=codes("NOT_GENUINE"))
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[changed])
    meanwhile = await asking.read(ITALY, request.id)
    assert meanwhile is not None
    assert meanwhile.status == pb.REQUEST_STATUS_ACCEPTED
    assert [list(one.value.codes.codes) for one in meanwhile.answers] == [["GENUINE"], ["YES"]]
    await asking.do(HUNGARY, "AnswerRequest", id=request.id)
    after = await asking.read(ITALY, request.id)
    assert after is not None
    assert [list(one.value.codes.codes) for one in after.answers] == [["NOT_GENUINE"], ["YES"]]


async def test_what_was_decided_once_can_be_referred_again_with_every_opinion_kept(asking: Asking) -> None:
    request = await a_request(asking, Status.REFERRED)
    improve = {"verdict": pb.REFERRAL_VERDICT_MUST_IMPROVE, "reason": text("pontosabban", "hu")}
    await asking.do(HUNGARIAN, "DecideReferral", id=request.id, **improve)
    for caller, method, fields in (
        (HUNGARY, "AnswerRequest", {}),
        (ITALY, "RequestMoreInformation", {"text": text("ancora")}),
        (HUNGARY, "RefuseMoreInformation", {"reason": text("nem", "hu")}),
        (ITALY, "ReferRequest", {}),
    ):
        await asking.do(caller, method, id=request.id, **fields)
    again = await asking.do(HUNGARIAN, "DecideReferral", id=request.id, **improve)
    assert [one.verdict for one in again.opinions] == [pb.REFERRAL_VERDICT_MUST_IMPROVE] * 2


async def test_an_unknown_verdict_or_grade_is_refused(asking: Asking, standing: dict[Status, pb.Request]) -> None:
    found = await refused(asking, HUNGARIAN, "DecideReferral", Invalid, id=standing[Status.REFERRED].id)
    assert (found.field, found.reason) == ("verdict", "UNKNOWN_VALUE")
    half = pb.Evaluation(timeliness=pb.GRADE_GOOD)
    for method, status in (("CloseRequest", Status.ANSWERED), ("AcceptRefusal", Status.MORE_INFO_REFUSED)):
        found = await refused(asking, ITALY, method, Invalid, id=standing[status].id, evaluation=half)
        assert (found.field, found.reason) == ("evaluation.effort", "UNKNOWN_VALUE")


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        (None, "text", "MISSING_FIELD"),
        (text(" "), "text.text", "EMPTY"),
        (text("x", "tlh"), "text.language", "UNKNOWN_LANGUAGE"),
    ],
)
async def test_an_opinion_says_something(
    asking: Asking, standing: dict[Status, pb.Request], said: common_pb2.FreeText | None, field: str, reason: str
) -> None:
    found = await refused(asking, ITALIAN, "GiveOpinion", Invalid, id=standing[Status.REFERRED].id, text=said)
    assert (found.field, found.reason) == (field, reason)


async def test_of_a_reply_that_must_improve_the_requester_keeps_what_a_partial_one_does_not_replace(
    asking: Asking,
) -> None:
    request = await a_request(asking, Status.REFERRED)
    improve = {"verdict": pb.REFERRAL_VERDICT_MUST_IMPROVE, "reason": text("pontosabban", "hu")}
    await asking.do(HUNGARIAN, "DecideReferral", id=request.id, **improve)
    better = pb.AnswerDraft(question_code="PQ3", value=codes("NO"))
    await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, answers=[better], question_codes=["PQ3"])
    seen = await asking.read(ITALY, request.id)
    assert seen is not None
    assert [list(one.value.codes.codes) for one in seen.answers] == [["GENUINE"], ["NO"]]
    again = pb.AnswerDraft(question_code="PQ1", value=codes("NOT_GENUINE"))
    why = pb.AnswerDraft(question_code="PQ3a", value=common_pb2.Value(text=text("rövidebb", "hu")))
    whole = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[again, why])
    assert [list(one.value.codes.codes) for one in whole.answers][:2] == [["NOT_GENUINE"], ["NO"]]


async def test_what_a_better_answer_closes_the_requester_does_not_keep(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    why = pb.AnswerDraft(question_code="PQ3a", value=common_pb2.Value(text=text("rövidebb", "hu")))
    no = pb.AnswerDraft(question_code="PQ3", value=codes("NO"))
    await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[GOOD_ANSWERS[0], no, why])
    improve = {"verdict": pb.REFERRAL_VERDICT_MUST_IMPROVE, "reason": text("pontosabban", "hu")}
    for caller, method, fields in (
        (ITALY, "RequestMoreInformation", {"text": text("ancora")}),
        (HUNGARY, "RefuseMoreInformation", {"reason": text("nem", "hu")}),
        (ITALY, "ReferRequest", {}),
        (HUNGARIAN, "DecideReferral", improve),
        (HUNGARY, "ReleaseAnswers", {"answers": GOOD_ANSWERS[1:], "question_codes": ["PQ3"]}),
    ):
        await asking.do(caller, method, id=request.id, **fields)
    seen = await asking.read(ITALY, request.id)
    assert seen is not None
    assert [(one.question_code, list(one.value.codes.codes)) for one in seen.answers] == [
        ("PQ1", ["GENUINE"]),
        ("PQ3", ["YES"]),
    ]
