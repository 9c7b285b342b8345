"""Where an authority assigns its cases: who sees and works on what, and who assigns without reading it."""

from dataclasses import replace

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import a_handler, doctors
from tests.requests.exchanges import GOOD_ANSWERS, HUNGARY, ITALY, Asking, a_draft, a_request, fields_of, refused
from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid, NotFound
from vocabulary.roles import UserRole

ALLOCATOR, SUPERVISOR = a_handler("HU", UserRole.ALLOCATOR), a_handler("HU", UserRole.SUPERVISOR)
VIEWER = a_handler("HU", UserRole.VIEWER)
# The sample user of the Hungarian authority, as the directory knows them.
ASSIGNED = replace(HUNGARY, user_id=ids.derived(ids.USER, "training", "hu-handler"))


async def an_allocated(asking: Asking, status: Status = Status.SENT) -> pb.Request:
    """A request to the Hungarian authority, which assigns its cases."""
    async with asking.settled(HUNGARY, allocation=True):
        request = await a_request(asking, Status.SENT)
    if status is Status.ACCEPTED:
        request = await asking.do(SUPERVISOR, "AcceptRequest", id=request.id)
    return request


async def view(asking: Asking, caller: Caller, request: pb.Request) -> str:
    found = await asking.read(caller, request.id)
    return pb.RequestView.Name(found.view).removeprefix("REQUEST_VIEW_") if found else ""


async def test_what_is_assigned_to_nobody_waits_for_the_allocator(asking: Asking) -> None:
    request = await an_allocated(asking)
    for caller in (ALLOCATOR, SUPERVISOR, HUNGARY):
        seen = await asking.read(caller, request.id)
        assert seen is not None
        assert list(seen.tasks) == [pb.REQUEST_TASK_ASSIGN, pb.REQUEST_TASK_ACCEPT]
    assert await view(asking, HUNGARY, request) == "WITHOUT_ANSWERS"
    for method, fields in (("AcceptRequest", {}), ("ForwardRequest", {"responder_id": doctors("FR")})):
        found = await refused(asking, HUNGARY, method, Forbidden, id=request.id, **fields)
        assert found.reason == "NOT_ASSIGNED"


async def test_the_allocator_assigns_without_reading_and_whoever_has_it_works_on_it(asking: Asking) -> None:
    request = await an_allocated(asking)
    assigned = await asking.do(ALLOCATOR, "AssignRequest", id=request.id, user_ids=[ASSIGNED.user_id])
    assert assigned.view == pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
    assert list(assigned.handler_ids) == [ASSIGNED.user_id]
    assert list(assigned.tasks) == [pb.REQUEST_TASK_ACCEPT]
    accepted = await asking.do(ASSIGNED, "AcceptRequest", id=request.id)
    assert accepted.subject.person.given_name == "Eszter"
    await asking.do(ASSIGNED, "SaveAnswers", id=request.id, answers=GOOD_ANSWERS)
    for caller, how, codes in (
        (ASSIGNED, "FULL", ["PQ1", "PQ3"]),
        (SUPERVISOR, "FULL", ["PQ1", "PQ3"]),
        (HUNGARY, "WITHOUT_ANSWERS", []),
        (VIEWER, "WITHOUT_ANSWERS", []),
        (ALLOCATOR, "WITHOUT_PERSONAL_DATA", ["PQ1", "PQ3"]),
    ):
        seen = await asking.read(caller, request.id)
        assert seen is not None
        assert await view(asking, caller, request) == how
        assert [one.question_code for one in seen.answers] == codes
        assert ("Eszter" in str(seen)) is (how == "FULL")
    page = common_pb2.Page(first=1)
    listed = await asking(HUNGARY, "ListRequests", list=pb.REQUEST_LIST_RECEIVED, page=page)
    assert listed.requests[0] == await asking.read(HUNGARY, request.id)
    answered = await asking.do(ASSIGNED, "AnswerRequest", id=request.id)
    assert answered.status == pb.REQUEST_STATUS_ANSWERED


async def test_assigning_again_takes_it_away(asking: Asking) -> None:
    request = await an_allocated(asking)
    await asking.do(ALLOCATOR, "AssignRequest", id=request.id, user_ids=[ASSIGNED.user_id])
    await asking.settle_user(HUNGARY.user_id, doctors("HU"), UserRole.REQUEST_HANDLER)
    await asking.do(SUPERVISOR, "AssignRequest", id=request.id, user_ids=[HUNGARY.user_id])
    assert await view(asking, ASSIGNED, request) == "WITHOUT_ANSWERS"
    assert await view(asking, HUNGARY, request) == "WITHOUT_SUBJECT"


async def test_the_other_side_does_not_observe_who_works_on_it(asking: Asking) -> None:
    request = await an_allocated(asking)
    before = await asking.read(ITALY, request.id)
    await asking.do(ALLOCATOR, "AssignRequest", id=request.id, user_ids=[ASSIGNED.user_id])
    assert await asking.read(ITALY, request.id) == before


async def test_who_drafts_has_it_assigned(asking: Asking) -> None:
    async with asking.settled(ITALY, allocation=True):
        draft = await asking.do(ITALY, "CreateRequest", draft=a_draft())
    assert list(draft.handler_ids) == [ITALY.user_id]
    colleague = replace(ITALY, user_id="usr_colleague")
    assert await view(asking, colleague, draft) == "WITHOUT_ANSWERS"
    assert (await refused(asking, colleague, "SendRequest", Forbidden, id=draft.id)).reason == "NOT_ASSIGNED"
    assert (await asking.do(ITALY, "SendRequest", id=draft.id)).status == pb.REQUEST_STATUS_SENT


async def test_a_new_responder_assigns_anew(asking: Asking) -> None:
    request = await an_allocated(asking)
    await asking.do(ALLOCATOR, "AssignRequest", id=request.id, user_ids=[ASSIGNED.user_id])
    nurses = a_handler("HU", authority=(await forwarded(asking, request)))
    seen = await asking.read(nurses, request.id)
    assert seen is not None
    assert (list(seen.handler_ids), seen.view) == ([], pb.REQUEST_VIEW_WITHOUT_SUBJECT)


async def forwarded(asking: Asking, request: pb.Request) -> str:
    """The authority that *request* goes on to."""
    fields = fields_of("ForwardRequest", request.id)
    await asking.do(ASSIGNED, "ForwardRequest", **fields)
    return str(fields["responder_id"])


@pytest.mark.parametrize(
    ("users", "field", "reason"),
    [
        ([], "userIds", "EMPTY"),
        ([f"usr_{number}" for number in range(21)], "userIds", "TOO_MANY"),
        (["usr_nobody"], "userIds[0]", "UNKNOWN_USER"),
        ([ASSIGNED.user_id, ids.derived(ids.USER, "training", "it-handler")], "userIds[1]", "UNKNOWN_USER"),
    ],
)
async def test_it_is_assigned_to_people_of_ones_own_authority_who_work_on_requests(
    asking: Asking, standing: dict[Status, pb.Request], users: list[str], field: str, reason: str
) -> None:
    id_ = standing[Status.ACCEPTED].id
    found = await refused(asking, ALLOCATOR, "AssignRequest", Invalid, id=id_, user_ids=users)
    assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize("role", [UserRole.VIEWER, UserRole.ALLOCATOR, UserRole.LOCAL_DATA_ADMINISTRATOR])
async def test_it_is_assigned_to_nobody_who_may_not_write(
    asking: Asking, standing: dict[Status, pb.Request], role: UserRole
) -> None:
    await asking.settle_user(f"usr_{role}", doctors("HU"), role)
    id_ = standing[Status.ACCEPTED].id
    found = await refused(asking, ALLOCATOR, "AssignRequest", Invalid, id=id_, user_ids=[f"usr_{role}"])
    assert (found.field, found.reason) == ("userIds[0]", "UNKNOWN_USER")


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (HUNGARY, Forbidden),
        (VIEWER, Forbidden),
        (a_handler("FR", UserRole.ALLOCATOR), NotFound),
        (a_handler("HU", UserRole.LOCAL_DATA_ADMINISTRATOR), NotFound),
    ],
)
async def test_others_do_not_assign(
    asking: Asking, standing: dict[Status, pb.Request], who: Caller, kind: type[Forbidden | NotFound]
) -> None:
    id_ = standing[Status.SENT].id
    await refused(asking, who, "AssignRequest", kind, id=id_, user_ids=[ASSIGNED.user_id])
