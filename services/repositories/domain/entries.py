"""Entries: what is published, what is in preparation, what was published before; and who somebody is to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.repositories.domain.audiences import ANONYMOUS, Keys
from services.repositories.domain.definitions import Definition
from services.repositories.domain.lifecycle import Action, Side, Status, step
from vocabulary.files import File
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.values import Value

REASON_LIMIT = 1_000
# Every version and every step is kept in the entry's one document, which a store lets grow to so much.
VERSIONS_LIMIT, STEPS_LIMIT = 500, 2_000
CHARACTERS_LIMIT = 2_000_000
# What is noted of a file beside its name.
FILE_LENGTH = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts or reads: the areas in which they edit the entries of their authority, or approve those of others, and their keys."""

    authority_id: str
    country: str
    user_id: str = ""
    areas: frozenset[str] = frozenset()
    approves: frozenset[str] = frozenset()
    keys: Keys = ANONYMOUS
    is_system: bool = False
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What an entry says, by the schema it was written for. Numbers count from 1 and leave no gap. Both days are included."""

    number: int
    schema_version: int
    values: Mapping[str, Value]
    at: datetime
    reason: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    files: tuple[File, ...] = ()
    # The version that it says the same as, if it was made by going back to it.
    reverts_to: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that was done to an entry, and the version that it was about."""

    at: datetime
    authority_id: str
    user_id: str
    action: Action
    before: Status | None
    after: Status
    version: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a repository, with its versions; `earlier` has the newest first, `history` the oldest."""

    repository: str
    owner_id: str
    country: str
    status: Status
    published: Version | None = None
    draft: Version | None = None
    earlier: tuple[Version, ...] = ()
    withdrawal_reason: str = ""
    return_reason: str = ""
    history: tuple[Step, ...] = ()
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None = None

    @property
    def versions(self) -> list[Version]:
        """The version that is published and the one in preparation, as far as there are any."""
        return [version for version in (self.published, self.draft) if version]

    @property
    def latest(self) -> Version | None:
        """What was published last, whether readers still see it or not."""
        return self.published or (self.earlier[0] if self.earlier else None)

    @property
    def schema_version(self) -> int:
        """The newest schema that anything in it was written for."""
        return max((version.schema_version for version in (*self.versions, *self.earlier)), default=1)

    @property
    def once_published(self) -> Sequence[Version]:
        """Everything that was ever published, the newest first."""
        return [self.published, *self.earlier] if self.published else self.earlier


def files_of(entry: Entry) -> list[File]:
    """The files that stand in any version of *entry*, each once."""
    versions = (*entry.versions, *entry.earlier)
    return list({one.id: one for version in versions for one in version.files}.values())


def let_go(before: Entry, after: Entry) -> list[File]:
    """The files that stand in *after* no more."""
    kept = {one.id for one in files_of(after)}
    return [one for one in files_of(before) if one.id not in kept]


def system(now: datetime) -> Actor:
    """The system itself, at *now*."""
    return Actor(authority_id="", country="", is_system=True, now=now)


def areas_of(entry: Entry, definition: Definition) -> list[str]:
    """The areas of legislation in which *entry* stands, or is about to stand; after its end, in which it stood."""
    versions = (version for version in (entry.latest, entry.draft) if version)
    return list(dict.fromkeys(area for version in versions for area in definition.areas(version.values)))


def sides(entry: Entry, definition: Definition, who: Actor) -> frozenset[Side]:
    """Everything that *who* is to *entry*."""
    if who.is_system:
        return frozenset({Side.SYSTEM})
    areas = areas_of(entry, definition)
    if entry.owner_id == who.authority_id:
        # Whoever edits in any area begins a draft that is in none yet.
        edits = bool(who.areas) if not areas else not who.areas.isdisjoint(areas)
        return frozenset({Side.EDITOR if edits else Side.COLLEAGUE})
    approves = entry.country == who.country and not who.approves.isdisjoint(areas)
    return frozenset({Side.READER, Side.APPROVER} if approves else {Side.READER})


def moved(entry: Entry, definition: Definition, action: Action, by: Actor) -> Entry:
    """*entry* in the status after *action*; raises what `lifecycle.step` raises."""
    return replace(entry, status=step(definition, entry.status, action, sides(entry, definition, by)))


def recorded(
    after: Entry, action: Action, before: Status | None, by: Actor, *, version: int = 0, reason: str = ""
) -> Entry:
    """*after* with the step that led to it. Editing the same draft on and on is one step."""
    made = Step(
        at=by.now,
        authority_id=by.authority_id,
        user_id=by.user_id,
        action=action,
        before=before,
        after=after.status,
        version=version,
        reason=reason,
    )
    history = after.history
    if history and action is Action.EDIT and _same(history[-1], made):
        history = history[:-1]
    return replace(after, changed_at=by.now, history=(*history, made))


def _same(one: Step, other: Step) -> bool:
    return (one.action, one.user_id, one.after, one.version) == (
        other.action,
        other.user_id,
        other.after,
        other.version,
    )


def require_room(entry: Entry) -> None:
    """Raises Conflict if nothing more can be added to *entry*: it can be ended, and that is all."""
    versions = (*entry.versions, *entry.earlier)
    length = sum(map(_length, versions)) + sum(len(step.reason) for step in entry.history)
    if len(versions) > VERSIONS_LIMIT or len(entry.history) > STEPS_LIMIT or length > CHARACTERS_LIMIT:
        raise Conflict("the entry has too long a history; withdraw it and begin another one", reason="HISTORY_FULL")


def _length(version: Version) -> int:
    said = [version.reason]
    for value in version.values.values():
        said += (*(value.codes or ()), *(value.references or ()), *(value.files or ()), value.link or "")
        said.append(value.text.text if value.text else "")
    return sum(map(len, said)) + sum(len(file.name) + FILE_LENGTH for file in version.files)


def checked_reason(reason: str, *, needed: bool = False, why: str = "") -> str:
    """*reason* without surrounding space; raises Invalid for one that is too long, or is *needed* and not there: say *why*."""
    stripped = reason.strip()
    if len(stripped) > REASON_LIMIT:
        raise Invalid(
            f"the reason has {len(stripped)} characters; {REASON_LIMIT} are allowed", field="reason", reason="TOO_LONG"
        )
    if needed and not stripped:
        raise Invalid(f"say why {why}", field="reason", reason="EMPTY")
    return stripped


def require_editor_of(entry: Entry, definition: Definition, by: Actor) -> None:
    """Raises Forbidden if the entry stands, or is about to stand, in an area in which *by* edits nothing."""
    require_areas(dict.fromkeys(areas_of(entry, definition), ""), by)


def require_areas(areas: Mapping[str, str], by: Actor) -> None:
    """Raises Forbidden naming the first of *areas*, each with where it stands in the input, in which *by* edits nothing."""
    for area, where in areas.items():
        if area not in by.areas:
            raise Forbidden(
                f"you edit entries in {_listed(by.areas)}, not in {area}", field=where, reason="NOT_EDITOR_OF_AREA"
            )


def _listed(areas: Iterable[str]) -> str:
    return ", ".join(sorted(areas)) or "no area"
