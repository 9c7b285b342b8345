"""One import: what each row comes to, and its doing.

A dry run and a real one decide by the same lines, and part where a row would be written. Rows are written several at a time, but one
that is about a post, of which there is one only, is written alone, after all before it: the order of the file decides who has it.
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
from chassis.tables.rows import Row
from protos.directory.v1 import bulk_pb2 as pb
from services.directory.bulk import columns, drafts, reports
from services.directory.bulk.posts import Posts
from services.directory.domain import authorities as rules
from services.directory.domain import bulk, coordination, direct, registration
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.granting import LINKS
from services.directory.domain.history import Command
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from services.directory.rpc.recording import changed, check_references, post_taken, recorded
from vocabulary.refusals import Conflict, Invalid, Refusal, Unavailable
from vocabulary.roles import LegislativeRole

AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who imports, under which key, and whether it is meant."""

    caller: Caller
    command: CommandKey
    dry_run: bool
    # In which the report names the authorities.
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A row that says which authority it is about: *kept*, if there is one."""

    row: Row
    id: str
    external_id: str
    kept: Kept[Authority] | None = None

    @property
    def is_about_posts(self) -> bool:
        said = (cell for name, cell in self.row.cells.items() if name.startswith(columns.MODULES))
        return bool(self.kept and self.kept.state.posts) or any(
            LegislativeRole.LIMIC in map(str.upper, cell) for cell in said
        )


class _NothingToDo(Exception):
    """The authority is what the row says."""


class Importing:
    """An import under way."""

    def __init__(
        self, reference: Reference, authorities: Aggregates[Authority], now: Callable[[], datetime], order: Order
    ) -> None:
        self._reference = reference
        self._authorities = authorities
        self._now = now
        self._order = order
        self._posts = Posts(authorities)
        # Authority → the row that is about it.
        self._seen: dict[str, int] = {}

    async def importer(self) -> tuple[Person, str]:
        """Who imports, and for which country, as things are now; raises Forbidden if it is nobody who may."""
        by = await person(self._order.caller, self._authorities)
        return by, bulk.importer(by).country

    async def results(self, rows: Iterable[Row]) -> AsyncIterator[pb.ImportedRow]:
        """What each of *rows* came to, in their order. Raises Unavailable if the store is away, and Forbidden as `importer` does."""
        remaining = iter(rows)
        while batch := list(islice(remaining, AT_ONCE)):
            by, country = await self.importer()
            found = [(reports.about(row, self._order.language), row) for row in batch]
            tasks = [self._task(report, row, country) for report, row in found]
            kept = await self._authorities.get_many([task.id for task in tasks if task])
            by_id = {one.id: one for one in kept}
            tasks = [replace(task, kept=by_id.get(task.id)) if task else None for task in tasks]
            await self._do_all([(report, task) for (report, _), task in zip(found, tasks, strict=True)], by)
            for report, _ in found:
                yield report

    def _task(self, report: pb.ImportedRow, row: Row, country: str) -> Task | None:
        """What *row* is about; nothing, and *report* says why, if that cannot be known."""
        try:
            if row.fault is not None:
                raise row.fault
            key = bulk.external_id(row.text(columns.EXTERNAL_ID))
            id_ = bulk.authority_id(country, key)
            if id_ in self._seen:
                raise Invalid(
                    f"row {self._seen[id_]} is about the same authority", field="externalId", reason="REPEATED"
                )
        except Refusal as refusal:
            reports.refuse(report, drafts.in_columns(refusal, ()))
            return None
        self._seen[id_] = row.number
        report.authority_id = id_
        return Task(row=row, id=id_, external_id=key)

    async def _do_all(self, tasks: Sequence[tuple[pb.ImportedRow, Task | None]], by: Person) -> None:
        together: list[tuple[pb.ImportedRow, Task]] = []
        for report, task in tasks:
            if task is None:
                continue
            if self._order.dry_run or task.is_about_posts:
                await self._do_together(together, by)
                together = []
                await self._do(report, task, by)
            else:
                together.append((report, task))
        await self._do_together(together, by)

    async def _do_together(self, tasks: Sequence[tuple[pb.ImportedRow, Task]], by: Person) -> None:
        doing: list[Awaitable[None]] = [self._do(report, task, by) for report, task in tasks]
        # Each ends before a failure is told: nothing goes on behind an import that is over.
        for ended in await asyncio.gather(*doing, return_exceptions=True):
            if ended is not None:
                raise ended

    async def _do(self, report: pb.ImportedRow, task: Task, by: Person) -> None:
        """Do what *task* says, and complete its *report*."""
        try:
            done = await (self._foreseen(task, by) if self._order.dry_run else self._done(task, by))
        except Unavailable:
            raise
        except Refusal as refusal:
            reports.refuse(report, refusal)
        else:
            report.outcome = done.outcome
            report.changed.extend(done.changed)

    async def _foreseen(self, task: Task, by: Person) -> pb.ImportedRow:
        before = task.kept.state if task.kept else None
        after = await self._decided(task, before, by)
        self._posts.plan(task.id, before, after)
        return _answer(task, before, after)

    async def _done(self, task: Task, by: Person) -> pb.ImportedRow:
        """Register or edit the authority, in one write; gives the first answer if this import has done it before."""
        if task.kept is None:
            try:
                return await self._register(task, by)
            except Conflict as conflict:
                if conflict.reason != "ALREADY_EXISTS":
                    raise
                # Another import has registered it at this moment.
        try:
            return await self._edit(task, by)
        except _NothingToDo:
            return pb.ImportedRow(outcome=pb.IMPORT_OUTCOME_UNCHANGED)

    async def _edit(self, task: Task, by: Person) -> pb.ImportedRow:
        decided: list[tuple[Authority, Authority]] = []

        async def decide(kept: Kept[Authority]) -> tuple[Authority, Sequence[Message]]:
            after = await self._decided(task, kept.state, by)
            if after == kept.state:
                raise _NothingToDo
            decided[:] = [(kept.state, after)]
            after = recorded(kept.state, after, Command.EDIT, self._order.caller, self._now())
            return after, [changed(kept.id, kept.revision + 1, after)]

        try:
            return await self._authorities.change(
                task.id, self._key(task), decide, lambda _: _answer(task, *decided[0]), pb.ImportedRow
            )
        except Conflict as conflict:
            if conflict.reason == "ALREADY_EXISTS":
                raise post_taken(decided[0][1], field=columns.MODULES.rstrip(".")) from conflict
            raise

    async def _register(self, task: Task, by: Person) -> pb.ImportedRow:
        new = await self._decided(task, None, by)
        answer = _answer(task, None, new)
        new = recorded(None, new, Command.REGISTER, self._order.caller, self._now())
        try:
            return await self._authorities.create(
                task.id, self._key(task), new, [changed(task.id, 1, new)], lambda _: answer
            )
        except Conflict as conflict:
            if conflict.reason == "ALREADY_EXISTS" and await self._authorities.get(task.id) is None:
                raise post_taken(new, field=columns.MODULES.rstrip(".")) from conflict
            raise

    async def _decided(self, task: Task, before: Authority | None, by: Person) -> Authority:
        """The authority as *task* makes it: *before* itself, if it is so already. Raises the refusal, in the words of the file."""
        assert by.authority is not None
        country = by.authority.country
        before = bulk.own(before, country)
        said = drafts.said(task.row, before, country)
        try:
            if before is None:
                after = self._registered(replace(said, external_id=task.external_id), by)
            else:
                after = self._edited(task.id, before, bulk.edited(before, said), by)
                if after.region != before.region:
                    await self._check_coordinators(after)
            bulk.check_status(after.status, task.row.text(columns.STATUS))
            if after != before:
                await self._posts.check(task.id, after)
        except Refusal as refusal:
            raise drafts.in_columns(refusal, [access.module for access in said.access]) from refusal
        return after

    def _registered(self, new: Authority, by: Person) -> Authority:
        bulk.check_new(new)
        new = rules.check(new, at="")
        check_references(self._reference, new, at="")
        return direct.registered(new, by, self._reference.territories(new.country, new.region))

    def _edited(self, id_: str, before: Authority, after: Authority, by: Person) -> Authority:
        if after == before:
            return before
        territories = self._reference.territories(before.country, before.region)
        registration.step(before.status, Command.EDIT, coordination.actors(by, id_, before, territories))
        check_references(self._reference, after, at="")
        return after

    async def _check_coordinators(self, after: Authority) -> None:
        named = {getattr(access, name) for access in after.access for name in LINKS} - {""}
        linked = {kept.id: kept.state for kept in await self._authorities.get_many(sorted(named))}
        bulk.check_coordinators(after, self._reference.territories(after.country, after.region), linked)

    def _key(self, task: Task) -> CommandKey:
        """The key of one row: of this import, and this authority."""
        digest = hashlib.sha256(chr(31).join((self._order.command.key, task.id)).encode()).digest()
        said = hashlib.sha256(repr(sorted(task.row.cells.items())).encode())
        return CommandKey(base64.b85encode(digest[:20]).decode(), said.hexdigest()[:32], None)


def _answer(task: Task, before: Authority | None, after: Authority) -> pb.ImportedRow:
    if before is None:
        return pb.ImportedRow(outcome=pb.IMPORT_OUTCOME_CREATED)
    if after == before:
        return pb.ImportedRow(outcome=pb.IMPORT_OUTCOME_UNCHANGED)
    differing = drafts.changed(drafts.cells(task.id, before), drafts.cells(task.id, after))
    return pb.ImportedRow(outcome=pb.IMPORT_OUTCOME_CHANGED, changed=differing)
