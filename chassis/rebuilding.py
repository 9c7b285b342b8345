"""Commands that build anew what can be made again, while it is used: ``python -m services.requests rebuild participants``.

A copy of the directory is read anew by the command itself. A search index is built by a process of the service, since an embedded
index has one writer: the command orders it through the service's store, and waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from chassis.caller import Signer
from chassis.calls import Peer, open_channel
from chassis.keys import key_ring
from chassis.lists import sortable
from chassis.participants import PARTICIPANTS, Participants
from chassis.process import clock
from chassis.reactions import once_available
from chassis.security import Security
from chassis.settings import ServiceSettings
from engines.documents import AlreadyExists, Collection, Document, Documents, Json, RevisionChanged, open_documents
from engines.search import Index
from protos.directory.v1.participants_pb2_grpc import ParticipantsServiceStub

ORDERS = Collection("orders", tells=False)
LOOK_EVERY_S = 2.0
# A process that carries out an order says so again before this is over; when it dies, another begins after it.
HELD_S = 30.0

log = structlog.get_logger(__name__)


async def rebuild_participants(settings: ServiceSettings, service: str) -> None:
    """Read the copy of the directory that *service* keeps anew; see `chassis.participants`."""
    signer = Signer(key_ring(settings), service)
    async with (
        open_documents(settings.documents(service), [PARTICIPANTS]) as documents,
        open_channel(settings.directory_address, Security.of(settings)) as channel,
    ):
        await Participants(documents, Peer("directory", signer.for_service), ParticipantsServiceStub(channel)).rebuild()


async def rebuild_index(settings: ServiceSettings, service: str, index: Index) -> None:
    """Order that *index* of *service* be built anew, and return when a process of the service has done it."""
    async with open_documents(settings.documents(service), [ORDERS]) as documents:
        order = Order(documents, index, clock)
        number = await order.give()
        log.info("rebuild_ordered", index=index.name, number=number)
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if await order.is_done(number):
                return


class Order:
    """That an index be built anew, numbered: whichever of the service's processes takes it first does it."""

    def __init__(self, documents: Documents, index: Index, now: Callable[[], datetime]) -> None:
        self._documents = documents
        # As the index itself: during a rolling upgrade, the old program's is another.
        self._id = f"{index.name}-{index.fingerprint}"
        self._now = now

    async def give(self) -> int:
        """Order it once more; returns the number of the order."""
        while True:
            before = await self._read()
            number = _number(before, "ordered") + 1
            if await self._write(before, ordered=number):
                return number

    async def is_done(self, number: int) -> bool:
        """Whether a building that began after order *number* was given has ended."""
        return _number(await self._read(), "done") >= number

    async def obey(self, build: Callable[[], Awaitable[None]]) -> None:
        """*build* whenever it is ordered, for ever. A building that fails, or whose process dies, is begun again."""
        while True:
            await once_available(lambda: self._carry_out(build))
            await asyncio.sleep(LOOK_EVERY_S)

    async def _carry_out(self, build: Callable[[], Awaitable[None]]) -> None:
        before = await self._read()
        number = _number(before, "ordered")
        held_until = str(before.body.get("held_until", ""))
        if number <= _number(before, "done") or sortable(self._now()) < held_until:
            return
        if not await self._write(before, held_until=self._lease()):
            return
        holding = asyncio.create_task(self._hold())
        try:
            await build()
        finally:
            holding.cancel()
            # Whoever cannot hold an order may lose it to another, who then does the same.
            await asyncio.gather(holding, return_exceptions=True)
        while not await self._write(await self._read(), done=number, held_until=""):
            pass

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(HELD_S / 3)
            await self._write(await self._read(), held_until=self._lease())

    def _lease(self) -> str:
        return sortable(self._now() + timedelta(seconds=HELD_S))

    async def _read(self) -> Document:
        return await self._documents.get(ORDERS, self._id) or Document(self._id, {})

    async def _write(self, before: Document, **changed: Json) -> bool:
        """Whether *before* was still what is stored, and is *changed* now."""
        after = Document(self._id, {**before.body, **changed}, before.revision)
        try:
            if before.revision:
                await self._documents.compare_and_set(ORDERS, after)
            else:
                await self._documents.insert(ORDERS, after)
        except (AlreadyExists, RevisionChanged):
            return False
        return True


def _number(order: Document, name: str) -> int:
    number = order.body.get(name, 0)
    assert isinstance(number, int)
    return number
