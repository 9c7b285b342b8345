"""Which entries of an inbox somebody wants: a filter, and whether an entry meets it.

A filter looks at an alert as its reader sees it, so that it tells nobody more than the alert does. What it leaves out still moves a
cursor on.
"""

from collections.abc import Collection, Sequence, Sized
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from services.alerts.domain.alerts import Alert, News
from services.alerts.domain.types import AlertType
from vocabulary.refusals import Conflict, Forbidden, Invalid

# So many values in one list of a filter, and so many filters of one authority.
LIST_LIMIT = 100
FILTERS_LIMIT = 50
NAME_LIMIT = 100

Listed = TypeVar("Listed", bound=str)


class Severity(StrEnum):
    """How grave the danger is that an alert tells of: the closed list of every type that asks for it."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    VERY_HIGH = "VERY_HIGH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Each list narrows; an empty one does not. Types are codes, for every version, or ids, for one."""

    types: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    kinds: tuple[News, ...] = ()


EVERYTHING = Filter()


def matches(wanted: Filter, news: str, alert: Alert, kind: AlertType) -> bool:
    """Whether *wanted* means an entry that tells *news* of *alert*, which is as its reader sees it."""
    return (
        _any(wanted.types, kind.id, kind.code)
        and _any(wanted.areas, alert.area)
        and _any(wanted.severities, alert.severity)
        and _any(wanted.kinds, news)
    )


def checked(wanted: Filter, types: Collection[AlertType], *, at: str) -> Filter:
    """*wanted* with each value once; raises Invalid for a list that is too long, or a type or an area that alerts do not have."""
    known = {name for kind in types for name in (kind.id, kind.code)}
    areas = {kind.area for kind in types}
    return Filter(
        types=_listed(wanted.types, f"{at}.types", known, "alert type", "UNKNOWN_ALERT_TYPE"),
        areas=_listed(wanted.areas, f"{at}.areas", areas, "area with alerts", "UNKNOWN_AREA"),
        severities=_listed(wanted.severities, f"{at}.severities"),
        kinds=_listed(wanted.kinds, f"{at}.kinds"),
    )


def require_few(given: Sized, *, at: str) -> None:
    """Raises Invalid for a list that is too long for a filter: before any of it is looked at, since that would hold everybody up."""
    if len(given) > LIST_LIMIT:
        raise Invalid(f"a filter lists at most {LIST_LIMIT} values", field=at, reason="TOO_MANY")


def _any(wanted: Sequence[str], *found: str) -> bool:
    return not wanted or any(one in wanted for one in found)


def _listed(
    given: Sequence[Listed], at: str, known: Collection[str] | None = None, what: str = "", reason: str = ""
) -> tuple[Listed, ...]:
    require_few(given, at=at)
    for index, one in enumerate(given):
        if known is not None and one not in known:
            raise Invalid(f"there is no {what} {one!r}", field=f"{at}[{index}]", reason=reason)
    return tuple(dict.fromkeys(given))


class Delivery(StrEnum):
    """Where what a saved filter matches goes by itself."""

    NONE = "NONE"
    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Who acts, for which authority: `reads` says that they hold a role in its alerts, `administers` that they are its local data
    administrator.
    """

    user_id: str
    authority_id: str
    reads: bool
    administers: bool
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """A filter under a name that is unique in its authority, for all of its people who read alerts."""

    authority_id: str
    name: str
    filter: Filter
    delivery: Delivery
    created_by: str
    created_at: datetime
    changed_at: datetime
    removed: bool = False


def require_reader(by: Member) -> None:
    """Raises Forbidden for whom an authority's filters are not."""
    if not (by.reads or by.administers):
        raise Forbidden("only people with a role in alerts may use their authority's filters")


def save(name: str, wanted: Filter, delivery: Delivery, by: Member, *, there: int) -> SavedFilter:
    """A new filter of the actor's authority, which has so many already; *wanted* is checked."""
    require_reader(by)
    if there >= FILTERS_LIMIT:
        raise Conflict(f"an authority saves at most {FILTERS_LIMIT} filters", reason="TOO_MANY_FILTERS")
    return SavedFilter(
        authority_id=by.authority_id,
        name=checked_name(name),
        filter=wanted,
        delivery=delivery,
        created_by=by.user_id,
        created_at=by.now,
        changed_at=by.now,
    )


def edit(
    saved: SavedFilter, by: Member, *, name: str | None, wanted: Filter | None, delivery: Delivery | None, in_use: bool
) -> SavedFilter:
    """The filter with what is given in the place of what there was; *in_use* says that a webhook goes by it."""
    _require_owner(saved, by)
    if in_use and delivery not in (None, Delivery.WEBHOOK):
        raise _in_use("delivery")
    return replace(
        saved,
        name=saved.name if name is None else checked_name(name),
        filter=saved.filter if wanted is None else wanted,
        delivery=delivery or saved.delivery,
        changed_at=by.now,
    )


def remove(saved: SavedFilter, by: Member, *, in_use: bool) -> SavedFilter:
    """The filter as nobody finds it any more; its name is free again."""
    _require_owner(saved, by)
    if in_use:
        raise _in_use("id")
    return replace(saved, removed=True, changed_at=by.now)


def checked_name(name: str, *, field: str = "name") -> str:
    """*name* without spaces around it; raises Invalid for none, one that is too long, or one that is not one line of text."""
    found = name.strip()
    if not found:
        raise Invalid("give it a name", field=field, reason="EMPTY")
    if len(found) > NAME_LIMIT:
        raise Invalid(f"a name has at most {NAME_LIMIT} characters", field=field, reason="TOO_LONG")
    if not found.isprintable():
        raise Invalid("a name is one line of text", field=field, reason="CONTROL_CHARACTER")
    return found


def _require_owner(saved: SavedFilter, by: Member) -> None:
    require_reader(by)
    if by.user_id != saved.created_by and not by.administers:
        raise Forbidden("only who made this filter, or a local data administrator, may change it")


def _in_use(field: str) -> Conflict:
    return Conflict("a webhook goes by this filter; change or remove that first", field=field, reason="IN_USE")
