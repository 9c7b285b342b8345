"""Entries: what is published, what is in preparation, what was published before; and who may change them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.repositories.domain.definitions import Definition
from services.repositories.domain.lifecycle import VIEWS, Action, Side, Status, View, step
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.values import Value

REASON_LIMIT = 1_000
# Versions kept behind the published one. Each answer that is stored for a repeated command holds them all.
EARLIER_KEPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts or reads: their authority, and the areas in which they edit its entries."""

    authority_id: str
    country: str
    areas: frozenset[str]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an entry says, by the schema it was written for. Numbers count from 1 and leave no gap."""

    number: int
    schema_version: int
    values: Mapping[str, Value]
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a repository, with its versions; `earlier` has the newest first."""

    repository: str
    owner_id: str
    country: str
    status: Status
    published: Version | None = None
    draft: Version | None = None
    earlier: tuple[Version, ...] = ()
    withdrawal_reason: str = ""
    created_at: datetime
    changed_at: datetime

    @property
    def versions(self) -> list[Version]:
        """The version that is published and the one in preparation, as far as there are any."""
        return [version for version in (self.published, self.draft) if version]


def side(owner_id: str, who: Actor) -> Side:
    """Who *who* is to an entry of *owner_id*."""
    if owner_id != who.authority_id:
        return Side.READER
    return Side.EDITOR if who.areas else Side.COLLEAGUE


def seen(entry: Entry, who: Actor) -> Entry | None:
    """*entry* as far as *who* may see it; None if they may not know that it exists."""
    view = VIEWS[entry.status].get(side(entry.owner_id, who))
    if view is View.WHOLE:
        return entry
    if view is None or not (entry.published or entry.earlier):
        return None
    return replace(entry, draft=None)


def create(definition: Definition, values: Mapping[str, Value], by: Actor) -> Entry:
    """A new entry of the actor's authority, which may be incomplete; raises Forbidden unless they edit where it belongs."""
    status = step(None, Action.CREATE, side(by.authority_id, by))
    _require_editor_of_input(definition, values, by)
    return Entry(
        repository=definition.code,
        owner_id=by.authority_id,
        country=by.country,
        status=status,
        draft=Version(number=1, schema_version=definition.version, values=values, at=by.now),
        created_at=by.now,
        changed_at=by.now,
    )


def edit(entry: Entry, definition: Definition, values: Mapping[str, Value], reason: str, by: Actor) -> Entry:
    """The entry with *values* as its draft, which may be incomplete; what is published stays as it is."""
    status = step(entry.status, Action.EDIT, side(entry.owner_id, by))
    _require_editor_of(entry, definition, by)
    _require_editor_of_input(definition, values, by)
    draft = Version(
        number=entry.published.number + 1 if entry.published else 1,
        schema_version=definition.version,
        values=values,
        at=by.now,
        reason=_checked(reason),
    )
    return replace(entry, status=status, draft=draft, changed_at=by.now)


def publish(entry: Entry, definition: Definition, by: Actor) -> Entry:
    """The entry with its draft as what readers see; raises Conflict if there is none, Invalid if it is incomplete."""
    status = step(entry.status, Action.PUBLISH, side(entry.owner_id, by))
    _require_editor_of(entry, definition, by)
    if entry.draft is None:
        raise Conflict("there is no new version to publish; edit the entry first", reason="NOTHING_TO_PUBLISH")
    # The schema may have changed since the draft was written: what is published fits the one in force.
    values = definition.check(entry.draft.values, complete=True)
    return replace(
        entry,
        status=status,
        published=replace(entry.draft, values=values, schema_version=definition.version, at=by.now),
        draft=None,
        earlier=_with(entry.published, entry.earlier),
        changed_at=by.now,
    )


def withdraw(entry: Entry, definition: Definition, reason: str, by: Actor) -> Entry:
    """The entry out of readers' sight for good; its owner keeps what was published and what was in preparation."""
    status = step(entry.status, Action.WITHDRAW, side(entry.owner_id, by))
    _require_editor_of(entry, definition, by)
    reason = _checked(reason)
    if not reason:
        raise Invalid("say why the entry is withdrawn", field="reason", reason="EMPTY")
    return replace(
        entry,
        status=status,
        published=None,
        earlier=_with(entry.published, entry.earlier),
        withdrawal_reason=reason,
        changed_at=by.now,
    )


def _with(superseded: Version | None, earlier: tuple[Version, ...]) -> tuple[Version, ...]:
    return (superseded, *earlier)[:EARLIER_KEPT] if superseded else earlier


def _checked(reason: str) -> str:
    stripped = reason.strip()
    if len(stripped) > REASON_LIMIT:
        raise Invalid(
            f"the reason has {len(stripped)} characters; {REASON_LIMIT} are allowed", field="reason", reason="TOO_LONG"
        )
    return stripped


def _require_editor_of(entry: Entry, definition: Definition, by: Actor) -> None:
    """Raises Forbidden if the entry stands, or is about to stand, in an area in which *by* edits nothing."""
    for version in entry.versions:
        _require_areas(dict.fromkeys(definition.areas(version.values), ""), by)


def _require_editor_of_input(definition: Definition, values: Mapping[str, Value], by: Actor) -> None:
    _require_areas(definition.areas(values), by)


def _require_areas(areas: Mapping[str, str], by: Actor) -> None:
    for area, where in areas.items():
        if area not in by.areas:
            raise Forbidden(
                f"you edit entries in {_listed(by.areas)}, not in {area}", field=where, reason="NOT_EDITOR_OF_AREA"
            )


def _listed(areas: Iterable[str]) -> str:
    return ", ".join(sorted(areas))
