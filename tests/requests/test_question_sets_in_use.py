"""Each shipped set in a request of its own area, from the first question to the reply."""

from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.directory.training.authorities import national_id
from tests.builders import a_handler
from tests.requests.exchanges import Asking, a_draft, an_upload, codes, text
from vocabulary.refusals import Invalid

POSTING, SERVICES = "posting-of-workers", "services"


def handler(country: str, area: str) -> Caller:
    concept = {POSTING: "posted_workers", SERVICES: "electrician"}[area]
    return a_handler(country, authority=national_id(country, area, concept), module=f"{area}/requests")


async def accepted(asking: Asking, area: str, *asked: str, **changed: Any) -> tuple[pb.Request, Caller]:
    """A request of Italy's authority in *area* that Hungary's has accepted."""
    requester, responder = handler("IT", area), handler("HU", area)
    draft = a_draft(
        responder_id=responder.authority_id,
        question_set_id=f"{area}:1",
        questions=[pb.AskedQuestionDraft(code=code) for code in asked],
        subject=pb.Subject(company=pb.Company(name="Minta Kft.")),
        **changed,
    )
    request = await asking.do(requester, "CreateRequest", draft=draft)
    await asking.do(requester, "SendRequest", id=request.id)
    return await asking.do(responder, "AcceptRequest", id=request.id), responder


def money(amount: str) -> common_pb2.Value:
    return common_pb2.Value(money=common_pb2.Money(amount=amount, currency="HUF"))


def an_answer(code: str, value: common_pb2.Value, **more: Any) -> pb.AnswerDraft:
    return pb.AnswerDraft(question_code=code, value=value, **more)


async def test_a_worker_is_asked_about_and_every_question_is_answered(asking: Asking) -> None:
    asked = ["PW1", "PW2", "PW3", "PW4", "PW5", "PW6", "PW7"]
    request, responder = await accepted(asking, POSTING, *asked)
    payslip = await an_upload(asking, responder)
    answers = [
        an_answer("PW1", codes("YES")),
        an_answer("PW2", codes("YES")),
        an_answer("PW2a", common_pb2.Value(text=text("tizenkét építkezés", "hu"))),
        an_answer("PW3", common_pb2.Value(number="48")),
        an_answer("PW4", codes("YES")),
        an_answer("PW5", common_pb2.Value(date="2024-03-01")),
        an_answer("PW6", money("612000")),
        an_answer("PW7", common_pb2.Value(files=common_pb2.Codes(codes=[payslip.id]))),
    ]
    answered = await asking.do(responder, "AnswerRequest", id=request.id, answers=answers)
    assert [one.question_code for one in answered.answers] == [one.question_code for one in answers]


async def test_who_can_answer_nothing_says_why_and_is_done(asking: Asking) -> None:
    request, responder = await accepted(asking, POSTING, "PW1", "PW3")
    with pytest.raises(Invalid) as found:
        await asking.do(responder, "AnswerRequest", id=request.id)
    assert (found.value.reason, found.value.message[-8:]) == ("UNANSWERED_QUESTIONS", "PW1, PW3")
    reason = an_answer("PW8", codes("NO_SUCH_RECORD"))
    answered = await asking.do(responder, "AnswerRequest", id=request.id, answers=[reason])
    assert [(one.question_code, list(one.value.codes.codes)) for one in answered.answers] == [
        ("PW8", ["NO_SUCH_RECORD"])
    ]


async def test_a_saved_reason_goes_when_something_can_be_answered_after_all(asking: Asking) -> None:
    request, responder = await accepted(asking, POSTING, "PW1", "PW3")
    saved = await asking.do(
        responder, "SaveAnswers", id=request.id, answers=[an_answer("PW8", codes("INSUFFICIENT_DETAILS"))]
    )
    assert [one.question_code for one in saved.answers] == ["PW8"]
    saved = await asking.do(responder, "SaveAnswers", id=request.id, answers=[an_answer("PW1", codes("YES"))])
    assert [one.question_code for one in saved.answers] == ["PW1"]
    with pytest.raises(Invalid) as found:
        await asking.do(responder, "AnswerRequest", id=request.id)
    assert found.value.message.endswith(": PW3")


async def test_a_provider_is_asked_about_and_an_endless_licence_stays_open(asking: Asking) -> None:
    request, responder = await accepted(asking, SERVICES, "SV1", "SV3", "SV4", "SV5", "SV8")
    answers = [
        an_answer("SV1", codes("ESTABLISHED")),
        an_answer("SV3", codes("electrician", "OTHER"), comment=text("napelemek", "hu")),
        an_answer("SV5", codes("YES")),
        an_answer("SV8", codes("HIGH")),
    ]
    with pytest.raises(Invalid) as found:
        await asking.do(responder, "AnswerRequest", id=request.id, answers=answers)
    assert found.value.message.endswith(": SV5a")
    insured = an_answer("SV5a", money("50000000.00"))
    answered = await asking.do(responder, "AnswerRequest", id=request.id, answers=[*answers, insured])
    assert [one.question_code for one in answered.answers] == ["SV1", "SV3", "SV5", "SV5a", "SV8"]


async def test_a_reason_for_no_answer_cannot_be_asked_for(asking: Asking) -> None:
    with pytest.raises(Invalid) as found:
        await accepted(asking, POSTING, "PW1", "PW8")
    assert (found.value.field, found.value.reason) == ("draft.questions[1].code", "AUTOMATIC")


async def test_only_a_look_into_a_register_is_asked_for_urgently(asking: Asking) -> None:
    urgent = {"urgent": True, "urgent_reason": text("ispezione in corso nel cantiere")}
    with pytest.raises(Invalid) as found:
        await accepted(asking, POSTING, "PW1", "PW3", **urgent)
    assert (found.value.field, found.value.reason) == ("draft.urgent", "NOT_URGENT")
    request, _ = await accepted(asking, POSTING, "PW1", **urgent)
    assert request.urgent


async def test_an_answer_that_the_requester_has_is_not_lost_because_its_question_would_close(asking: Asking) -> None:
    request, responder = await accepted(asking, POSTING, "PW1", "PW3")
    reason = an_answer("PW8", codes("LEGAL_OBSTACLE"))
    await asking.do(responder, "ReleaseAnswers", id=request.id, answers=[reason], question_codes=["PW8"])
    with pytest.raises(Invalid) as found:
        await asking.do(responder, "SaveAnswers", id=request.id, answers=[an_answer("PW1", codes("YES"))])
    assert (found.value.field, found.value.reason) == ("answers", "RELEASED")
