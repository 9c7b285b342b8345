"""Who sees how much of a request (IMI Regulation, Articles 6 and 9; access matrix).

The two authorities see their case, the responder only from its acceptance on whom it is about. Coordinators of the two countries
and allocators see the case without personal data. For everybody else it does not exist.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.requests.domain.lifecycle import WRITERS, Action, Side, Status
from services.requests.domain.questions import Answer
from services.requests.domain.requests import Draft, Request
from vocabulary.roles import LegislativeRole, UserRole


class View(StrEnum):
    """How much is seen."""

    FULL = "FULL"
    WITHOUT_SUBJECT = "WITHOUT_SUBJECT"
    WITHOUT_PERSONAL_DATA = "WITHOUT_PERSONAL_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: for which authority, with which roles in the request's module, coordinating what."""

    authority_id: str
    country: str
    roles: frozenset[UserRole]
    legislative_role: LegislativeRole | None


# Coordinators of a whole country in an area. Regional ones follow once requests know the regions they are about.
COUNTRY_COORDINATORS = frozenset({LegislativeRole.NIMIC, LegislativeRole.LIMIC})
_FULL_READERS = frozenset({UserRole.VIEWER}) | (WRITERS - {UserRole.COORDINATOR})


def view(request: Request, reader: Reader) -> View | None:
    """What *reader* sees of *request*; None if it is not for them to know that it exists."""
    side = request.side(reader.authority_id)
    if side is not None and (side is Side.REQUESTER or request.status is not Status.DRAFT):
        own = _own_view(request, side, reader)
        if own is not None:
            return own
    if coordinates(request, reader):
        return View.WITHOUT_PERSONAL_DATA
    return None


def _own_view(request: Request, side: Side, reader: Reader) -> View | None:
    # A coordinator exchanges for its own authority as a competent authority would.
    if reader.roles & (_FULL_READERS | {UserRole.COORDINATOR}):
        return View.FULL if side is Side.REQUESTER or request.accepted else View.WITHOUT_SUBJECT
    if UserRole.ALLOCATOR in reader.roles:
        return View.WITHOUT_PERSONAL_DATA
    return None


def coordinates(request: Request, reader: Reader) -> bool:
    """Whether *reader* coordinates one of the two countries in the request's area. Drafts are nobody else's."""
    return (
        request.status is not Status.DRAFT
        and coordinates_country(reader)
        and reader.country in (request.requester_country, request.draft.responder_country)
    )


def coordinates_country(reader: Reader) -> bool:
    """Whether *reader* coordinates a whole country in an area, and not only somebody else at the same authority."""
    return reader.legislative_role in COUNTRY_COORDINATORS and UserRole.COORDINATOR in reader.roles


def seen(request: Request, view: View, side: Side | None) -> Request:
    """*request* as *view* shows it to *side*: answers that are not yet sent are the responder's own."""
    shown = request
    if side is not Side.RESPONDER and request.status in (Status.SENT, Status.ACCEPTED, Status.WITHDRAWN):
        shown = replace(shown, answers=(), history=tuple(e for e in shown.history if e.action is not Action.SAVE))
    if side is Side.RESPONDER or side is None:
        drafting = (Action.CREATE, Action.EDIT)
        shown = replace(shown, history=tuple(e for e in shown.history if e.action not in drafting))
    if view is View.FULL:
        return shown
    shown = replace(shown, draft=_without_subject(shown.draft))
    if view is View.WITHOUT_SUBJECT:
        return shown
    return replace(
        shown,
        draft=replace(
            shown.draft,
            justification=None,
            questions=tuple(replace(question, comment=None) for question in shown.draft.questions),
        ),
        answers=tuple(_without_texts(answer) for answer in shown.answers if answer.value.text is None),
        history=tuple(replace(entry, reason=None) for entry in shown.history),
    )


def _without_subject(draft: Draft) -> Draft:
    """Files go too: a diploma says whose it is."""
    return replace(
        draft,
        subject=None,
        files=(),
        questions=tuple(replace(question, files=()) for question in draft.questions),
    )


def _without_texts(answer: Answer) -> Answer:
    return replace(
        answer,
        comment=None,
        files=(),
        value=answer.value if answer.value.files is None else replace(answer.value, files=()),
    )
