"""One import: what each row comes to, and its doing.

A dry run and a real one decide by the same lines, and part where a row is written.
A row is one command, on one entry: it is done whole, or not at all. Rows are about different entries, so many are written at a time.
"""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller
from chassis.references import References
from chassis.tables.rows import Row
from protos.repositories.v1 import transfer_pb2 as pb
from services.repositories import wire
from services.repositories.domain import drafting, releasing
from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import Content
from services.repositories.domain.entries import Actor, Entry, Version, moved, require_editor_of
from services.repositories.domain.lifecycle import WAITING, Action
from services.repositories.domain.views import view
from services.repositories.readers import actor
from services.repositories.transfer import columns, reports
from services.repositories.transfer.columns import Reading
from vocabulary import ids
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, Unavailable
from vocabulary.values import Value, ValueType

AT_ONCE = 64
KEY_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who imports into which repository, which may have a newer version by now, under which key, and what is to be done."""

    caller: Caller
    command: CommandKey
    definition: Definition
    newest: Callable[[], Definition]
    dry_run: bool
    publish: bool
    # Of texts whose row does not say in which language they are.
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A row that says which entry it is about: *kept*, if there is one."""

    row: Row
    id: str
    kept: Kept[Entry] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The entry after a row, and what is told of that: nothing, if it is so already."""

    after: Entry
    steps: Sequence[tuple[Action, Entry | None, Entry]] = ()


class _NothingToDo(Exception):
    """The entry is what the row says."""


class Wrong(Exception):
    """All that keeps a row from being done."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(refusals)
        self.refusals = refusals


class Importing:
    """An import under way."""

    def __init__(
        self, entries: Aggregates[Entry], references: References, now: Callable[[], datetime], order: Order
    ) -> None:
        self._entries = entries
        self._references = references
        self._now = now
        self._order = order
        # Entry → the row that is about it.
        self._seen: dict[str, int] = {}
        # What the directory was asked for, and knows.
        self._known: set[tuple[ValueType, str]] = set()

    def importer(self) -> Actor:
        """Who imports, as things are now; raises Forbidden for who edits nothing in the repository, Stale if it has a new version."""
        if self._order.newest().version != self._order.definition.version:
            raise Stale("the repository has a new version; look at it, and send the file again", field="repository")
        by = actor(self._order.caller, self._order.definition, self._now())
        area = self._order.definition.area
        if not by.areas or (area and area not in by.areas):
            raise Forbidden("only a repository editor imports entries")
        return by

    async def results(self, rows: Iterable[Row]) -> AsyncIterator[pb.ImportedEntry]:
        """What each of *rows* came to, in their order. Raises Unavailable if a store is away, and as `importer` does."""
        remaining = iter(rows)
        # Not on the event loop: what a file packs can take seconds to read until its next row.
        while batch := await asyncio.to_thread(lambda: list(islice(remaining, AT_ONCE))):
            by = self.importer()
            found = [pb.ImportedEntry(row=row.number, line=row.line) for row in batch]
            tasks = [self._task(report, row, by) for report, row in zip(found, batch, strict=True)]
            kept = {one.id: one for one in await self._entries.get_many([task.id for task in tasks if task])}
            doing: list[Awaitable[None]] = [
                self._do(report, replace(task, kept=kept.get(task.id)), by)
                for report, task in zip(found, tasks, strict=True)
                if task
            ]
            # Each ends before a failure is told: nothing goes on behind an import that is over.
            for ended in await asyncio.gather(*doing, return_exceptions=True):
                if ended is not None:
                    raise ended
            for report in found:
                yield report

    def _task(self, report: pb.ImportedEntry, row: Row, by: Actor) -> Task | None:
        """What *row* is about; nothing, and *report* says why, if that cannot be known."""
        try:
            if row.fault is not None:
                raise row.fault
            id_ = self._id(row, by)
            if id_ in self._seen:
                raise Invalid(f"row {self._seen[id_]} is about the same entry", field=columns.ID, reason="REPEATED")
        except Refusal as refusal:
            reports.refuse(report, [refusal])
            return None
        self._seen[id_] = row.number
        return Task(row=row, id=id_)

    def _id(self, row: Row, by: Actor) -> str:
        """Which entry: the one of this id, the one of the authority's own key, or a new one, which is this row's."""
        key = row.text(columns.ID)
        if len(key) > KEY_LIMIT:
            raise Invalid(f"a key has at most {KEY_LIMIT} characters", field=columns.ID, reason="TOO_LONG")
        if key.startswith(f"{ids.ENTRY}_"):
            return key
        code = self._order.definition.code
        if key:
            return ids.derived(ids.ENTRY, "key", by.authority_id, code, key)
        return ids.derived(ids.ENTRY, "row", self._order.command.key, code, str(row.number))

    async def _do(self, report: pb.ImportedEntry, task: Task, by: Actor) -> None:
        """Do what *task* says, and complete its *report*."""
        try:
            done = await (self._foreseen(task, by) if self._order.dry_run else self._done(task, by))
        except Wrong as wrong:
            reports.refuse(report, wrong.refusals)
        except Unavailable:
            raise
        except Refusal as refusal:
            reports.refuse(report, [refusal])
        else:
            report.outcome = done.outcome
            if task.kept or not self._order.dry_run:
                report.entry_id = task.id

    async def _foreseen(self, task: Task, by: Actor) -> pb.ImportedEntry:
        decided = await self._decided(task, task.kept.state if task.kept else None, by)
        return _answer(task.kept, decided)

    async def _done(self, task: Task, by: Actor) -> pb.ImportedEntry:
        """Create or edit the entry, in one write; gives the first answer if this import has done it before."""
        if task.kept is None:
            decided = await self._decided(task, None, by)
            try:
                return await self._entries.create(
                    task.id,
                    self._key(task),
                    decided.after,
                    _events(task.id, 1, decided),
                    lambda _: _answer(None, decided),
                )
            except Conflict as conflict:
                if conflict.reason != "ALREADY_EXISTS":
                    raise
                # Another import has created it at this moment.
        try:
            return await self._edit(task, by)
        except _NothingToDo:
            return pb.ImportedEntry(outcome=pb.ENTRY_IMPORT_OUTCOME_UNCHANGED)

    async def _edit(self, task: Task, by: Actor) -> pb.ImportedEntry:
        async def decide(kept: Kept[Entry]) -> tuple[Entry, Sequence[Message]]:
            decided = await self._decided(task, kept.state, by)
            if not decided.steps:
                raise _NothingToDo
            return decided.after, _events(kept.id, kept.revision + 1, decided)

        changed = pb.ImportedEntry(outcome=pb.ENTRY_IMPORT_OUTCOME_CHANGED)
        return await self._entries.change(task.id, self._key(task), decide, lambda _: changed, pb.ImportedEntry)

    async def _decided(self, task: Task, before: Entry | None, by: Actor) -> Decided:
        """The entry as *task* makes it. Raises Wrong with all that is wrong with the values, or the refusal of a rule."""
        definition, row = self._order.definition, task.row
        self._check_entry(task, before, by)
        current = drafting.basis(before, definition) if before else None
        reading = Reading(definition, current, row, self._order.language)
        values = reading.values()
        days = [reading.day(column) for column in (columns.VALID_FROM, columns.VALID_TO)]
        await self._check_references(reading, values)
        if self._order.publish:
            reading.require_complete(values)
        if reading.refusals:
            raise Wrong(reading.refusals)
        content = Content(
            values=values,
            files=current.files if current else (),
            valid_from=wire.day_from(days[0], at="validFrom"),
            valid_to=wire.day_from(days[1], at="validTo"),
        )
        try:
            return self._ruled(before, current, content, by)
        except Refusal as refusal:
            raise columns.in_columns(refusal, values) from refusal

    def _check_entry(self, task: Task, before: Entry | None, by: Actor) -> None:
        """Raises the refusal of a row that is about no entry of the importer's, or of another repository."""
        definition, key = self._order.definition, task.row.text(columns.ID)
        owner = task.row.text(columns.OWNER)
        if before is None:
            if key == task.id:
                raise NotFound(f"there is no entry {key!r}", field=columns.ID)
        elif before.repository != definition.code or view(before, definition, by) is None:
            raise NotFound(f"there is no entry {task.id!r}", field=columns.ID)
        if (before and before.owner_id != by.authority_id) or owner not in ("", by.authority_id):
            raise Forbidden("it is another authority's", field=columns.OWNER, reason="NOT_OWNER")
        if before:
            # Whether it says what the row says is for those who see all of it.
            require_editor_of(before, definition, by)

    async def _check_references(self, reading: Reading, values: dict[str, Value]) -> None:
        """Gather what the directory does not know; nothing is asked for twice in an import."""
        fields = {field.code: field for field in self._order.definition.fields}
        for code, value in values.items():
            named = {(fields[code].type, one) for one in value.references or ()}
            if named <= self._known:
                continue
            try:
                await self._references.check_form([fields[code]], {code: value}, at="values")
            except Invalid as refusal:
                reading.refusals.append(columns.in_columns(refusal, [code]))
            else:
                self._known |= named

    def _ruled(self, before: Entry | None, current: Version | None, content: Content, by: Actor) -> Decided:
        definition = self._order.definition
        steps: list[tuple[Action, Entry | None, Entry]] = []
        after = before
        if before is None:
            after = drafting.create(definition, content, by)
            steps.append((Action.CREATE, None, after))
        elif not current or not _says(current, content):
            after = drafting.edit(before, definition, content, "", by)
            steps.append((Action.EDIT, before, after))
        else:
            moved(before, definition, Action.EDIT, by)  # what has ended says nothing any more
        assert after is not None
        if self._order.publish and after.draft and after.status not in WAITING:
            release, action = (
                (releasing.submit, Action.SUBMIT) if definition.approval else (releasing.publish, Action.PUBLISH)
            )
            released = release(after, definition, by)
            steps.append((action, after, released))
            after = released
        return Decided(after=after, steps=steps)

    def _key(self, task: Task) -> CommandKey:
        """The key of one row: of this import, and this entry."""
        digest = hashlib.sha256(chr(31).join((self._order.command.key, task.id)).encode()).digest()
        said = hashlib.sha256(repr((sorted(task.row.cells.items()), self._order.publish)).encode())
        return CommandKey(base64.b85encode(digest[:20]).decode(), said.hexdigest()[:32], None)


def _says(version: Version, content: Content) -> bool:
    said = (content.values, content.valid_from, content.valid_to)
    return (version.values, version.valid_from, version.valid_to) == said


def _events(id_: str, revision: int, decided: Decided) -> list[Message]:
    return [wire.changed(id_, revision, action, before, after) for action, before, after in decided.steps]


def _answer(before: Kept[Entry] | None, decided: Decided) -> pb.ImportedEntry:
    changed = pb.ENTRY_IMPORT_OUTCOME_CHANGED if decided.steps else pb.ENTRY_IMPORT_OUTCOME_UNCHANGED
    return pb.ImportedEntry(outcome=changed if before else pb.ENTRY_IMPORT_OUTCOME_CREATED)
