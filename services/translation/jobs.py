"""Jobs in the store: begun once however many ask, looked after by one process at a time, found again after a restart.

Their texts are sealed there. What ends is told through the outbox, by its id alone, and to whoever waits in this process.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from google.protobuf.message import Message

from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.removing import Removal
from chassis.together import Together
from engines.documents import Collection, Condition, Document, Documents, Index, Json, Range, RevisionChanged
from protos.translation.v1 import events_pb2
from services.translation import wire
from services.translation.domain import jobs as rules
from services.translation.domain.jobs import Job, State
from services.translation.domain.translations import Segment
from services.translation.vault import Sealed, Vault
from services.translation.writing import Writes
from vocabulary.refusals import Unavailable

JOBS = Collection("translation_jobs", (Index(("wakes_at",)), Index(("source_id",)), Index(("expires_at",))))
# Sorts behind every time: nobody has to look.
NEVER = "9999"
# What is left of a forgotten job tells those who wait for it that they need not.
FORGOTTEN_KEPT = timedelta(days=1)
BATCH = 100
RACES_LOST_LIMIT = 16
# What another process has finished is found by looking: soon by whoever waits to answer, by and by for a stream.
LOOK_EVERY_S = 0.5
WATCH_EVERY_S = 2.0

Decide = Callable[[Job], Job | None]


def removal() -> Removal:
    """Removes what is left of jobs that were forgotten."""

    def over(now: datetime) -> Mapping[str, Condition]:
        # Those without a time were forgotten when it was not yet noted.
        return {"expires_at": Range(at_least=NEVER, below=_forgotten_since(now - FORGOTTEN_KEPT))}

    return Removal(collection=JOBS, over=over, sort="expires_at")


class Jobs:
    """The jobs of this service's store."""

    def __init__(self, documents: Documents, outbox: Outbox, vault: Vault, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._writes = Writes(documents, JOBS)
        self._reads: Together[Document] = Together(self._by_id)
        self._outbox = outbox
        self._vault = vault
        self._now = now
        self._bells: WeakValueDictionary[str, _Bell] = WeakValueDictionary()

    def id_of(self, segment: Segment, engines: str) -> str:
        """The id of the job for *segment* with these *engines*."""
        return rules.job_id(segment, self._vault.pepper, engines)

    async def get_many(self, ids: Sequence[str]) -> dict[str, Job]:
        """Those that exist, by id."""
        found = await self._documents.get_many(JOBS, list(dict.fromkeys(ids)))
        return {document.id: job for document in found if (job := self._job(document))}

    async def begin(self, wanted: Mapping[str, Segment]) -> list[Job]:
        """Begin a job for each id, unless somebody else has meanwhile; returns those that are this caller's to work on."""
        left = dict(wanted)
        ours: list[Job] = []
        for _ in range(RACES_LOST_LIMIT):
            begun = await self._begin(left)
            ours += [job for job, is_ours in begun if is_ours]
            # Who was faster has begun it, or forgotten what there was.
            left = {job.id: left[job.id] for job, is_ours in begun if not is_ours}
            if not left:
                break
        return ours

    async def _begin(self, wanted: Mapping[str, Segment]) -> list[tuple[Job, bool]]:
        """The jobs that may be begun, and whether they were."""
        now = self._now()
        there = {one.id: one for one in await self._documents.get_many(JOBS, list(wanted))}
        writes: list[tuple[Document, Sequence[Any]]] = []
        jobs: list[Job] = []
        for id_, segment in wanted.items():
            document = there.get(id_)
            before = self._job(document) if document else None
            if before is not None and not rules.may_begin_again(before, now):
                continue
            job = rules.begun_again(before, segment, now) if before else rules.new_job(segment, id_, now)
            jobs.append(job)
            writes.append((self._document(job, document.revision if document else 0), ()))
        written = await self._documents.write_many(JOBS, writes) if writes else []
        return list(zip(jobs, written, strict=True))

    async def change(self, id_: str, decide: Decide) -> Job | None:
        """Let *decide* turn the open job into its next state; none, if it is no longer open or *decide* leaves it alone."""
        for _ in range(RACES_LOST_LIMIT):
            document = await self._reads.get(id_)
            before = self._job(document) if document else None
            if document is None or before is None or not before.is_open:
                return None
            after = decide(before)
            if after is None:
                return None
            if await self._replace(document, after):
                return after
        raise Unavailable("the job is being changed by too many at once", reason="BUSY")

    async def claim_due(self) -> list[Job]:
        """Open jobs that nobody looks after any more, or whose engine has not called back; they are the caller's now."""
        now = self._now()
        due = {"wakes_at": Range(below=sortable(now + timedelta(microseconds=1)))}
        claimed: list[Job] = []
        for document in await self._documents.find(JOBS, due, sort="wakes_at", limit=BATCH):
            job = self._job(document)
            if job is None:
                # Nobody can go on with it, and it would stand before the others for ever.
                await self._forget(document)
            elif job.is_open and await self._replace(document, rules.kept_alive(job, now)):
                claimed.append(job)
        return claimed

    async def expire(self) -> int:
        """Forget what is too old; returns how many there were, at most `BATCH`."""
        due = {"expires_at": Range(below=sortable(self._now()))}
        found = await self._documents.find(JOBS, due, sort="expires_at", limit=BATCH)
        return sum([await self._forget(document) for document in found])

    async def forget(self, source_id: str) -> int:
        """Forget everything that came of the texts of one thing; returns how many jobs that was."""
        count = 0
        while found := await self._documents.find(JOBS, {"source_id": source_id}, limit=BATCH):
            count += sum([await self._forget(document) for document in found])
        return count

    async def wait(self, ids: Sequence[str], seconds: float) -> dict[str, Job]:
        """The jobs *ids* as soon as none of them is open, or as they are after *seconds*."""
        return await self._wait(ids, seconds, LOOK_EVERY_S, lambda is_open: not is_open)

    async def wait_for_any(self, ids: Sequence[str], seconds: float) -> dict[str, Job]:
        """The jobs *ids* as soon as one of them is not open, or as they are after *seconds*."""
        return await self._wait(ids, seconds, WATCH_EVERY_S, lambda is_open: len(is_open) < len(ids))

    async def _wait(
        self, ids: Sequence[str], seconds: float, look_every_s: float, is_enough: Callable[[Sequence[str]], bool]
    ) -> dict[str, Job]:
        clock = asyncio.get_running_loop().time
        end, look_at = clock() + seconds, clock() + look_every_s
        bells = {id_: self._bell(id_) for id_ in ids}
        rung = {id_: bell.next() for id_, bell in bells.items()}
        found = await self.get_many(ids)
        while True:
            rung = {id_: ring for id_, ring in rung.items() if id_ in found and found[id_].is_open}
            if is_enough(list(rung)) or clock() >= end:
                return found
            until = min(end, look_at)
            await asyncio.wait(rung.values(), timeout=max(0.0, until - clock()), return_when=asyncio.FIRST_COMPLETED)
            # Those of one batch end together.
            await asyncio.sleep(0)
            changed = [id_ for id_, ring in rung.items() if ring.done()]
            if clock() >= look_at:
                changed, look_at = list(rung), clock() + look_every_s
            rung |= {id_: bells[id_].next() for id_ in changed}
            found |= await self.get_many(changed)

    async def _by_id(self, ids: Sequence[str]) -> dict[str, Document]:
        return {document.id: document for document in await self._documents.get_many(JOBS, ids)}

    def _bell(self, id_: str) -> "_Bell":
        bell = self._bells.get(id_)
        if bell is None:
            bell = self._bells[id_] = _Bell()
        return bell

    async def _forget(self, document: Document) -> bool:
        job = self._job(document) or _unreadable(document)
        try:
            await self._documents.compare_and_set(
                JOBS, self._document(rules.forgotten(job, self._now()), document.revision)
            )
        except RevisionChanged:
            return False
        self._ring(document.id)
        return True

    async def _replace(self, document: Document, after: Job) -> bool:
        """Write *after* over what was read, and tell of it if it ends; says whether nobody was faster."""
        events = [self._outbox.event(message, after.id) for message in _told(after)]
        if not await self._writes.write(self._document(after, document.revision), events):
            return False
        if events:
            self._outbox.wake()
            self._ring(after.id)
        return True

    def _ring(self, id_: str) -> None:
        bell = self._bells.get(id_)
        if bell is not None:
            bell.ring()

    def _document(self, job: Job, revision: int) -> Document:
        state: Any = msgspec.to_builtins(job)
        state["text"] = self._vault.seal(job.text)
        if state["made"] is not None:
            state["made"] = {**state["made"], "text": self._vault.seal(state["made"]["text"])}
        body: dict[str, Json] = {
            "wakes_at": sortable(job.wakes_at) if job.is_open else NEVER,
            "expires_at": _forgotten_since(self._now()) if job.state is State.FORGOTTEN else sortable(job.expires_at),
            "source_id": job.source_id or None,
            "state": state,
        }
        return Document(job.id, body, revision)

    def _job(self, document: Document) -> Job | None:
        """The job as it is; none, if its key is gone: it counts as one that never was."""
        state: Any = document.body["state"]
        try:
            opened = {**state, "text": self._vault.open(state["text"])}
            if state["made"] is not None:
                opened["made"] = {**state["made"], "text": self._vault.open(state["made"]["text"])}
        except Sealed:
            return None
        return msgspec.convert(opened, Job)


class _Bell:
    """Wakes everybody who waits for its next ring."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """Done at the next ring. Take it before looking, so that nothing is missed in between."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    def ring(self) -> None:
        if self._next is not None and not self._next.done():
            self._next.set_result(None)


def _told(job: Job) -> list[Message]:
    if job.state is State.TRANSLATED:
        return [events_pb2.TranslationCompleted(job_id=job.id)]
    if job.state is State.UNAVAILABLE:
        assert job.reason is not None
        return [events_pb2.TranslationFailed(job_id=job.id, reason=wire.REASON.to_wire(job.reason))]
    return []


def _unreadable(document: Document) -> Job:
    """A job whose key is gone, as far as it must be known to be forgotten."""
    state: Any = document.body["state"]
    return msgspec.convert({**state, "text": "", "made": None, "state": State.UNAVAILABLE}, Job)


def _forgotten_since(at: datetime) -> str:
    return f"{NEVER} {sortable(at)}"
