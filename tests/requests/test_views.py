"""Who sees how much: every status, authority, role and field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.requests.domain.exchange import (
    Child,
    Coordinators,
    Evaluation,
    FormerResponder,
    Grade,
    MoreInformation,
    Opinion,
)
from services.requests.domain.lifecycle import UNSENT, Action, Side, Status
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import Draft, Handling, HistoryEntry, Request, Subject
from services.requests.domain.views import Reader, View, revision_for, seen, view
from tests.cells import cell
from vocabulary.files import File
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText, Value

AT = datetime(2026, 11, 24, tzinfo=UTC)
UNACCEPTED = {*UNSENT, Status.SENT}
FULL = {UserRole.VIEWER, UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR}
COUNTRY = {LegislativeRole.NIMIC, LegislativeRole.LIMIC}
IT, HU, BEFORE, ASKED_IT, ASKED_HU, OTHER = (
    "aut_it",
    "aut_hu",
    "aut_before",
    "aut_asked_it",
    "aut_asked_hu",
    "aut_other",
)


def words(mark: str) -> FreeText:
    return FreeText(text=mark, language="it")


def a_file(mark: str) -> File:
    return File(id=f"fil_{mark}", name=f"{mark}.pdf", media_type="application/pdf", size_bytes=1, sha256="0")


def an_entry(authority: str, action: Action, before: Status, after: Status, mark: str = "") -> HistoryEntry:
    reason = words(mark) if mark else None
    return HistoryEntry(
        at=AT, authority_id=authority, user_id="u", action=action, before=before, after=after, reason=reason
    )


HISTORY = (
    an_entry(IT, Action.CREATE, Status.DRAFT, Status.DRAFT),
    an_entry(IT, Action.SEND, Status.DRAFT, Status.PENDING_SEND_APPROVAL),
    an_entry(ASKED_IT, Action.RETURN, Status.PENDING_SEND_APPROVAL, Status.DRAFT, "RETURNED_DRAFT"),
    an_entry(IT, Action.SEND, Status.DRAFT, Status.SENT),
    an_entry(BEFORE, Action.FORWARD, Status.SENT, Status.SENT, "FORWARDED"),
    an_entry(IT, Action.ASSIGN, Status.SENT, Status.SENT),
    an_entry(HU, Action.ACCEPT, Status.SENT, Status.ACCEPTED),
    an_entry(HU, Action.SAVE, Status.ACCEPTED, Status.ACCEPTED),
    an_entry(ASKED_HU, Action.RETURN, Status.PENDING_REPLY_APPROVAL, Status.ACCEPTED, "RETURNED_REPLY"),
    an_entry(HU, Action.ANSWER, Status.ACCEPTED, Status.ANSWERED),
)
SAVED = Answer(code="PQ2", value=Value(text=words("SAVED_TEXT")), files=(a_file("SAVED_FILE"),))
GIVEN = (
    Answer(code="PQ1", value=Value(codes=("CODED",)), comment=words("GIVEN_REMARK"), files=(a_file("GIVEN_FILE"),)),
    Answer(code="PQ3a", value=Value(text=words("GIVEN_TEXT"))),
    Answer(code="PQ8", value=Value(files=("fil_GIVEN_DOCUMENT",)), files=(a_file("GIVEN_DOCUMENT"),)),
)
FORMERLY = Answer(code="PQ1", value=Value(codes=("FORMER_CODE",)), comment=words("FORMER_REMARK"))


def a_request(status: Status, *, accepted: bool | None = None) -> Request:
    """A request with a mark in every place where something is written."""
    return Request(
        number="RQ-1",
        status=status,
        requester_id=IT,
        requester_country="IT",
        area="professional-qualifications",
        question_set_id="professional-qualifications:1",
        draft=Draft(
            responder_id=HU,
            responder_country="HU",
            subject=Subject(kind="person", given_name="SUBJECT", family_name="SUBJECT"),
            justification=words("JUSTIFICATION"),
            questions=(Asked(code="PQ1", comment=words("ASKED_REMARK"), files=(a_file("ASKED_FILE"),)),),
            files=(a_file("DIPLOMA"),),
        ),
        answers=(*GIVEN, SAVED),
        released=GIVEN,
        accepted=status not in UNACCEPTED if accepted is None else accepted,
        coordinators=Coordinators(
            sending_approval=ASKED_IT, reply_approval=ASKED_HU, requester_referral=ASKED_IT, responder_referral=ASKED_HU
        ),
        former=(FormerResponder(authority_id=BEFORE, answers=(FORMERLY,), entries=5),),
        children=(
            Child(
                id="req_2", number="RQ-2", responder_id="aut_4", responder_country="HU", allocation=False,
                questions=(Asked(code="PQ4", comment=words("CHILDS_REMARK")),), passed=(), reason=words("SPLIT"), at=AT,
            ),
        ),
        more_information=(MoreInformation(asked_at=AT, text=words("MORE_ASKED"), given=words("MORE_GIVEN")),),
        opinions=(Opinion(at=AT, authority_id=ASKED_IT, text=words("OPINION")),),
        evaluation=Evaluation(timeliness=Grade.GOOD, effort=Grade.FAIR),
        history=HISTORY,
        created_at=AT,
        changed_at=AT,
    )  # fmt: skip


def a_reader(authority: str, country: str, *roles: UserRole, legislative: LegislativeRole | None = None) -> Reader:
    return Reader(
        authority_id=authority, country=country, roles=frozenset(roles), legislative_role=legislative, user_id="usr_1"
    )


@pytest.mark.parametrize("status", Status)
def test_the_requester_sees_its_own(status: Status) -> None:
    for role in UserRole:
        expected = View.FULL if role in FULL else View.WITHOUT_PERSONAL_DATA if role is UserRole.ALLOCATOR else None
        if status is Status.DELETED:
            expected = None
        with cell(role):
            assert view(a_request(status), a_reader(IT, "IT", role)) is expected


@pytest.mark.parametrize("status", Status)
def test_the_responder_sees_whom_it_is_about_once_accepted(status: Status) -> None:
    request = a_request(status)
    for role in UserRole:
        expected: View | None = View.FULL if request.accepted else View.WITHOUT_SUBJECT
        if role is UserRole.ALLOCATOR:
            expected = View.WITHOUT_PERSONAL_DATA
        if role not in FULL | {UserRole.ALLOCATOR} or status in UNSENT:
            expected = None
        with cell(role):
            assert view(request, a_reader(HU, "HU", role)) is expected


@pytest.mark.parametrize("status", Status)
def test_where_cases_are_assigned_only_whoever_has_it_and_supervisors_see_it(status: Status) -> None:
    request = a_request(status)
    for role, (side, authority) in product(UserRole, ((Side.REQUESTER, IT), (Side.RESPONDER, HU))):
        reader = a_reader(authority, authority[-2:].upper(), role)
        unassigned, assigned = (view(assigned_to(user, request, side), reader) for user in ("usr_2", "usr_1"))
        restricted = role in FULL - {UserRole.SUPERVISOR} and assigned is not None
        with cell(role, side):
            assert assigned is view(request, reader)
            assert unassigned is (View.WITHOUT_ANSWERS if restricted else assigned)


def assigned_to(user: str, request: Request, side: Side) -> Request:
    """*request* where *side* assigns each to somebody first, and this one to *user*."""
    handling = Handling(allocation=True, user_ids=(user,))
    if side is Side.REQUESTER:
        return replace(request, requester_handling=handling)
    return replace(request, responder_handling=handling)


@pytest.mark.parametrize("status", Status)
def test_another_role_takes_nothing_away(status: Status) -> None:
    """Whoever assigns cases sees of each what allocators see, whatever else they are."""
    for side, authority in ((Side.REQUESTER, IT), (Side.RESPONDER, HU)):
        request = assigned_to("usr_2", a_request(status), side)
        country = authority[-2:].upper()
        alone = view(request, a_reader(authority, country, UserRole.ALLOCATOR))
        for role in FULL - {UserRole.SUPERVISOR}:
            with cell(side, role):
                assert view(request, a_reader(authority, country, UserRole.ALLOCATOR, role)) is alone


@pytest.mark.parametrize("status", Status)
def test_coordinators_of_the_two_countries_see_no_personal_data(status: Status) -> None:
    request = a_request(status)
    for country, legislative, role in product(("IT", "HU", "FR"), LegislativeRole, UserRole):
        reader = a_reader(OTHER, country, role, legislative=legislative)
        may = status not in UNSENT and country != "FR" and legislative in COUNTRY and role is UserRole.COORDINATOR
        with cell(country, legislative, role):
            assert view(request, reader) is (View.WITHOUT_PERSONAL_DATA if may else None)


@pytest.mark.parametrize("status", Status)
def test_coordinators_who_are_asked_see_it_without_personal_data_and_their_colleagues_nothing(status: Status) -> None:
    for role, authority in product(UserRole, (ASKED_IT, ASKED_HU)):
        may = status not in (Status.DRAFT, Status.DELETED) and role is UserRole.COORDINATOR
        expected = View.WITHOUT_PERSONAL_DATA if may else None
        with cell(role, authority):
            assert view(a_request(status), a_reader(authority, authority[-2:].upper(), role)) is expected


@pytest.mark.parametrize("status", sorted(set(Status) - UNSENT))
def test_who_had_it_before_knows_of_it(status: Status) -> None:
    for role in UserRole:
        may = role in FULL | {UserRole.ALLOCATOR}
        with cell(role):
            assert view(a_request(status), a_reader(BEFORE, "HU", role)) is (View.WITHOUT_ANSWERS if may else None)


# What each view shows to each authority, field by field: the marks that are left.
ASKED = {"JUSTIFICATION", "ASKED_REMARK"}
SUBJECT = {"SUBJECT", "DIPLOMA", "ASKED_FILE"}
REPLY = {"CODED", "GIVEN_REMARK", "GIVEN_FILE", "GIVEN_TEXT", "GIVEN_DOCUMENT"}
WORK = {"SAVED_TEXT", "SAVED_FILE"}
LATER = {"MORE_ASKED", "MORE_GIVEN"}
SPLIT = {"SPLIT"}
PUBLIC = {"FORWARDED"}
FORMER = {"FORMER_CODE", "FORMER_REMARK"}
MARKS = (
    ASKED | SUBJECT | REPLY | WORK | LATER | SPLIT | PUBLIC | FORMER | {"OPINION", "RETURNED_DRAFT", "RETURNED_REPLY"}
)
SHOWN = {
    (View.FULL, IT): ASKED | SUBJECT | REPLY | LATER | SPLIT | PUBLIC | {"OPINION", "RETURNED_DRAFT"},
    (View.FULL, HU): ASKED | SUBJECT | REPLY | WORK | LATER | SPLIT | PUBLIC | {"OPINION", "RETURNED_REPLY"},
    (View.WITHOUT_SUBJECT, HU): ASKED | PUBLIC,
    (View.WITHOUT_PERSONAL_DATA, IT): {"CODED", "OPINION"},
    (View.WITHOUT_PERSONAL_DATA, HU): {"CODED", "OPINION"},
    (View.WITHOUT_PERSONAL_DATA, ASKED_IT): {"CODED", "OPINION", "RETURNED_DRAFT"},
    (View.WITHOUT_PERSONAL_DATA, ASKED_HU): {"CODED", "OPINION", "RETURNED_REPLY"},
    (View.WITHOUT_PERSONAL_DATA, OTHER): {"CODED", "OPINION"},
    (View.WITHOUT_ANSWERS, IT): set[str](),
    (View.WITHOUT_ANSWERS, HU): set[str](),
    (View.WITHOUT_ANSWERS, BEFORE): FORMER | PUBLIC,
}


def marks(request: Request) -> set[str]:
    """The marks of which something is left. Of questions that were moved, nothing but codes is ever told."""
    told = repr(replace(request, children=tuple(replace(one, questions=()) for one in request.children)))
    return {mark for mark in MARKS if f"'{mark}" in told or f"_{mark}'" in told}


@pytest.mark.parametrize(("how", "authority"), SHOWN)
def test_each_view_shows_each_authority_its_fields_and_no_others(how: View, authority: str) -> None:
    reader = a_reader(authority, "HU", UserRole.COORDINATOR)
    for status in sorted(set(Status) - UNSENT):
        with cell(status):
            # What is blocked is nobody's to see.
            expected = set() if status is Status.BLOCKED else SHOWN[how, authority]
            assert marks(seen(a_request(status), how, reader)) == expected


@pytest.mark.parametrize(("how", "authority"), SHOWN)
def test_the_history_is_told_to_each_as_far_as_it_is_theirs(how: View, authority: str) -> None:
    reader = a_reader(authority, "HU", UserRole.COORDINATOR)
    sending = [Action.CREATE, Action.SEND, Action.RETURN] if authority == IT else []
    if authority == ASKED_IT:
        sending = [Action.SEND, Action.RETURN]
    whole = [
        *sending, Action.SEND, Action.FORWARD, *([Action.ASSIGN] if authority == IT else []), Action.ACCEPT,
        *([Action.SAVE] if authority == HU else []), Action.RETURN, Action.ANSWER,
    ]  # fmt: skip
    for status in sorted(set(Status) - UNSENT):
        told = [entry.action for entry in seen(a_request(status), how, reader).history]
        with cell(status):
            assert told == ([Action.SEND, Action.FORWARD] if authority == BEFORE else whole)


def test_the_approver_of_a_reply_sees_what_is_to_be_sent_and_after_it_was_returned_what_was() -> None:
    request = replace(a_request(Status.PENDING_REPLY_APPROVAL), released=(), answers=GIVEN)
    approver = a_reader(ASKED_HU, "HU", UserRole.COORDINATOR)
    assert [one.code for one in seen(request, View.WITHOUT_PERSONAL_DATA, approver).answers] == ["PQ1", "PQ8"]
    returned = replace(request, status=Status.ACCEPTED)
    assert seen(returned, View.WITHOUT_PERSONAL_DATA, approver).answers == ()
    other = a_reader(OTHER, "HU", UserRole.COORDINATOR)
    assert seen(request, View.WITHOUT_PERSONAL_DATA, other).answers == ()


def test_the_requester_sees_no_answer_that_it_was_not_given() -> None:
    requester = a_reader(IT, "IT", UserRole.REQUEST_HANDLER)
    for status in set(Status) - UNSENT - {Status.BLOCKED}:
        shown = seen(replace(a_request(status), released=GIVEN[:1]), View.FULL, requester)
        assert shown.answers == GIVEN[:1]
        assert shown.frozen == ("PQ1",)
        assert {file.id for file in shown.files} == {"fil_DIPLOMA", "fil_ASKED_FILE", "fil_GIVEN_FILE"}


def test_a_request_withdrawn_before_acceptance_never_shows_its_subject_to_the_responder() -> None:
    request = a_request(Status.WITHDRAWN, accepted=False)
    assert view(request, a_reader(HU, "HU", UserRole.REQUEST_HANDLER)) is View.WITHOUT_SUBJECT


@pytest.mark.parametrize("status", Status)
def test_steps_that_only_another_side_observes_do_not_count_in_the_revision(status: Status) -> None:
    request = replace(
        a_request(status), requester_handling=Handling(own_steps=2), responder_handling=Handling(own_steps=5)
    )
    assert [revision_for(request, 20, authority) for authority in (IT, HU, OTHER)] == [15, 18, 13]


LATE = AT + timedelta(days=1)


def test_a_new_responder_reads_no_reason_given_after_the_acceptance_of_another_and_never_why_its_reply_came_back() -> (
    None
):
    steps = (
        an_entry(BEFORE, Action.ACCEPT, Status.SENT, Status.ACCEPTED),
        an_entry(ASKED_HU, Action.RETURN, Status.PENDING_REPLY_APPROVAL, Status.ACCEPTED, "RETURNED_REPLY"),
        an_entry(BEFORE, Action.REFUSE_MORE_INFORMATION, Status.MORE_INFO_REQUESTED, Status.MORE_INFO_REFUSED, "SAVED"),
        an_entry(ASKED_HU, Action.DECIDE_MUST_IMPROVE, Status.REFERRED, Status.ACCEPTED, "OPINION"),
        an_entry(BEFORE, Action.SPLIT, Status.ACCEPTED, Status.ACCEPTED, "SPLIT"),
        an_entry(BEFORE, Action.FORWARD, Status.ACCEPTED, Status.SENT, "FORWARDED"),
    )
    former = (FormerResponder(authority_id=BEFORE, entries=len(steps)),)
    responder = a_reader(HU, "HU", UserRole.REQUEST_HANDLER)

    def reasons(status: Status, how: View) -> list[str]:
        request = replace(a_request(status), history=steps, former=former)
        return [entry.reason.text for entry in seen(request, how, responder).history if entry.reason]

    assert reasons(Status.SENT, View.WITHOUT_SUBJECT) == ["FORWARDED"]
    assert reasons(Status.ACCEPTED, View.FULL) == ["SAVED", "OPINION", "SPLIT", "FORWARDED"]


def test_who_is_asked_what_was_split_off_reads_why_before_its_acceptance() -> None:
    came = (an_entry(BEFORE, Action.SPLIT, Status.ACCEPTED, Status.SENT, "SPLIT"),)
    request = replace(a_request(Status.SENT), history=came, former=(), children=())
    shown = seen(request, View.WITHOUT_SUBJECT, a_reader(HU, "HU", UserRole.REQUEST_HANDLER))
    assert shown.history == came


def test_who_had_it_before_sees_nothing_that_was_asked_agreed_or_counted_later() -> None:
    entries = tuple(replace(one, at=LATE if at >= 5 else AT) for at, one in enumerate(HISTORY))
    request = replace(
        a_request(Status.ANSWERED),
        draft=Draft(responder_id=HU, responder_country="HU", questions=(Asked(code="PQ1"), Asked(code="PQ6"))),
        agreed_date=LATE.date(),
        proposed_date=LATE.date(),
        more_information=(
            MoreInformation(asked_at=AT, settled_at=AT),
            MoreInformation(asked_at=LATE, settled_at=LATE, questions=("PQ6",)),
        ),
        history=entries,
    )
    shown = seen(request, View.WITHOUT_ANSWERS, a_reader(BEFORE, "HU", UserRole.REQUEST_HANDLER))
    assert [one.code for one in shown.draft.questions] == ["PQ1"]
    assert (shown.agreed_date, shown.proposed_date, shown.due, shown.evaluation) == (None, None, None, None)
    assert shown.more_information == (MoreInformation(asked_at=AT, settled_at=AT),)
    assert revision_for(request, 10, BEFORE, View.WITHOUT_ANSWERS) == 5
    colleague = seen(request, View.WITHOUT_ANSWERS, a_reader(HU, "HU", UserRole.REQUEST_HANDLER))
    assert (colleague.agreed_date, len(colleague.more_information)) == (LATE.date(), 2)


def test_who_had_it_before_sees_to_whom_it_went_and_not_how_it_went_on_from_there() -> None:
    entries = tuple(replace(one, at=LATE if at >= 5 else AT) for at, one in enumerate(HISTORY))
    before = FormerResponder(authority_id=BEFORE, answers=(FORMERLY,), entries=5)
    request = replace(a_request(Status.SENT), history=entries, former=(before,), children=(), family="")
    went_on = replace(
        request,
        draft=replace(request.draft, responder_id=OTHER, questions=()),
        former=(before, FormerResponder(authority_id=HU, entries=9)),
        children=tuple(
            replace(one, at=LATE, questions=request.draft.questions) for one in a_request(Status.SENT).children
        ),
        family="req_1",
    )
    reader = a_reader(BEFORE, "HU", UserRole.REQUEST_HANDLER)
    shown = seen(went_on, View.WITHOUT_ANSWERS, reader)
    assert shown.draft.responder_id == HU
    assert shown.draft == seen(request, View.WITHOUT_ANSWERS, reader).draft
    assert (shown.family, shown.children) == ("", ())
    # It has released what it has, whatever has been put in its place.
    assert FORMERLY not in went_on.released
    assert shown.frozen == ("PQ1",)
    # What it split off itself, it knows.
    own = replace(went_on, children=tuple(replace(one, at=AT) for one in went_on.children))
    assert seen(own, View.WITHOUT_ANSWERS, reader).family == "req_1"
