"""How an exchange ends (formal closure: every retention period begins here; IMI Regulation, Article 14)."""

from dataclasses import replace

from services.requests.domain.exchange import Evaluation
from services.requests.domain.lifecycle import Action
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request, recorded
from vocabulary.values import FreeText, free_text


def close(request: Request, evaluation: Evaluation | None, actor: Actor) -> Request:
    """The requester has what it needs, and may say how the exchange went."""
    after = replace(moved(request, Action.CLOSE, actor), evaluation=evaluation)
    return recorded(after, Action.CLOSE, request.status, actor)


def accept_refusal(request: Request, evaluation: Evaluation | None, actor: Actor) -> Request:
    """The requester makes do with the reply that it has."""
    after = replace(moved(request, Action.ACCEPT_REFUSAL, actor), evaluation=evaluation)
    return recorded(after, Action.ACCEPT_REFUSAL, request.status, actor)


def withdraw(request: Request, reason: FreeText | None, actor: Actor) -> Request:
    """No longer needed; the reason is mandatory once the responder has accepted."""
    checked = None if reason is None else free_text(reason, at="reason")
    after = moved(request, Action.WITHDRAW, actor, checked)
    return recorded(after, Action.WITHDRAW, request.status, actor, checked)
