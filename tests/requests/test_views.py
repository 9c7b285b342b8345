"""Who sees how much: every status, side and role."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.requests.domain.lifecycle import Action, Side, Status
from services.requests.domain.questions import Answer, Asked, File
from services.requests.domain.requests import Draft, HistoryEntry, Request, Subject
from services.requests.domain.views import Reader, View, seen, view
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText, Value

AT = datetime(2026, 11, 24, tzinfo=UTC)
SECRET = FreeText(text="SECRET", language="it")
FILE = File(id="fil_1", name="SECRET.pdf", media_type="application/pdf", size_bytes=1, sha256="0")


def a_request(status: Status, *, accepted: bool | None = None) -> Request:
    return Request(
        number="RQ-1",
        status=status,
        requester_id="aut_it",
        requester_country="IT",
        area="professional-qualifications",
        question_set_id="professional-qualifications:1",
        draft=Draft(
            responder_id="aut_hu",
            responder_country="HU",
            subject=Subject(kind="person", given_name="SECRET", family_name="SECRET"),
            justification=SECRET,
            questions=(Asked(code="PQ1", comment=SECRET, files=(FILE,)),),
            files=(FILE,),
        ),
        answers=(
            Answer(code="PQ1", value=Value(codes=("GENUINE",)), comment=SECRET, files=(FILE,)),
            Answer(code="PQ3a", value=Value(text=SECRET)),
            Answer(code="PQ8", value=Value(files=("fil_1",)), files=(FILE,)),
        ),
        accepted=status in (Status.ACCEPTED, Status.ANSWERED, Status.CLOSED) if accepted is None else accepted,
        history=(
            HistoryEntry(
                at=AT, authority_id="aut_it", user_id="u", action=Action.WITHDRAW,
                before=Status.SENT, after=Status.WITHDRAWN, reason=SECRET,
            ),
        ),
        created_at=AT,
        changed_at=AT,
    )  # fmt: skip


def a_reader(authority: str, country: str, *roles: UserRole, legislative: LegislativeRole | None = None) -> Reader:
    return Reader(authority_id=authority, country=country, roles=frozenset(roles), legislative_role=legislative)


FULL = {UserRole.VIEWER, UserRole.REQUEST_HANDLER, UserRole.SUPERVISOR, UserRole.COORDINATOR}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("role", UserRole)
def test_the_requester_sees_its_own(status: Status, role: UserRole) -> None:
    expected = View.FULL if role in FULL else View.WITHOUT_PERSONAL_DATA if role is UserRole.ALLOCATOR else None
    assert view(a_request(status), a_reader("aut_it", "IT", role)) is expected


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("role", UserRole)
def test_the_responder_sees_whom_it_is_about_once_accepted(status: Status, role: UserRole) -> None:
    request = a_request(status)
    expected: View | None = View.FULL if request.accepted else View.WITHOUT_SUBJECT
    if role is UserRole.ALLOCATOR:
        expected = View.WITHOUT_PERSONAL_DATA
    if role not in FULL | {UserRole.ALLOCATOR} or status is Status.DRAFT:
        expected = None
    assert view(request, a_reader("aut_hu", "HU", role)) is expected


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("country", ["IT", "HU", "FR"])
@pytest.mark.parametrize("legislative", LegislativeRole)
@pytest.mark.parametrize("role", UserRole)
def test_coordinators_of_the_two_countries_see_no_personal_data(
    status: Status, country: str, legislative: LegislativeRole, role: UserRole
) -> None:
    reader = a_reader("aut_other", country, role, legislative=legislative)
    may = (
        status is not Status.DRAFT
        and country != "FR"
        and legislative in (LegislativeRole.NIMIC, LegislativeRole.LIMIC)
        and role is UserRole.COORDINATOR
    )
    assert view(a_request(status), reader) is (View.WITHOUT_PERSONAL_DATA if may else None)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("side", [*Side, None])
def test_without_personal_data_nothing_personal_is_left(status: Status, side: Side | None) -> None:
    shown = seen(a_request(status), View.WITHOUT_PERSONAL_DATA, side)
    assert "SECRET" not in repr(shown)


@pytest.mark.parametrize("status", Status)
def test_without_the_subject_neither_name_nor_file_is_left(status: Status) -> None:
    shown = seen(a_request(status), View.WITHOUT_SUBJECT, Side.RESPONDER)
    assert shown.draft.subject is None
    assert not shown.draft.files
    assert not any(question.files for question in shown.draft.questions)


def test_the_requester_sees_no_answer_before_the_reply() -> None:
    for status in (Status.SENT, Status.ACCEPTED, Status.WITHDRAWN):
        assert seen(a_request(status), View.FULL, Side.REQUESTER).answers == ()
    assert seen(a_request(Status.ANSWERED), View.FULL, Side.REQUESTER).answers


def test_a_request_withdrawn_before_acceptance_never_shows_its_subject_to_the_responder() -> None:
    request = replace(a_request(Status.WITHDRAWN), accepted=False)
    assert view(request, a_reader("aut_hu", "HU", UserRole.REQUEST_HANDLER)) is View.WITHOUT_SUBJECT
