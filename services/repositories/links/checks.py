"""What is known of an address, and when it is looked at again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from vocabulary.addresses import Outcome

# What works is looked at every week. What does not, on the next day, so that a page that was away for a night is soon well again.
AGAIN = timedelta(days=7)
AGAIN_IF_NOT = timedelta(days=1)
# Addresses of one day are not all looked at in one minute of it.
SPREAD = timedelta(hours=6)
TOO_MANY_REQUESTS, SERVER_ERRORS = 429, 500


class State(StrEnum):
    """How an address answered when it was last looked at."""

    NOT_CHECKED = "NOT_CHECKED"
    REACHABLE = "REACHABLE"
    REFUSED = "REFUSED"
    UNREACHABLE = "UNREACHABLE"
    NOT_ALLOWED = "NOT_ALLOWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The address in a field of an entry, how it answered at that time, and since when it has answered so."""

    link: str
    state: State = State.NOT_CHECKED
    checked_at: datetime | None = None
    http_status: int = 0
    since: datetime | None = None


def state_of(outcome: Outcome, http_status: int) -> State:
    """What an answer says of an address: that there is something, that there is nothing for everybody, or nothing at the moment."""
    if outcome is Outcome.DELIVERED:
        return State.REACHABLE
    if outcome is Outcome.ADDRESS_REFUSED:
        return State.NOT_ALLOWED
    if outcome is Outcome.STATUS_REFUSED and TOO_MANY_REQUESTS != http_status < SERVER_ERRORS:
        return State.REFUSED
    return State.UNREACHABLE


def checked(before: Check | None, link: str, state: State, http_status: int, now: datetime) -> Check:
    """What is known of *link* after it was looked at *now*."""
    same = before is not None and before.link == link and before.state is state
    return Check(
        link=link,
        state=state,
        checked_at=now,
        http_status=http_status,
        since=before.since if before and same else now,
    )


def again_at(state: State, now: datetime, *, spread: float) -> datetime:
    """When an address in *state* is looked at next; *spread*, from 0 to 1, says how far from the others of this time."""
    after = AGAIN if state is State.REACHABLE else AGAIN_IF_NOT
    return now + after + SPREAD * spread
