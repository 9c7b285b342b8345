"""How long what a request holds is kept (IMI Regulation, Article 14): six months after its end it is blocked, three years after its
end erased.

What is blocked is stored as proof that it was exchanged. Nobody is shown it, but for one of the two authorities that has to prove it,
and then that is written down. Of what is erased only the store knows that it was.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.requests.domain.lifecycle import ENDED, TRANSITIONS, Action, Status
from services.requests.domain.parties import moved
from services.requests.domain.questions import Asked
from services.requests.domain.requests import Actor, Draft, Handling, Request, recorded
from vocabulary import proofs
from vocabulary.days import months_after
from vocabulary.proofs import Ground
from vocabulary.values import FreeText

BLOCKED_AFTER_MONTHS = 6
# After the end of the exchange, not after blocking.
ERASED_AFTER_MONTHS = 36
# After these, nothing that is kept beside the request may say any more what it holds.
HIDING = frozenset({Action.BLOCK, Action.ERASE})


def due(request: Request) -> Mapping[Action, datetime]:
    """What becomes of its content, and when; nothing before it has ended."""
    possible = TRANSITIONS[request.status]
    ended = _ended_at(request)
    if ended is None:
        return {}
    when = {Action.BLOCK: BLOCKED_AFTER_MONTHS, Action.ERASE: ERASED_AFTER_MONTHS}
    return {action: months_after(ended, months) for action, months in when.items() if action in possible}


def disclosed(request: Request) -> Request:
    """*request* as far as it may be read: without its content, once that is blocked. What it was proved for is not of it."""
    return replace(without_content(request), proofs=request.proofs) if request.status is Status.BLOCKED else request


def without_content(request: Request) -> Request:
    """Nothing of what was asked, answered and said is left: number, authorities, dates and steps show that there was a request."""
    draft = request.draft
    return replace(
        request,
        draft=Draft(
            responder_id=draft.responder_id,
            responder_country=draft.responder_country,
            desired_date=draft.desired_date,
            urgent=draft.urgent,
            questions=tuple(Asked(code=one.code) for one in draft.questions),
        ),
        answers=(),
        released=(),
        frozen=(),
        former=tuple(replace(one, answers=()) for one in request.former),
        children=tuple(
            replace(one, questions=tuple(Asked(code=asked.code) for asked in one.questions), reason=None)
            for one in request.children
        ),
        more_information=tuple(replace(one, text=None, given=None, refusal=None) for one in request.more_information),
        opinions=tuple(replace(one, text=None) for one in request.opinions),
        proofs=proofs.without_words(request.proofs),
        history=tuple(replace(entry, reason=None) for entry in request.history),
    )


def without_people(request: Request) -> Request:
    """No official is left either: which authority took each step, and when, is what is kept of what is erased."""
    return replace(
        request,
        proofs=proofs.without_people(request.proofs),
        history=tuple(replace(entry, user_id="") for entry in request.history),
        requester_handling=_without_users(request.requester_handling),
        responder_handling=_without_users(request.responder_handling),
    )


def prove(request: Request, ground: Ground, reason: FreeText | None, actor: Actor) -> Request:
    """Read, because it has to be proved that it was exchanged: on which *ground*, and what for."""
    after = moved(request, Action.PROVE, actor, reason)
    check_provable(request)
    assert reason is not None  # the table asks for it
    proved = proofs.with_one_of(request.proofs, ground, reason, actor)
    return recorded(replace(after, proofs=proved), Action.PROVE, request.status, actor)


def check_provable(request: Request) -> None:
    """Raises Conflict after too many readings."""
    proofs.check_provable(request.proofs, "a request")


def _without_users(handling: Handling) -> Handling:
    return replace(handling, user_ids=())


def _ended_at(request: Request) -> datetime | None:
    if request.status not in ENDED:
        return None
    return next((entry.at for entry in request.history if entry.after in ENDED and entry.before not in ENDED), None)
