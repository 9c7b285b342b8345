"""When the requester does not accept that more is refused: the referral coordinators say what they think, the responder's decides."""

from dataclasses import replace

from services.requests.domain.exchange import Opinion, Verdict
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request, recorded
from vocabulary.refusals import Conflict
from vocabulary.values import FreeText, free_text

# Of one coordinator. To decide is always possible.
OPINIONS_LIMIT = 100
_DECISIONS = {
    Verdict.SATISFACTORY: Action.DECIDE_SATISFACTORY,
    Verdict.MUST_IMPROVE: Action.DECIDE_MUST_IMPROVE,
}


def refer(
    request: Request, requester_coordinator: str, responder_coordinator: str, reason: FreeText | None, actor: Actor
) -> Request:
    """The coordinators of both sides are asked."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.REFER, actor, checked)
    asked = replace(
        after.coordinators,
        requester_referral=requester_coordinator,
        responder_referral=responder_coordinator,
        earlier=after.coordinators.asked,
    )
    return recorded(replace(after, coordinators=asked), Action.REFER, request.status, actor, checked)


def give_opinion(request: Request, text: FreeText, actor: Actor) -> Request:
    """What one of the two coordinators thinks of the reply, for everybody who takes part."""
    checked = free_text(text, at="text")
    after = moved(request, Action.GIVE_OPINION, actor)
    if sum(one.authority_id == actor.authority_id for one in request.opinions) >= OPINIONS_LIMIT:
        raise Conflict(f"a coordinator gives at most {OPINIONS_LIMIT} opinions on a request", reason="TOO_MANY")
    return recorded(_with(after, actor, checked), Action.GIVE_OPINION, request.status, actor)


def decide(request: Request, verdict: Verdict, reason: FreeText | None, actor: Actor) -> Request:
    """The reply is satisfactory as it is; or it must be improved: then the responder can change its answers again.

    The requester keeps the reply that it has until there is a better one.
    """
    checked = None if reason is None else free_text(reason, at="reason")
    action = _DECISIONS[verdict]
    after = _with(moved(request, action, actor, checked), actor, checked, verdict)
    if verdict is Verdict.MUST_IMPROVE:
        after = replace(after, frozen=())
    return recorded(after, action, request.status, actor, checked)


def _with(request: Request, actor: Actor, text: FreeText | None, verdict: Verdict | None = None) -> Request:
    opinion = Opinion(at=actor.now, authority_id=actor.authority_id, text=text, verdict=verdict)
    return replace(request, opinions=(*request.opinions, opinion))
