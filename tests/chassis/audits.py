"""An audit without a service: a store of its own that can go away, keys, reads."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chassis.audit.chain import Segment
from chassis.audit.segments import AUDIT, Segments
from chassis.audit.verifying import Fault, Verifying, verify
from chassis.audit.writing import Audit
from chassis.chains import SigningKeys
from chassis.keys import KeyRing
from engines.documents import Collection, Document, Documents, open_documents
from engines.events import Event
from tests.chassis.ticking import Clock
from vocabulary.audit import Kind, Part, Read, Thing, Via
from vocabulary.refusals import Unavailable

SERVICE = "requests"
WINDOW_S = 60.0
RETENTION = timedelta(days=30)


def a_read(
    number: int = 1, *, user: str = "usr_anna", refused: str = "", parts: Sequence[Part] = (Part.CONTENT,)
) -> Read:
    return Read(
        at=f"2026-11-27T09:{number // 60:02}:{number % 60:02}.000000Z",
        user=user,
        authority="aut_it",
        country="IT",
        via=Via.GATEWAY,
        operation="imi.requests.v1.RequestsService/BatchGetRequests",
        trace=f"{number:032x}",
        refused=refused,
        things=(Thing(Kind.REQUEST, f"req_{number}", number, tuple(parts)),),
    )


class Store:
    """A document store; while it is `away` it answers nobody, once `forgetful` it writes and does not say so, and once `late` it only
    writes when nobody waits for that any more: just before it would write the next.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.away = False
        self.forgetful = self.late = 0
        self._waiting: list[tuple[Collection, Document]] = []

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise Unavailable("the store is away", reason="STORE_UNAVAILABLE")
        return getattr(self._documents, name)

    async def compare_and_set(
        self, collection: Collection, document: Document, events: Sequence[Event] = ()
    ) -> Document:
        if self.away:
            raise Unavailable("the store is away", reason="STORE_UNAVAILABLE")
        if self.late:
            self.late -= 1
            self._waiting.append((collection, document))
            raise Unavailable("the store takes too long", reason="STORE_UNAVAILABLE")
        while self._waiting:
            await self._documents.compare_and_set(*self._waiting.pop())
        written = await self._documents.compare_and_set(collection, document, events)
        if self.forgetful:
            self.forgetful -= 1
            raise Unavailable("the connection is lost", reason="STORE_UNAVAILABLE")
        return written


@dataclass
class Auditing:
    """One store, and the processes that write into it."""

    store: Store
    keys: SigningKeys
    clock: Clock
    # What time a process sees pass, for how long it has waited.
    waited_s: float = 0.0

    @property
    def segments(self) -> Segments:
        return Segments(SERVICE, self.store)

    def process(self) -> Audit:
        return Audit(
            SERVICE,
            self.segments,
            self.keys,
            self.clock,
            window_s=WINDOW_S,
            retention=RETENTION,
            monotonic=lambda: self.waited_s,
        )

    async def write(self, *reads: Read) -> None:
        audit = self.process()
        async with audit.writing():
            for read in reads:
                audit.accept(read)

    async def all(self) -> list[Segment]:
        return [one async for one in self.segments.all()]

    async def reads(self) -> list[Read]:
        return [row.read for segment in await self.all() for row in segment.rows]

    async def fault(self, erased_before: datetime | None = None) -> Fault | None:
        return await fault(await self.all(), self.keys, erased_before=erased_before)


async def fault(segments: Sequence[Segment], keys: SigningKeys, **more: Any) -> Fault | None:
    """What is wrong with *segments*; None if they are as they were written."""

    async def each() -> AsyncIterator[Segment]:
        for one in segments:
            yield one

    return await verify(each(), Verifying(SERVICE, {key["kid"]: key for key in keys.published()}, **more))


@asynccontextmanager
async def auditing(folder: Path) -> AsyncIterator[Auditing]:
    async with open_documents(f"sqlite:///{folder}/documents.db", [AUDIT]) as documents:
        yield Auditing(Store(documents), SigningKeys(KeyRing(folder), f"{SERVICE}_audit"), Clock())
