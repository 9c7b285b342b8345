"""The access matrix, generated: role × command × side, and role × what is seen of a request at each stage of its life."""

from collections.abc import Callable
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import ASSIGNERS, UNSENT, Party, Status
from tests.builders import QUALIFICATIONS, REQUESTS, a_coordinator, a_handler, doctors, the_commission
from tests.cells import cell
from tests.requests.exchanges import (
    CALLERS,
    COMMANDS,
    HUNGARY,
    ITALY,
    PDF,
    SET,
    Asking,
    a_draft,
    a_request_for,
    an_upload,
    codes,
    downloaded,
    fields_of,
    nurses,
    refused,
    text,
)
from vocabulary.refusals import Forbidden, NotFound
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

WRITERS = {UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR}
FULL_READERS = WRITERS | {UserRole.VIEWER}
READERS = FULL_READERS | {UserRole.ALLOCATOR}
COUNTRY_COORDINATORS = {LegislativeRole.LIMIC, LegislativeRole.NIMIC}


@dataclass(frozen=True)
class Person:
    """A caller, and what the matrix says of them: whose side they are on, which of the rights they hold."""

    name: str
    caller: Caller
    side: str = ""
    writes: bool = False
    reads: bool = False
    personal: bool = False
    coordinates: bool = False


def at_an_authority(country: str, role: UserRole, side: str) -> Person:
    caller = a_handler(country, role)
    return Person(
        f"{side or 'third'} {role}", caller, side, role in WRITERS, role in READERS, personal=role in FULL_READERS
    )


def at_a_coordinator(country: str, legislative: LegislativeRole, role: UserRole) -> Person:
    coordinates = country in ("IT", "HU") and legislative in COUNTRY_COORDINATORS and role is UserRole.COORDINATOR
    return Person(
        f"{country} {legislative} {role}",
        a_coordinator(country, legislative, [role]),
        writes=role in WRITERS,
        reads=role in READERS,
        coordinates=coordinates,
    )


def without(caller: Caller, **changed: Any) -> Caller:
    return replace(caller, user_id=f"{caller.user_id}_{'_'.join(changed)}", **changed)


REQUESTER, RESPONDER = "requester", "responder"
PEOPLE = [
    *[at_an_authority("IT", role, REQUESTER) for role in UserRole],
    *[at_an_authority("HU", role, RESPONDER) for role in UserRole],
    *[at_an_authority("FR", role, "") for role in (UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR)],
    *[
        at_a_coordinator(country, legislative, role)
        for country, legislative, role in product(
            ("IT", "HU"),
            (LegislativeRole.LIMIC, LegislativeRole.NIMIC, LegislativeRole.SDIMIC, LegislativeRole.DIMIC),
            (UserRole.COORDINATOR, UserRole.REQUEST_HANDLER),
        )
    ],
    at_a_coordinator("FR", LegislativeRole.NIMIC, UserRole.COORDINATOR),
    Person("commission", the_commission()),
    Person("commission as supervisor", without(the_commission(), user_roles={"*": frozenset(UserRole)})),
    Person("requester without roles", without(ITALY, user_roles={}), REQUESTER),
    Person("responder without roles", without(HUNGARY, user_roles={}), RESPONDER),
    Person("requester in another area", a_handler("IT", module="services/requests"), REQUESTER, writes=True, reads=True),
    Person("requester in another kind", a_handler("IT", module=f"{QUALIFICATIONS}/alerts"), REQUESTER),
    Person("requester whose authority has left", without(ITALY, workflow_roles={}), REQUESTER),
    Person(
        "requester whose authority only reads",
        without(ITALY, workflow_roles={REQUESTS: frozenset({WorkflowRole.REPOSITORY_READER})}),
        REQUESTER,
    ),
    Person("coordinating whose authority has left", without(
        a_coordinator("IT", LegislativeRole.NIMIC), workflow_roles={}
    )),
]  # fmt: skip
ELSEWHERE = {"requester in another area"}
by_name = pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)


def asked(person: Person, status: Status) -> bool:
    """Whether *person* is a coordinator who has been asked about a request that came to *status* the shortest way."""
    parties = {
        Status.PENDING_SEND_APPROVAL: [Party.SENDING_APPROVER],
        Status.PENDING_REPLY_APPROVAL: [Party.REPLY_APPROVER],
        Status.REFERRED: [Party.REQUESTER_REFERRAL, Party.RESPONDER_REFERRAL],
        Status.ANSWERED_FINAL: [Party.REQUESTER_REFERRAL, Party.RESPONDER_REFERRAL],
    }.get(status, [])
    coordinators = {CALLERS[party].authority_id for party in parties}
    return person.caller.authority_id in coordinators and person.name.endswith(UserRole.COORDINATOR)


def knows(person: Person, status: Status) -> bool:
    """Whether the request is for *person* to know of."""
    if person.name in ELSEWHERE or status is Status.DELETED:
        return False
    if asked(person, status):
        return True
    if status in UNSENT:
        return person.side == REQUESTER and person.reads
    return person.coordinates or (person.side != "" and person.reads)


def may(person: Person, method: str, status: Status) -> bool:
    """Whether *person* may give the command in a status in which it is possible."""
    party = COMMANDS[method][status]
    role = person.name.rpartition(" ")[2]
    if party in (Party.REQUESTER, Party.RESPONDER):
        own = REQUESTER if party is Party.REQUESTER else RESPONDER
        coordinator = method == "ForwardRequest" and status is Status.SENT and person.coordinates
        in_hungary = coordinator and person.caller.country == "HU"
        return (person.writes and person.side == own) or in_hungary
    if party in (Party.REQUESTER_ALLOCATOR, Party.RESPONDER_ALLOCATOR):
        return role in ASSIGNERS and person.side in ([REQUESTER] if status in UNSENT else [REQUESTER, RESPONDER])
    if method == "DecideReferral":
        return asked(person, status) and person.caller.country == "HU"
    return asked(person, status)


@by_name
async def test_a_command_is_given_by_those_whose_it_is(
    asking: Asking, standing: dict[Status, pb.Request], person: Person
) -> None:
    """Who knows of the request and may not is told so; for all others there is no request."""
    for method, status, giver in [(method, *row) for method, rows in COMMANDS.items() for row in rows.items()]:
        # People are assigned by their own authority.
        party = Party.RESPONDER_ALLOCATOR if method == "AssignRequest" and person.side == RESPONDER else giver
        with cell(method, status):
            if knows(person, status) and may(person, method, status):
                request = await a_request_for(asking, method, status)
                after = await asking.do(person.caller, method, **fields_of(method, request.id, party))
                assert after.history[-1].authority_id == person.caller.authority_id
            else:
                kind = Forbidden if knows(person, status) else NotFound
                fields = fields_of(method, standing[status].id, party)
                await refused(asking, person.caller, method, kind, **fields)


@by_name
async def test_a_request_is_drafted_by_writers_of_an_authority_that_takes_part(asking: Asking, person: Person) -> None:
    if person.writes and person.name not in ELSEWHERE:
        responder = doctors("HU" if person.caller.country != "HU" else "IT")
        made = await asking.do(person.caller, "CreateRequest", draft=a_draft(responder_id=responder))
        assert made.requester_id == person.caller.authority_id
    else:
        await refused(asking, person.caller, "CreateRequest", Forbidden, draft=a_draft())


@by_name
async def test_files_are_uploaded_by_writers(asking: Asking, person: Person) -> None:
    if person.writes:
        assert (await an_upload(asking, person.caller)).size_bytes == len(PDF)
    else:
        with pytest.raises(Forbidden):
            await an_upload(asking, person.caller)


@by_name
async def test_changes_are_watched_by_readers(asking: Asking, person: Person) -> None:
    stream = asking.peer(person.caller).stream(asking.stub.WatchChanges, pb.WatchChangesRequest())
    async with aclosing(stream) as messages:
        if person.reads:
            assert (await anext(messages)).cursor
        else:
            with pytest.raises(Forbidden):
                await anext(messages)


async def test_every_person_reads_the_question_sets(asking: Asking) -> None:
    for caller in (ITALY, the_commission(), without(ITALY, user_roles={}), without(ITALY, workflow_roles={})):
        assert (await asking(caller, "ListQuestionSets")).question_sets
        assert (await asking(caller, "BatchGetQuestionSets", ids=[SET])).question_sets


SERVICE = Caller(service="alerts")


@pytest.mark.parametrize("method", ["CreateRequest", *COMMANDS])
async def test_no_service_gives_a_command(asking: Asking, standing: dict[Status, pb.Request], method: str) -> None:
    if method == "CreateRequest":
        await refused(asking, SERVICE, method, Forbidden, draft=a_draft())
    else:
        await refused(
            asking, SERVICE, method, Forbidden, **fields_of(method, standing[next(iter(COMMANDS[method]))].id)
        )


async def test_a_service_reads_nothing_but_the_question_sets(
    asking: Asking, standing: dict[Status, pb.Request]
) -> None:
    diploma = await an_upload(asking, ITALY)
    calls: list[Callable[[], Any]] = [
        lambda: asking(SERVICE, "BatchGetRequests", ids=[standing[Status.SENT].id]),
        lambda: asking(SERVICE, "ListRequests", list=pb.REQUEST_LIST_SENT),
        lambda: downloaded(asking, SERVICE, diploma.id),
        lambda: an_upload(asking, SERVICE),
        lambda: anext(asking.peer(SERVICE).stream(asking.stub.WatchChanges, pb.WatchChangesRequest())),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            await call()
    assert (await asking(SERVICE, "ListQuestionSets")).question_sets


# What is seen: a mark in each place where something is written, and the two files.
ASKED = {"JUSTIFICATION", "ASKEDREMARK"}
SUBJECT = {"WHOSE", "DIPLOMA", "SCAN"}
ANSWER = {"GIVENTEXT", "GIVENREMARK", "CERTIFICATE"}
CODED = {"NOT_GENUINE"}
REASON = {"REASON"}
MORE = {"MORETEXT"}
ALL = ASKED | SUBJECT | ANSWER | CODED | REASON
MARKS = ALL | MORE
# What was released before it was forwarded.
RELEASED = CODED | {"GIVENREMARK"}
SUBJECTS = pb.Subject(person=pb.Person(given_name="WHOSE", family_name="WHOSE", birth_date="1988-03-14"))

# Stage → what the requester, the responder, and those who see no personal data on the one and the other side see.
SEEN = {
    "draft": (ASKED | SUBJECT, set(), set(), set()),
    "sent": (ASKED | SUBJECT, ASKED, set(), set()),
    "withdrawn early": (ASKED | SUBJECT | REASON, ASKED | REASON, set(), set()),
    "accepted": (ASKED | SUBJECT, ASKED | SUBJECT | ANSWER | CODED, set(), CODED),
    "withdrawn late": (ASKED | SUBJECT | REASON, ALL, set(), CODED),
    "answered": (ALL - REASON, ALL - REASON, CODED, CODED),
    "closed": (ALL - REASON, ALL - REASON, CODED, CODED),
    "pending sending": (ASKED | SUBJECT, set(), set(), set()),
    "pending reply": (ASKED | SUBJECT, ASKED | SUBJECT | ANSWER | CODED, set(), CODED),
    "referred": (MARKS, MARKS, CODED, CODED),
    # The one that had it before is the "responder" here.
    "forwarded": (ASKED | SUBJECT | RELEASED | REASON, RELEASED | REASON, CODED, set()),
}
STATUS = {
    "draft": Status.DRAFT, "sent": Status.SENT, "withdrawn early": Status.WITHDRAWN, "accepted": Status.ACCEPTED,
    "withdrawn late": Status.WITHDRAWN, "answered": Status.ANSWERED, "closed": Status.CLOSED,
    "pending sending": Status.PENDING_SEND_APPROVAL, "pending reply": Status.PENDING_REPLY_APPROVAL,
    "referred": Status.REFERRED, "forwarded": Status.SENT,
}  # fmt: skip


# Stages in which no answer with the certificate is kept.
UNATTACHED = ("draft", "sent", "withdrawn early", "pending sending", "forwarded")


@dataclass(frozen=True)
class Case:
    """A request at one stage, with everything written in it, and its files by their marks."""

    id: str
    files: dict[str, common_pb2.File]


@pytest.fixture(scope="module")
async def cases(asking: Asking) -> dict[str, Case]:
    return {stage: await a_case(asking, stage) for stage in SEEN}


async def a_case(asking: Asking, stage: str) -> Case:
    """Brought to *stage*; from acceptance on there are saved answers."""
    files = {name: await an_upload(asking, ITALY, name=f"{name}.pdf") for name in ("DIPLOMA", "SCAN")}
    files["CERTIFICATE"] = await an_upload(asking, HUNGARY, name="CERTIFICATE.pdf")
    asked = [
        pb.AskedQuestionDraft(code="PQ1", comment=text("ASKEDREMARK"), file_ids=[files["SCAN"].id]),
        pb.AskedQuestionDraft(code="PQ2"),
        pb.AskedQuestionDraft(code="PQ8"),
    ]
    draft = a_draft(
        subject=SUBJECTS, justification=text("JUSTIFICATION"), questions=asked, file_ids=[files["DIPLOMA"].id]
    )
    certificate = common_pb2.Value(files=common_pb2.Codes(codes=[files["CERTIFICATE"].id]))
    answers = [
        pb.AnswerDraft(question_code="PQ1", value=codes("NOT_GENUINE"), comment=text("GIVENREMARK")),
        pb.AnswerDraft(question_code="PQ2", value=common_pb2.Value(text=text("GIVENTEXT"))),
        pb.AnswerDraft(question_code="PQ8", value=certificate),
    ]
    last = [pb.AnswerDraft(question_code="PQ2a", value=common_pb2.Value(date="2010-06-30"))]
    id_ = (await asking.do(ITALY, "CreateRequest", draft=draft)).id
    accepting: list[tuple[Caller, str, dict[str, Any]]] = [
        (ITALY, "SendRequest", {}),
        (HUNGARY, "AcceptRequest", {}),
        (HUNGARY, "SaveAnswers", {"answers": answers}),
    ]
    withdrawing: tuple[Caller, str, dict[str, Any]] = (ITALY, "WithdrawRequest", {"reason": text("REASON")})
    answering: tuple[Caller, str, dict[str, Any]] = (HUNGARY, "AnswerRequest", {"answers": last})
    way = {
        "draft": [],
        "sent": accepting[:1],
        "withdrawn early": [*accepting[:1], withdrawing],
        "accepted": accepting,
        "withdrawn late": [*accepting, withdrawing],
        "answered": [*accepting, answering],
        "closed": [*accepting, answering, (ITALY, "CloseRequest", {})],
        "pending sending": accepting[:1],
        "pending reply": [*accepting, answering],
        "referred": [
            *accepting,
            answering,
            (ITALY, "RequestMoreInformation", {"text": text("MORETEXT")}),
            (HUNGARY, "RefuseMoreInformation", {"reason": text("REASON")}),
            (ITALY, "ReferRequest", {}),
        ],
        "forwarded": [
            *accepting,
            (HUNGARY, "ReleaseAnswers", {"question_codes": ["PQ1"]}),
            (HUNGARY, "ForwardRequest", {"responder_id": nurses("HU"), "reason": text("REASON")}),
        ],
    }
    sides = {
        "pending sending": (ITALY, {"approve_outgoing": True}),
        "pending reply": (HUNGARY, {"approve_reply": True}),
    }
    side, settled = sides.get(stage, (ITALY, {}))
    async with asking.settled(side, **settled) if settled else nullcontext():
        for caller, method, fields in way[stage]:
            await asking.do(caller, method, id=id_, **fields)
    return Case(id_, files)


def expected(person: Person, stage: str) -> set[str] | None:
    """The marks that *person* sees; None if the request is not for them to know of."""
    if not knows(person, STATUS[stage]):
        return None
    requester, responder, without_personal, own_without_personal = SEEN[stage]
    if stage == "pending reply" and asked(person, STATUS[stage]):
        return CODED
    if person.personal:
        return requester if person.side == REQUESTER else responder
    return own_without_personal if person.side == RESPONDER else without_personal


def view_of(person: Person, stage: str) -> Any:
    if stage == "forwarded" and person.side == RESPONDER:
        return pb.REQUEST_VIEW_WITHOUT_ANSWERS
    if not person.personal:
        return pb.REQUEST_VIEW_WITHOUT_PERSONAL_DATA
    early = person.side == RESPONDER and stage in ("sent", "withdrawn early")
    return pb.REQUEST_VIEW_WITHOUT_SUBJECT if early else pb.REQUEST_VIEW_FULL


def marks(message: pb.Request) -> set[str]:
    return {mark for mark in MARKS if mark in str(message)}


HISTORY = {
    "draft": ["CREATE"],
    "sent": ["CREATE", "SEND"],
    "withdrawn early": ["CREATE", "SEND", "WITHDRAW"],
    "accepted": ["CREATE", "SEND", "ACCEPT", "SAVE"],
    "withdrawn late": ["CREATE", "SEND", "ACCEPT", "SAVE", "WITHDRAW"],
    "answered": ["CREATE", "SEND", "ACCEPT", "SAVE", "ANSWER"],
    "closed": ["CREATE", "SEND", "ACCEPT", "SAVE", "ANSWER", "CLOSE"],
    "pending sending": ["CREATE", "SEND"],
    "pending reply": ["CREATE", "SEND", "ACCEPT", "SAVE", "ANSWER"],
    "referred": [
        "CREATE", "SEND", "ACCEPT", "SAVE", "ANSWER", "REQUEST_MORE_INFORMATION", "REFUSE_MORE_INFORMATION", "REFER",
    ],
    "forwarded": ["CREATE", "SEND", "ACCEPT", "SAVE", "RELEASE", "FORWARD"],
}  # fmt: skip


def history_of(person: Person, stage: str) -> list[str]:
    """How a request was drafted is its requester's own; what was saved is the responder's."""
    hidden = {"CREATE"} if person.side != REQUESTER else set()
    if person.side != RESPONDER:
        hidden |= {"SAVE"}
    return [action for action in HISTORY[stage] if action not in hidden]


@by_name
async def test_each_sees_of_a_request_what_the_matrix_says(
    asking: Asking, cases: dict[str, Case], person: Person
) -> None:
    """Read by id, in one batch with all the others."""
    ids = {case.id: stage for stage, case in cases.items()}
    found = {one.id: one for one in (await asking(person.caller, "BatchGetRequests", ids=list(ids))).requests}
    for id_, stage in ids.items():
        wanted = expected(person, stage)
        if wanted is None:
            assert id_ not in found, stage
            continue
        request = found[id_]
        assert marks(request) == wanted, stage
        assert request.view == view_of(person, stage)
        assert request.HasField("subject") is ("WHOSE" in wanted)
        history = [pb.RequestAction.Name(entry.action).removeprefix("REQUEST_ACTION_") for entry in request.history]
        assert history == history_of(person, stage), stage
        assert list(request.handler_ids) == ([ITALY.user_id] if person.side == REQUESTER else [])
        request.ClearField("handler_ids")
        assert "usr_" not in str(request)


@by_name
async def test_a_list_shows_no_more_than_a_read_by_id(asking: Asking, cases: dict[str, Case], person: Person) -> None:
    names = {case.id: stage for stage, case in cases.items()}
    shown: set[str] = set()
    for which in pb.RequestList.values():
        if which == pb.REQUEST_LIST_UNSPECIFIED:
            continue
        answer = await asking(person.caller, "ListRequests", list=which, page=common_pb2.Page(first=100))
        assert len(answer.page_info.cursors) == len(answer.requests)
        for request in answer.requests:
            if stage := names.get(request.id):
                assert marks(request) == expected(person, stage), stage
                shown.add(request.id)
    assert all(expected(person, names[id_]) is not None for id_ in shown)


@by_name
async def test_a_file_is_read_where_it_is_seen_and_nowhere_else(
    asking: Asking, cases: dict[str, Case], person: Person
) -> None:
    for stage, case in cases.items():
        wanted = expected(person, stage) or set()
        for mark, file in case.files.items():
            # Not attached, the certificate is its uploader's own.
            own = mark == "CERTIFICATE" and stage in UNATTACHED
            if mark in wanted or (
                own and person.caller.user_id == HUNGARY.user_id and not person.name.endswith("roles")
            ):
                assert await downloaded(asking, person.caller, file.id) == (file, PDF)
            else:
                with pytest.raises(NotFound) as hidden:
                    await downloaded(asking, person.caller, file.id)
                assert hidden.value.message == f"there is no file {file.id!r}", (stage, mark)
