"""A webhook: an authority's inbox, delivered to an address of its own system; what each command makes of it.

Where its delivery stands is kept beside it (`deliveries`): that changes with every message, this only when a person wants it. `run`
counts how often delivery was begun or begun again; a delivery that has not come to `start_run` yet begins after `start`, whichever
runs it has missed in between.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.alerts.domain.filters import Delivery, Filter, Member, SavedFilter, checked_name
from vocabulary.refusals import Conflict, Forbidden, Invalid

WEBHOOKS_LIMIT = 10
# For so long, the secret before signs beside a new one.
SECRETS_OVERLAP = timedelta(days=1)
# Between two challenges or pings: nobody makes this system knock on a door all day.
TRIED_EVERY = timedelta(seconds=10)


class Status(StrEnum):
    """Where a webhook stands."""

    UNVERIFIED = "UNVERIFIED"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    REMOVED = "REMOVED"


class Action(StrEnum):
    """What can be done to a webhook."""

    EDIT = "EDIT"
    VERIFY = "VERIFY"
    PING = "PING"
    CHANGE_SECRET = "CHANGE_SECRET"  # noqa: S105
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REMOVE = "REMOVE"


# The table is the whole rule, but for an edit of the address, which makes any webhook unverified.
TRANSITIONS: dict[Status, dict[Action, Status]] = {
    Status.UNVERIFIED: {
        Action.EDIT: Status.UNVERIFIED,
        Action.VERIFY: Status.ACTIVE,
        Action.CHANGE_SECRET: Status.UNVERIFIED,
        Action.REMOVE: Status.REMOVED,
    },
    Status.ACTIVE: {
        Action.EDIT: Status.ACTIVE,
        Action.PING: Status.ACTIVE,
        Action.CHANGE_SECRET: Status.ACTIVE,
        Action.PAUSE: Status.PAUSED,
        # One that its endpoint's failures have paused, or that is to deliver again what it has delivered.
        Action.RESUME: Status.ACTIVE,
        Action.REMOVE: Status.REMOVED,
    },
    Status.PAUSED: {
        Action.EDIT: Status.PAUSED,
        Action.PING: Status.PAUSED,
        Action.CHANGE_SECRET: Status.PAUSED,
        Action.RESUME: Status.ACTIVE,
        Action.REMOVE: Status.REMOVED,
    },
    Status.REMOVED: {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which entries a webhook delivers: those of a filter of its own, or of a saved one."""

    filter: Filter | None = None
    saved_filter_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address of an authority's system. Its secret is not here: it is made of the id and the number of the secret."""

    authority_id: str
    name: str
    url: str
    selection: Selection
    status: Status = Status.UNVERIFIED
    secret: int = 1
    old_secret_until: datetime | None = None
    run: int = 0
    start: str = ""
    start_run: int = 1
    tried_at: datetime | None = None
    verified_at: datetime | None = None
    created_by: str
    created_at: datetime
    changed_at: datetime

    def secrets(self, now: datetime) -> tuple[int, ...]:
        """The numbers of the secrets that sign, the newest first."""
        overlaps = self.old_secret_until is not None and now < self.old_secret_until
        return (self.secret, self.secret - 1) if overlaps else (self.secret,)


def require_administrator(by: Member) -> None:
    """Raises Forbidden for whom webhooks are not."""
    if not by.administers:
        raise Forbidden("only a local data administrator of the authority deals with its webhooks")


def register(name: str, url: str, selection: Selection, start: str, by: Member, *, there: int) -> Webhook:
    """A new webhook of the actor's authority, which has so many already; *url* and *selection* are checked."""
    require_administrator(by)
    if there >= WEBHOOKS_LIMIT:
        raise Conflict(f"an authority has at most {WEBHOOKS_LIMIT} webhooks", reason="TOO_MANY_WEBHOOKS")
    return Webhook(
        authority_id=by.authority_id,
        name=checked_name(name),
        url=url,
        selection=selection,
        start=start,
        created_by=by.user_id,
        created_at=by.now,
        changed_at=by.now,
    )


def edit(webhook: Webhook, by: Member, *, name: str | None, url: str | None, selection: Selection | None) -> Webhook:
    """The webhook with what is given in the place of what there was. Another address has to answer a challenge first."""
    after = _moved(webhook, Action.EDIT, by)
    if url not in (None, webhook.url):
        after = replace(after, url=url, status=Status.UNVERIFIED, verified_at=None)
    return replace(
        after,
        name=webhook.name if name is None else checked_name(name),
        selection=webhook.selection if selection is None else selection,
    )


def try_now(webhook: Webhook, action: Action, by: Member) -> Webhook:
    """The webhook as it is while a challenge or a ping is sent; raises Conflict if the one before was a moment ago."""
    after = _moved(webhook, action, by)
    if webhook.tried_at is not None and by.now < webhook.tried_at + TRIED_EVERY:
        raise Conflict(f"wait {TRIED_EVERY.seconds} seconds between two tries", reason="TOO_SOON")
    return replace(after, status=webhook.status, tried_at=by.now)


def verify(webhook: Webhook, by: Member, *, url: str) -> Webhook:
    """The webhook after *url*, to which the challenge went, has answered it."""
    after = _moved(webhook, Action.VERIFY, by)
    if url != webhook.url:
        raise Conflict("its address was changed meanwhile; verify it again", reason="URL_CHANGED")
    return replace(after, verified_at=by.now, run=webhook.run + 1)


def change_secret(webhook: Webhook, by: Member, *, drop_old: bool) -> Webhook:
    """The webhook with its next secret; raises Conflict while two are good already, unless the older ones are to be dropped."""
    after = _moved(webhook, Action.CHANGE_SECRET, by)
    if len(webhook.secrets(by.now)) > 1 and not drop_old:
        raise Conflict(
            "two secrets are good already; wait until the old one ends, or drop it", reason="SECRET_CHANGING"
        )
    return replace(after, secret=webhook.secret + 1, old_secret_until=None if drop_old else by.now + SECRETS_OVERLAP)


def pause(webhook: Webhook, by: Member) -> Webhook:
    """The webhook that delivers nothing until it is resumed; its cursor stays."""
    return _moved(webhook, Action.PAUSE, by)


def resume(webhook: Webhook, by: Member, *, after_cursor: str, stands_still: bool) -> Webhook:
    """The webhook as it delivers again, after *after_cursor* or where it stopped; *stands_still*: failures have paused it."""
    after = _moved(webhook, Action.RESUME, by)
    if webhook.status is Status.ACTIVE and not (stands_still or after_cursor):
        raise Conflict("it is not paused; say after which cursor it is to deliver again", reason="NOT_PAUSED")
    begun = replace(after, run=webhook.run + 1)
    return replace(begun, start=after_cursor, start_run=begun.run) if after_cursor else begun


def remove(webhook: Webhook, by: Member) -> Webhook:
    """The webhook as nobody finds it any more; its name is free again."""
    return _moved(webhook, Action.REMOVE, by)


def require_for_webhooks(saved: SavedFilter | None, authority_id: str, *, field: str) -> None:
    """Raises Invalid unless *saved* is a filter of the authority whose delivery is to webhooks."""
    if saved is None or saved.removed or saved.authority_id != authority_id:
        raise Invalid("your authority has saved no such filter", field=field, reason="UNKNOWN_FILTER")
    if saved.delivery is not Delivery.WEBHOOK:
        raise Invalid("this filter is not delivered to webhooks; change its delivery", field=field, reason="DELIVERY")


def _moved(webhook: Webhook, action: Action, by: Member) -> Webhook:
    require_administrator(by)
    status = TRANSITIONS[webhook.status].get(action)
    if status is None:
        possible = ", ".join(TRANSITIONS[webhook.status]) or "nothing"
        raise Conflict(
            f"{action} is not possible while the webhook is {webhook.status}; possible is {possible}",
            reason="TRANSITION",
        )
    return replace(webhook, status=status, changed_at=by.now)
