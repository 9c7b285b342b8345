"""What somebody is to a request, and how a step is taken: the table asks who, and here is the answer."""

from dataclasses import replace

from services.requests.domain.lifecycle import ASSIGNERS, WRITERS, Action, Party, Side, step
from services.requests.domain.requests import Actor, Request
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole
from vocabulary.values import FreeText

# Coordinators of a whole country in an area, the nearest to it first: where an authority names none, they are asked in this order.
# Regional ones follow once requests know the regions they are about.
COUNTRY_COORDINATORS = (LegislativeRole.LIMIC, LegislativeRole.NIMIC)
# All steps stand in the request's one document, which a store lets grow to so much.
STEPS_LIMIT = 10_000
_SIDES = {
    Side.REQUESTER: (Party.REQUESTER, Party.REQUESTER_ALLOCATOR),
    Side.RESPONDER: (Party.RESPONDER, Party.RESPONDER_ALLOCATOR),
}


def parties(request: Request, actor: Actor) -> frozenset[Party]:
    """Everything that *actor* is to *request*."""
    if not actor.takes_part:
        return frozenset()
    found = set()
    side = request.side(actor.authority_id)
    if side is not None:
        handles, assigns = _SIDES[side]
        if actor.roles & WRITERS and is_assigned(request, side, actor.user_id, actor.roles):
            found.add(handles)
        if actor.roles & ASSIGNERS:
            found.add(assigns)
    if UserRole.COORDINATOR in actor.roles:
        found |= _coordinating(request, actor)
    return frozenset(found)


def _coordinating(request: Request, actor: Actor) -> set[Party]:
    asked = request.coordinators
    links = {
        Party.SENDING_APPROVER: asked.sending_approval,
        Party.REPLY_APPROVER: asked.reply_approval,
        Party.REQUESTER_REFERRAL: asked.requester_referral,
        Party.RESPONDER_REFERRAL: asked.responder_referral,
    }
    found = {party for party, id_ in links.items() if id_ and id_ == actor.authority_id}
    of_the_country = actor.legislative_role in COUNTRY_COORDINATORS and actor.country == request.draft.responder_country
    if of_the_country and actor.authority_id != request.draft.responder_id:
        found.add(Party.RESPONDER_COORDINATOR)
    return found


def is_assigned(request: Request, side: Side, user_id: str, roles: frozenset[UserRole]) -> bool:
    """Whether the case is for this person of *side* to work on: where cases are assigned, a supervisor's are all of them."""
    handling = request.handling(side)
    return not handling.allocation or UserRole.SUPERVISOR in roles or user_id in handling.user_ids


def check_asker(actor: Actor, area: str) -> None:
    """Raises Forbidden unless *actor* may begin a request about *area*."""
    if not actor.takes_part:
        raise Forbidden(f"your authority does not take part in requests about {area}")
    step(None, Action.CREATE, {Party.REQUESTER} if actor.roles & WRITERS else set())


def check_country(country: str, actor: Actor, *, field: str, national_use: bool = False) -> None:
    """Raises Invalid if *country* is the own one, and authorities of one country do not ask each other in the module."""
    if country == actor.country and not national_use:
        raise Invalid("requests go to authorities of other countries", field=field, reason="OWN_COUNTRY")


def moved(
    request: Request, action: Action, actor: Actor, reason: FreeText | None = None, *, approval: bool = False
) -> Request:
    """*request* in the status after *action*; raises what `lifecycle.step` raises, Forbidden for whoever has no part in it now, and
    Conflict for whoever has taken too many steps that lead nowhere else: whatever leads on or ends it can still be done.
    """
    if not actor.takes_part:
        raise Forbidden(f"your authority no longer takes part in requests about {request.area}")
    side = request.side(actor.authority_id)
    found = parties(request, actor)
    if side is not None and not found and actor.roles & WRITERS:
        raise Forbidden("this request is assigned to somebody else of your authority", reason="NOT_ASSIGNED")
    after = step(request.status, action, found, reasoned=reason is not None, approval=approval)
    taken = (entry.authority_id == actor.authority_id for entry in request.history)
    if after is request.status and sum(taken) >= STEPS_LIMIT:
        raise Conflict(f"an authority takes at most {STEPS_LIMIT} steps in a request", reason="TOO_MANY")
    return replace(request, status=after)
