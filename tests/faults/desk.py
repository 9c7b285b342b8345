"""Somebody who gives commands to a service, each under its key until it is acknowledged, and keeps a ledger of them."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from chassis.caller import Caller, Signer
from chassis.calls import InternalError, Peer
from protos.common.v1 import common_pb2
from vocabulary.refusals import Unavailable

PAUSE_S = 0.1
# A command that is not acknowledged within this time counts as failed.
PATIENCE_S = 120.0


@dataclass(slots=True)
class Ledger:
    """Which commands were acknowledged, by thing and in their order; which had to be sent again, and which failed for good."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    @property
    def retried(self) -> int:
        return len(self.again)

    def note(self, id_: str, action: str) -> None:
        """A command about the thing *id_* was acknowledged."""
        self.acknowledged.setdefault(id_, []).append(action)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracle says: how many acknowledged commands are gone, how many effects happened twice or out of order."""

    lost: int
    duplicated: int


class Desk:
    """Gives commands to one service."""

    def __init__(self, service: str, stub: Any, messages: Any, signer: Signer) -> None:
        self.stub = stub
        self.ledger = Ledger()
        # How it says what it says: as this version of the protocol does, unless told otherwise.
        self.say: Callable[[Message], Message] = lambda message: message
        self._service = service
        self._messages = messages
        self._signer = signer

    def peer(self, caller: Caller) -> Peer:
        return Peer(self._service, lambda: self._signer.for_person(caller))

    def message(self, method: str, **fields: Any) -> Message:
        """A command with a key of its own."""
        command = common_pb2.Command(idempotency_key=str(uuid.uuid4()))
        return self.say(getattr(self._messages, f"{method}Request")(command=command, **fields))

    async def give(self, caller: Caller, method: str, message: Message) -> Any:
        """The answer to a command, which is sent again until there is one."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self.peer(caller).call(getattr(self.stub, method), message)
            except (Unavailable, InternalError) as away:
                self.ledger.again.append(f"{method}: {away!r} because of {away.__cause__!r}")
                if time.monotonic() > until:
                    self.ledger.failed.append(f"{method}: {away}")
                    raise
                await asyncio.sleep(PAUSE_S)

    async def do(self, caller: Caller, method: str, **fields: Any) -> Any:
        """The answer to a new command."""
        return await self.give(caller, method, self.message(method, **fields))


@asynccontextmanager
async def at_work(jobs: Iterable[Callable[[], Awaitable[object]]], pause_s: float = 0.0) -> AsyncIterator[None]:
    """Each of *jobs* is done again and again for as long as the context lasts; what was begun is finished."""
    go_on = True

    async def one(job: Callable[[], Awaitable[object]]) -> None:
        while go_on:
            await job()
            await asyncio.sleep(pause_s)

    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(one(job))
        try:
            yield
        finally:
            go_on = False
