"""Who in an authority works on a request. Whoever assigns need not read it."""

from collections.abc import Sequence
from dataclasses import replace

from services.requests.domain.lifecycle import Action, Side
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request, recorded
from vocabulary.refusals import Invalid

HANDLERS_LIMIT = 20


def assign(request: Request, user_ids: Sequence[str], actor: Actor) -> Request:
    """*user_ids*, all of *actor*'s authority, in the place of whoever had it."""
    after = moved(request, Action.ASSIGN, actor)
    chosen = tuple(dict.fromkeys(user_ids))
    if not chosen:
        raise Invalid("say who is to work on it", field="userIds", reason="EMPTY")
    if len(chosen) > HANDLERS_LIMIT:
        raise Invalid(f"at most {HANDLERS_LIMIT} people work on a request", field="userIds", reason="TOO_MANY")
    if request.side(actor.authority_id) is Side.REQUESTER:
        after = replace(after, requester_handling=replace(after.requester_handling, user_ids=chosen))
    else:
        after = replace(after, responder_handling=replace(after.responder_handling, user_ids=chosen))
    return recorded(after, Action.ASSIGN, request.status, actor)
