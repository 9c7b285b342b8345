"""What the system itself does when nobody acts: about a request that is not taken on, an exchange that has gone quiet, content that is
not needed any more.

Everything here is said by the request alone, so that it can be asked at any time and is answered the same way: when something is due
next, and whether it still is when its timer fires.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.requests.domain import retention
from services.requests.domain.deadlines import inactive_at, reminder_at
from services.requests.domain.lifecycle import UNSENT, Action, Party, Status, step
from services.requests.domain.requests import Actor, HistoryEntry, Request, recorded
from vocabulary.refusals import Conflict

# What the system does by itself, each at most once for the same silence.
BY_ITSELF = (Action.REMIND, Action.INVOLVE_COORDINATORS, Action.BLOCK, Action.ERASE)


def due(request: Request) -> Mapping[Action, datetime]:
    """What the system will do with *request*, and when, if nobody acts until then."""
    found: dict[Action, datetime] = {}
    reached_at = _reached_at(request)
    if reached_at is not None:
        found[Action.REMIND] = reminder_at(reached_at)
    if request.is_open and request.history:
        # A reminder is no step of theirs; that coordinators were brought in begins another two months.
        steps = [entry.at for entry in request.history if entry.action is not Action.REMIND]
        found[Action.INVOLVE_COORDINATORS] = inactive_at(max(steps))
    return {**found, **retention.due(request)}


def remind(request: Request, now: datetime) -> Request:
    """The responder is reminded that it has not accepted; raises Conflict unless that is due."""
    return _by_itself(request, request, Action.REMIND, now)


def involve(request: Request, coordinators: Sequence[str], now: datetime) -> Request:
    """Both sides' *coordinators* are brought in: from now on they see the case, without personal data, and hear of what happens."""
    asked = request.coordinators
    involved = tuple(dict.fromkeys((*asked.involved, *(id_ for id_ in coordinators if id_))))
    after = replace(request, coordinators=replace(asked, involved=involved))
    return _by_itself(request, after, Action.INVOLVE_COORDINATORS, now)


def block(request: Request, now: datetime) -> Request:
    """Nobody is shown its content any more; raises Conflict unless that is due."""
    return _by_itself(request, request, Action.BLOCK, now)


def erase(request: Request, now: datetime) -> Request:
    """Its content is gone, and so are those who worked on it; raises Conflict unless that is due."""
    after = retention.without_people(retention.without_content(request))
    return _by_itself(request, after, Action.ERASE, now)


def sides(request: Request) -> list[tuple[str, str]]:
    """The authorities whose coordinators are brought in, each with its country: what was never sent is the requester's side's only."""
    found = [(request.requester_id, request.requester_country)]
    if request.status not in UNSENT:
        found.append((request.draft.responder_id, request.draft.responder_country))
    return found


def require_due(request: Request, action: Action, now: datetime) -> None:
    """Raises Conflict unless the system is to do *action* now."""
    when = due(request).get(action)
    if when is None or when > now:
        raise Conflict(f"{action} is not due", reason="NOT_DUE")


def _by_itself(before: Request, after: Request, action: Action, now: datetime) -> Request:
    require_due(before, action, now)
    status = step(before.status, action, {Party.SYSTEM})
    nobody = Actor(user_id="", authority_id="", country="", roles=frozenset(), takes_part=True, now=now)
    return recorded(replace(after, status=status), action, before.status, nobody)


def _reached_at(request: Request) -> datetime | None:
    """When the request came to the responder that has not accepted it and has not been reminded; None if there is none."""
    if request.status is not Status.SENT:
        return None
    for entry in reversed(request.history):
        if entry.action is Action.REMIND:
            return None
        if _arrives(entry):
            return entry.at
    return None


def _arrives(entry: HistoryEntry) -> bool:
    """Whether with this step somebody new has the request."""
    return entry.after is Status.SENT and entry.action in (Action.SEND, Action.APPROVE, Action.FORWARD, Action.SPLIT)
