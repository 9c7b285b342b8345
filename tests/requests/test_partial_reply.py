"""Answers as they are worked on, in part and as a whole: what the requester has it keeps, and of the rest it observes nothing."""

import pytest

from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import a_coordinator, a_handler
from tests.requests.exchanges import (
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    Asking,
    a_request,
    codes,
    command,
    refused,
    text,
)
from vocabulary.refusals import Invalid, Stale
from vocabulary.roles import LegislativeRole, UserRole

WHY = pb.AnswerDraft(question_code="PQ3a", value=common_pb2.Value(text=text("rövidebb", "hu")))
NO = pb.AnswerDraft(question_code="PQ3", value=codes("NO"))


async def test_what_is_released_the_requester_has_and_the_rest_is_still_worked_on(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    released = await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, question_codes=["PQ1"])
    assert released.status == pb.REQUEST_STATUS_ACCEPTED
    assert [(one.question_code, one.released) for one in released.answers] == [("PQ1", True), ("PQ3", False)]
    seen = await asking.read(ITALY, request.id)
    assert seen is not None
    assert [(one.question_code, one.released) for one in seen.answers] == [("PQ1", True)]
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[NO])
    for fields, where in (
        ({"answers": GOOD_ANSWERS}, "answers[0].questionCode"),
        ({"removed_question_codes": ["PQ1"]}, "removedQuestionCodes[0]"),
    ):
        found = await refused(asking, HUNGARY, "SaveAnswers", Invalid, id=request.id, **fields)
        assert (found.field, found.reason) == (where, "RELEASED")
    whole = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[WHY])
    assert [one.question_code for one in whole.answers] == ["PQ1", "PQ3", "PQ3a"]


async def test_an_answer_goes_with_the_one_that_led_to_it(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "ReleaseAnswers", id=request.id, answers=[NO, WHY], question_codes=["PQ3a"])
    seen = await asking.read(ITALY, request.id)
    assert seen is not None
    assert [one.question_code for one in seen.answers] == ["PQ3", "PQ3a"]


@pytest.mark.parametrize(
    ("wanted", "field", "reason"),
    [([], "questionCodes", "EMPTY"), (["PQ1", "PQ3"], "questionCodes[1]", "UNANSWERED_QUESTIONS")],
)
async def test_what_is_released_is_answered(
    asking: Asking, standing: dict[Status, pb.Request], wanted: list[str], field: str, reason: str
) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    fields = {"answers": GOOD_ANSWERS[:1], "question_codes": wanted}
    found = await refused(asking, HUNGARY, "ReleaseAnswers", Invalid, id=request.id, **fields)
    assert (found.field, found.reason) == (field, reason)


async def test_a_saved_answer_can_be_taken_out_again_with_what_it_led_to(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[GOOD_ANSWERS[0], NO, WHY])
    after = await asking.do(HUNGARY, "SaveAnswers", id=request.id, removed_question_codes=["PQ3"])
    assert [one.question_code for one in after.answers] == ["PQ1"]
    found = await refused(asking, HUNGARY, "SaveAnswers", Invalid, id=request.id, removed_question_codes=["PQ1", "PQ3"])
    assert (found.field, found.reason) == ("removedQuestionCodes[1]", "NOT_ANSWERED")


async def test_what_is_only_saved_nobody_but_the_responder_observes(asking: Asking) -> None:
    """Neither content nor revision, neither times nor the order of the lists."""
    requester = a_handler("CY")
    first, second = [await a_request(asking, Status.ACCEPTED, requester=requester) for _ in range(2)]
    others = [requester, a_handler("CY", UserRole.ALLOCATOR), a_coordinator("CY", LegislativeRole.LIMIC)]
    others.append(a_coordinator("HU", LegislativeRole.NIMIC))

    async def observed() -> list[object]:
        found: list[object] = []
        for caller in others:
            found.append(await asking.read(caller, first.id))
            for which in (pb.REQUEST_LIST_SENT, pb.REQUEST_LIST_COORDINATED):
                page = common_pb2.Page(first=2)
                listed = await asking(caller, "ListRequests", list=which, page=page)
                found.append((list(listed.requests), list(listed.page_info.cursors)))
        return found

    before = await observed()
    saved = await asking.do(HUNGARY, "SaveAnswers", id=first.id, answers=GOOD_ANSWERS)
    mine = await asking.read(requester, first.id)
    assert mine is not None
    assert saved.revision == first.revision + 1
    assert saved.changed_at.ToDatetime() > first.changed_at.ToDatetime()
    assert await observed() == before
    assert second.id


async def test_the_requester_goes_on_from_the_revision_that_it_sees(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    for _ in range(3):
        await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    seen = await asking.read(ITALY, request.id)
    assert seen is not None
    assert seen.revision == request.revision
    stale = command(revision=seen.revision + 3)
    fields = {"id": request.id, "reason": text("non serve più")}
    await refused(asking, ITALY, "WithdrawRequest", Stale, command=stale, **fields)
    done = await asking.do(ITALY, "WithdrawRequest", command=command(revision=seen.revision), **fields)
    assert done.revision == seen.revision + 1
