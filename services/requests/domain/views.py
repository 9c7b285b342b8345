"""Who sees how much of a request (IMI Regulation, Articles 6 and 9; access matrix).

The two authorities see their case, the responder only from its acceptance on whom it is about; where cases are assigned, only whoever
it is assigned to, and supervisors. Coordinators of the two countries, those who are asked to approve or decide, and allocators see the
case without personal data. An authority that had it before sees its own part. For everybody else it does not exist.
What is blocked says nothing to anybody, but for a proof.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.requests.domain.exchange import Child, FormerResponder
from services.requests.domain.lifecycle import UNSENT, WRITERS, Action, Side, Status
from services.requests.domain.parties import COUNTRY_COORDINATORS, is_assigned
from services.requests.domain.questions import Answer, Asked
from services.requests.domain.requests import OWN_STEPS, Draft, HistoryEntry, Request
from services.requests.domain.retention import disclosed
from vocabulary.proofs import without_words
from vocabulary.roles import LegislativeRole, UserRole


class View(StrEnum):
    """How much is seen."""

    FULL = "FULL"
    WITHOUT_SUBJECT = "WITHOUT_SUBJECT"
    WITHOUT_PERSONAL_DATA = "WITHOUT_PERSONAL_DATA"
    WITHOUT_ANSWERS = "WITHOUT_ANSWERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: for which authority, with which roles in the request's module, coordinating what."""

    authority_id: str
    country: str
    roles: frozenset[UserRole]
    legislative_role: LegislativeRole | None
    user_id: str = ""


_FULL_READERS = frozenset({UserRole.VIEWER}) | WRITERS
READERS = _FULL_READERS | {UserRole.ALLOCATOR}


def view(request: Request, reader: Reader) -> View | None:
    """What *reader* sees of *request*; None if it is not for them to know that it exists."""
    if request.status is Status.DELETED:
        return None
    side = request.side(reader.authority_id)
    if side is Side.REQUESTER or (side is Side.RESPONDER and request.status not in UNSENT):
        own = _own_view(request, side, reader)
        if own is not None:
            return own
    if coordinates(request, reader) or is_asked(request, reader):
        return View.WITHOUT_PERSONAL_DATA
    if request.former_responder(reader.authority_id) and reader.roles & READERS:
        return View.WITHOUT_ANSWERS
    return None


def _own_view(request: Request, side: Side, reader: Reader) -> View | None:
    reads = bool(reader.roles & _FULL_READERS)
    if reads and is_assigned(request, side, reader.user_id, reader.roles):
        return View.FULL if side is Side.REQUESTER or request.accepted else View.WITHOUT_SUBJECT
    # Roles are additive: whoever assigns sees what can be seen without the case, whatever else they are.
    if UserRole.ALLOCATOR in reader.roles:
        return View.WITHOUT_PERSONAL_DATA
    return View.WITHOUT_ANSWERS if reads else None


def coordinates(request: Request, reader: Reader) -> bool:
    """Whether *reader* coordinates one of the two countries in the request's area. What is not sent yet is nobody else's."""
    return (
        request.status not in UNSENT
        and coordinates_country(reader)
        and reader.country in (request.requester_country, request.draft.responder_country)
    )


def coordinates_country(reader: Reader) -> bool:
    """Whether *reader* coordinates a whole country in an area, and not only somebody else at the same authority."""
    return reader.legislative_role in COUNTRY_COORDINATORS and UserRole.COORDINATOR in reader.roles


def is_asked(request: Request, reader: Reader) -> bool:
    """Whether *reader* is a coordinator who was asked to approve or to decide something in this request."""
    return (
        request.status is not Status.DRAFT
        and UserRole.COORDINATOR in reader.roles
        and reader.authority_id in request.coordinators.all
    )


def seen(request: Request, how: View, reader: Reader) -> Request:
    """*request* as *how* shows it to *reader*: answers that are not yet given are the responder's own, what is blocked is nobody's."""
    return _shown(disclosed(request), how, reader)


def proven(request: Request, how: View, reader: Reader) -> Request:
    """*request* as *how* showed it to *reader* before it was blocked: for whoever has said what has to be proved."""
    return _shown(request, how, reader)


def _shown(request: Request, how: View, reader: Reader) -> Request:
    side = request.side(reader.authority_id)
    answers = _answers(request, how, side, reader)
    # What somebody gave before they gave the case away was given, whatever has taken its place.
    had = answers if how is View.WITHOUT_ANSWERS else request.released
    shown = replace(
        request,
        answers=answers,
        # Of the answers shown, those that the requester has.
        frozen=tuple(answer.code for answer in answers if answer in had),
        released=(),
        history=_history(request, how, side, reader),
        former=tuple(replace(one, answers=()) for one in request.former) if side else (),
        proofs=tuple(one for one in request.proofs if one.authority_id == reader.authority_id),
        children=request.children if how is not View.WITHOUT_ANSWERS or side else (),
    )
    if shown.history:
        shown = replace(shown, changed_at=shown.history[-1].at)
    if how is View.FULL:
        return shown
    # What was said after the reply may say whose case it is; a responder that has not accepted yet knows only that it was.
    shown = replace(
        shown,
        draft=_without_subject(shown.draft),
        more_information=tuple(replace(more, text=None, given=None, refusal=None) for more in shown.more_information),
        opinions=shown.opinions if how is View.WITHOUT_PERSONAL_DATA else (),
    )
    if how is View.WITHOUT_SUBJECT:
        said = (one if _is_said_at_once(one) else replace(one, reason=None) for one in shown.history)
        return replace(shown, history=tuple(said), children=_without_reasons(shown.children))
    former = request.former_responder(reader.authority_id) if how is View.WITHOUT_ANSWERS and side is None else None
    if former is not None:
        shown = _as_given_away(shown, request, former)
    own_words = (reader.authority_id,) if side is None and reader.roles & _FULL_READERS else ()
    return replace(
        shown,
        draft=replace(
            shown.draft,
            justification=None,
            urgent_reason=None,
            questions=tuple(replace(question, comment=None) for question in shown.draft.questions),
        ),
        answers=shown.answers
        if how is View.WITHOUT_ANSWERS
        else tuple(_without_texts(answer) for answer in shown.answers if answer.value.text is None),
        history=tuple(
            entry if entry.authority_id in own_words else replace(entry, reason=None) for entry in shown.history
        ),
        children=_without_reasons(shown.children),
        proofs=without_words(shown.proofs),
    )


def _is_said_at_once(entry: HistoryEntry) -> bool:
    """Why a request came to somebody, or was taken away again. Other reasons are about a case already known."""
    came = entry.action is Action.SPLIT and entry.after is Status.SENT
    return came or entry.action in (Action.FORWARD, Action.WITHDRAW)


def _without_reasons(children: tuple[Child, ...]) -> tuple[Child, ...]:
    return tuple(replace(child, reason=None) for child in children)


def _as_given_away(shown: Request, request: Request, former: FormerResponder) -> Request:
    """*shown* without what became of *request* after *former* gave it to somebody else: asked, agreed, said, split off, given on."""
    at = request.history[former.entries - 1].at
    earlier = tuple(
        replace(one, settled_at=one.settled_at if one.settled_at and one.settled_at <= at else None)
        for one in shown.more_information
        if one.asked_at <= at
    )
    # The first time that each was asked then.
    asked_again = [one for one in reversed(shown.more_information) if one.asked_at > at]
    later = {code: one.asked_at for one in asked_again for code in one.questions}
    kept = [one for one in shown.draft.questions if one.code not in later]
    moved = [
        Asked(code=one.code)
        for child in request.children
        for one in child.questions
        if child.at > at and later.get(one.code, child.at) >= child.at
    ]
    went_on = request.former[request.former.index(former) + 1 :]
    taker = went_on[0].authority_id if went_on else request.draft.responder_id
    is_member = bool(request.parent_id) or any(child.at <= at for child in request.children)
    return replace(
        shown,
        draft=replace(shown.draft, responder_id=taker, questions=(*kept, *moved)),
        family=request.family if is_member else "",
        proposed_date=None,
        agreed_date=None,
        more_information=earlier,
        evaluation=None,
    )


def revision_for(request: Request, revision: int, authority_id: str, how: View | None = None) -> int:
    """The revision as *authority_id*, to which the request is shown as *how* says, can observe it.

    Steps that only another side sees do not count, nor, for who gave it away, any later one.
    """
    side = request.side(authority_id)
    former = request.former_responder(authority_id) if side is None else None
    if former and how is View.WITHOUT_ANSWERS:
        return sum(entry.action not in OWN_STEPS for entry in request.history[: former.entries])
    hidden = 0
    if side is not Side.REQUESTER:
        hidden += request.requester_handling.own_steps
    if side is not Side.RESPONDER:
        hidden += request.responder_handling.own_steps
    return revision - hidden


def _answers(request: Request, how: View, side: Side | None, reader: Reader) -> tuple[Answer, ...]:
    if how is View.WITHOUT_ANSWERS:
        former = request.former_responder(reader.authority_id) if side is None else None
        return former.answers if former and reader.roles & _FULL_READERS else ()
    if how is View.WITHOUT_SUBJECT:
        return ()
    approves = (
        request.status is Status.PENDING_REPLY_APPROVAL
        and reader.authority_id == request.coordinators.reply_approval
        and UserRole.COORDINATOR in reader.roles
    )
    return request.answers if side is Side.RESPONDER or approves else request.released


def _history(request: Request, how: View, side: Side | None, reader: Reader) -> tuple[HistoryEntry, ...]:
    entries = request.history
    if how is View.WITHOUT_ANSWERS and side is None:
        former = request.former_responder(reader.authority_id)
        entries = entries[: former.entries] if former else ()
    # What the responder of now has to do with: it begins where the last one gave the request away.
    since = request.former[-1].entries if request.former else 0
    return tuple(
        _as_told(entry, side if at >= since else None, reader)
        for at, entry in enumerate(entries)
        if _is_told(request, entry, side, reader)
    )


def _is_told(request: Request, entry: HistoryEntry, side: Side | None, reader: Reader) -> bool:
    """Whether a step is for *reader* to observe: how a request was drafted is its author's own, and what is only saved."""
    if entry.authority_id == reader.authority_id:
        return True
    if entry.action in OWN_STEPS:
        return False
    approves = reader.authority_id == request.coordinators.sending_approval
    pending = entry.after is Status.PENDING_SEND_APPROVAL
    return side is Side.REQUESTER or entry.after not in UNSENT or (approves and pending)


def _as_told(entry: HistoryEntry, side: Side | None, reader: Reader) -> HistoryEntry:
    """Why a reply came back to its author is between the author and who returned it."""
    private = entry.action is Action.RETURN and entry.before is Status.PENDING_REPLY_APPROVAL
    if private and side is not Side.RESPONDER and entry.authority_id != reader.authority_id:
        return replace(entry, reason=None)
    return entry


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
