"""A small directory over real gRPC that can go away, and a service's copy of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Signer, Verifier
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS, Participants
from chassis.process import clock
from chassis.server import Server, serving
from engines.documents import Documents, open_documents
from engines.events import Event, Events, open_events
from protos.directory.v1.events_pb2 import AuthorityChanged
from protos.directory.v1.participants_pb2 import DESCRIPTOR
from protos.directory.v1.participants_pb2_grpc import (
    ParticipantsServiceStub,
    add_ParticipantsServiceServicer_to_server,
)
from services.directory import storage
from services.directory.domain.authorities import Authority
from services.directory.rpc.participants import ParticipantsRpc
from tests.directory.bodies import an_authority
from tests.ports import a_dead_address


class Asked(Peer):
    """Asks for real; remembers how often, and may hold back what it was answered."""

    def __init__(self, folder: Path) -> None:
        super().__init__("directory", Signer(KeyRing(folder / "keys"), "alerts").for_service)
        self.calls: Counter[str] = Counter()
        self.holds = False
        self.held: list[asyncio.Future[None]] = []

    async def call(self, method: Any, request: Any) -> Any:
        self.calls[type(request).__name__.removesuffix("Request")] += 1
        answer = await super().call(method, request)
        if self.holds:
            released = asyncio.get_running_loop().create_future()
            self.held.append(released)
            await released
        return answer


class Directory:
    """The directory: its store, and its service while it answers."""

    def __init__(self, folder: Path, authorities: Aggregates[Authority], outbox: Outbox, events: Events) -> None:
        self.outbox = outbox
        self.events = events
        self._folder = folder
        self._authorities = authorities
        self.address = a_dead_address()

    def answering(self) -> AbstractAsyncContextManager[Server]:
        return serving(
            lambda server: add_ParticipantsServiceServicer_to_server(ParticipantsRpc(self._authorities), server),
            [DESCRIPTOR.services_by_name["ParticipantsService"].full_name],
            self.address,
            Verifier(KeyRing(self._folder / "keys")),
        )

    async def register(self, *ids: str, **fields: Any) -> list[Event]:
        """New authorities, alike but for their names; gives what is told of each."""
        new = [(id_, an_authority(f"{id_} 1", **fields), [_changed(id_, 1)]) for id_ in ids]
        await self._authorities.load(new)
        return [self.outbox.event(_changed(id_, 1), id_) for id_ in ids]

    async def change(self, id_: str, **fields: Any) -> Event:
        """Its next revision, by which it is called; gives what is told of it."""

        async def changed(before: Kept[Authority]) -> tuple[Authority, Sequence[AuthorityChanged]]:
            number = before.revision + 1
            after = replace(before.state, official_name={"it": f"{id_} {number}"}, **fields)
            return after, [_changed(id_, number)]

        key = CommandKey(self.outbox.event(AuthorityChanged(), id_).id, "", None)
        told = await self._authorities.change(
            id_, key, changed, lambda kept: _changed(id_, kept.revision), AuthorityChanged
        )
        return self.outbox.event(told, id_)

    async def revisions(self) -> dict[str, int]:
        return {kept.id: kept.revision for kept in await self._authorities.find(limit=1_000)}


def _changed(id_: str, revision: int) -> AuthorityChanged:
    return AuthorityChanged(authority_id=id_, revision=revision, country_code="IT")


@asynccontextmanager
async def a_directory(folder: Path) -> AsyncIterator[Directory]:
    """A directory in which nobody is registered, and which does not answer yet."""
    async with (
        open_documents(f"sqlite:///{folder}/directory.db", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        yield Directory(folder, storage.authorities(documents, outbox), outbox, events)


class Copy(Participants):
    """A service's copy, with its store and who it asks through."""

    def __init__(self, documents: Documents, asked: Asked, directory: ParticipantsServiceStub) -> None:
        super().__init__(documents, asked, directory)
        self.documents = documents
        self.asked = asked

    async def hear(self, *told: Event) -> None:
        """React to events as `follow` does, in this order."""
        (react,) = self.follow(None, "alerts")._by_type.values()  # type: ignore[arg-type]
        await react(told)

    async def kept(self) -> dict[str, int]:
        """The revision of each entry, whatever is missing."""
        found = await self.documents.find(PARTICIPANTS, limit=1_000)
        return {one.id: int(str(one.body["revision"])) for one in found if "revision" in one.body}


@asynccontextmanager
async def a_copy(folder: Path, directory: Directory, name: str = "copy") -> AsyncIterator[Copy]:
    """An empty copy."""
    async with (
        open_documents(f"sqlite:///{folder}/{name}.db", [PARTICIPANTS]) as documents,
        open_channel(directory.address) as channel,
    ):
        yield Copy(documents, Asked(folder), ParticipantsServiceStub(channel))
