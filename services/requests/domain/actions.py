"""What somebody may do with a request now; and why not, where they may not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.requests.domain.dates import check_proposed
from services.requests.domain.drafting import check_complete
from services.requests.domain.forwarding import check_divisible
from services.requests.domain.lifecycle import EVER, Action, Party
from services.requests.domain.parties import moved
from services.requests.domain.requests import Actor, Request
from services.requests.domain.retention import check_provable
from vocabulary.refusals import Refusal
from vocabulary.values import FreeText

# What somebody can do with a request that is there: not what only the system does.
ALWAYS = tuple(action for action in Action if action is not Action.CREATE and EVER[action] != {Party.SYSTEM})
# What else must hold beside the table, as far as the request itself can tell.
_CHECKS: Mapping[Action, Callable[[Request], None]] = {
    Action.SEND: check_complete,
    Action.ACCEPT_PROPOSED_DATE: check_proposed,
    Action.REFUSE_PROPOSED_DATE: check_proposed,
    Action.SPLIT: check_divisible,
    Action.PROVE: check_provable,
}
_SOME_REASON = FreeText(text="-", language="en")


@dataclass(frozen=True, slots=True)
class Possibility:
    """An action, and what speaks against it: nothing, if it may be done."""

    action: Action
    refusal: Refusal | None = None


def possibilities(request: Request, actor: Actor) -> tuple[Possibility, ...]:
    """Every action, in the order of the enum."""
    return tuple(Possibility(action, _against(request, action, actor)) for action in ALWAYS)


def _against(request: Request, action: Action, actor: Actor) -> Refusal | None:
    try:
        moved(request, action, actor, _SOME_REASON)
        if check := _CHECKS.get(action):
            check(request)
    except Refusal as refusal:
        return refusal
    return None
