"""How far a webhook has delivered, and what each attempt makes of that.

The cursor moves on only past what was delivered or was not meant. An entry that cannot be delivered is tried again after pauses that
grow to a day; after some days the webhook stands still, at this entry, until a person resumes it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.alerts.domain.webhooks import Webhook
from vocabulary.addresses import Outcome

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(days=1)
# Since the first failure of an entry.
PAUSED_AFTER = timedelta(days=5)
ATTEMPTS_KEPT = 50
GONE = 410


class PauseReason(StrEnum):
    """Why a webhook is paused."""

    BY_HAND = "BY_HAND"
    FAILING = "FAILING"
    GONE = "GONE"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    FILTER_REMOVED = "FILTER_REMOVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message sent once. `number` counts the attempts of this message from 1; pings and challenges have no entry."""

    at: datetime
    message_id: str
    outcome: Outcome
    http_status: int = 0
    duration_ms: int = 0
    number: int = 1
    entry_id: str = ""
    alert_id: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the delivery of one *run* is. `attempts` is of the entry after the cursor, which failed first at `failing_since`."""

    run: int = 0
    cursor: str = ""
    paused: PauseReason | None = None
    attempts: int = 0
    failing_since: datetime | None = None
    next_at: datetime | None = None
    recent: tuple[Attempt, ...] = ()


def begun(before: Progress, webhook: Webhook) -> Progress:
    """The delivery of the last run of *webhook*: where the one before stopped, or after the cursor that was given since that began;
    its attempts are remembered.
    """
    cursor = webhook.start if before.run < webhook.start_run else before.cursor
    return Progress(run=webhook.run, cursor=cursor, recent=before.recent)


def passed(before: Progress, cursor: str) -> Progress:
    """What comes up to *cursor* was not meant."""
    return replace(before, cursor=cursor)


def delivered(before: Progress, attempt: Attempt, cursor: str) -> Progress:
    """The entry at *cursor* was taken."""
    done = replace(before, cursor=cursor, attempts=0, failing_since=None, next_at=None)
    return _noted(done, attempt)


def failed(before: Progress, attempt: Attempt, *, spread: float, retry_after: timedelta = timedelta()) -> Progress:
    """The entry after the cursor was not taken. *spread*, from 0 to 1, keeps those that fail together from coming back together;
    *retry_after* is what the endpoint asks for.
    """
    since = before.failing_since or attempt.at
    tried = _noted(replace(before, attempts=before.attempts + 1, failing_since=since), attempt)
    if attempt.http_status == GONE:
        return stopped(tried, PauseReason.GONE)
    if attempt.at - since >= PAUSED_AFTER:
        return stopped(tried, PauseReason.FAILING)
    asked = min(retry_after, LONGEST_PAUSE)
    # From its end on: the endpoint may have taken longer than a pause.
    ended = attempt.at + timedelta(milliseconds=attempt.duration_ms)
    return replace(tried, next_at=ended + max(pause(before.attempts, spread), asked))


def stopped(before: Progress, why: PauseReason) -> Progress:
    """The delivery stands still until it is resumed."""
    return replace(before, paused=why, next_at=None)


def pause(attempts: int, spread: float) -> timedelta:
    """How long to wait after a failure that *attempts* others came before: twice as long each time, up to a day, less up to half."""
    # An exponent that is limited, because a timedelta is.
    whole: timedelta = min(FIRST_PAUSE * (1 << min(attempts, 20)), LONGEST_PAUSE)
    return whole * (1 - spread / 2)


def _noted(before: Progress, attempt: Attempt) -> Progress:
    return replace(before, recent=(attempt, *before.recent)[:ATTEMPTS_KEPT])
