"""What work lists, counts, suggestions and commands cost while closed requests pile up: it must not be more.

``python -m bench.worklists``: one requests service for each number of closed requests, on embedded engines, with one directory;
measured in turn. The closed ones are all of the authority whose lists are asked for, which is the worst that can be.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from grpc import aio
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import console, machine, percentile, show
from chassis.caller import Caller, Signer
from chassis.calls import Peer, open_channel
from chassis.keys import KeyRing
from chassis.outbox import Outbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1 import routing_pb2, worklists_pb2
from protos.requests.v1.requests_pb2_grpc import RequestsServiceStub
from protos.requests.v1.routing_pb2_grpc import RoutingServiceStub
from protos.requests.v1.worklists_pb2_grpc import WorkListsServiceStub
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.requests import storage
from services.requests.domain.lifecycle import Status
from services.requests.wiring import requests
from tests.builders import QUALIFICATIONS
from tests.requests.exchanges import (
    FREE_PORT,
    GOOD_ANSWERS,
    HUNGARY,
    ITALY,
    NOW,
    a_draft,
    a_stored_request,
    command,
)

CLOSED = (0, 50_000, 250_000)
# What the authority has open beside them.
OPEN = {Status.ANSWERED: 150, Status.SENT: 100, Status.ACCEPTED: 50}
AT_ONCE = 1_000
PAGE = common_pb2.Page(first=50)
COMMANDS = "a command"


@dataclass(slots=True)
class Taken:
    """What was measured with so many closed requests."""

    closed: int
    size_mb: float
    seconds: dict[str, list[float]] = field(default_factory=dict)
    per_second: list[float] = field(default_factory=list)


class Measuring:
    """A service, asked again and again."""

    def __init__(self, channel: aio.Channel, signer: Signer, taken: Taken) -> None:
        self._stub = RequestsServiceStub(channel)
        self._lists = WorkListsServiceStub(channel)
        self._routing = RoutingServiceStub(channel)
        self._signer = signer
        self.taken = taken

    def _peer(self, caller: Caller) -> Peer:
        return Peer("requests", lambda: self._signer.for_person(caller))

    async def round(self, times: int, exchanges: int) -> None:
        """Every read *times* times, and *exchanges* exchanges of four commands."""
        for name, read in self._reads().items():
            for _ in range(times):
                await self._timed(name, read)
        began = time.perf_counter()
        for _ in range(exchanges):
            await self._exchange()
        self.taken.per_second.append(4 * exchanges / (time.perf_counter() - began))

    def _reads(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        italy = self._peer(ITALY)
        action = pb.ListRequestsRequest(list=pb.REQUEST_LIST_ACTION_REQUIRED, page=PAGE)
        overdue = pb.ListRequestsRequest(list=pb.REQUEST_LIST_OVERDUE, page=PAGE)
        sent = pb.ListRequestsRequest(list=pb.REQUEST_LIST_SENT, page=PAGE)
        whom = routing_pb2.SuggestRecipientsRequest(area=QUALIFICATIONS, country="HU", concept_ids=["doctor"])
        return {
            "action required, 50 of them": lambda: italy.call(self._stub.ListRequests, action),
            "overdue": lambda: italy.call(self._stub.ListRequests, overdue),
            "all counts": lambda: italy.call(self._lists.CountRequests, worklists_pb2.CountRequestsRequest()),
            "whom to ask": lambda: italy.call(self._routing.SuggestRecipients, whom),
            "sent, 50 of them": lambda: italy.call(self._stub.ListRequests, sent),
        }

    async def _exchange(self) -> None:
        made = await self._command(ITALY, "CreateRequest", draft=a_draft())
        await self._command(ITALY, "SendRequest", id=made.id)
        await self._command(HUNGARY, "AcceptRequest", id=made.id)
        await self._command(HUNGARY, "AnswerRequest", id=made.id, answers=GOOD_ANSWERS)

    async def _command(self, caller: Caller, method: str, **fields: Any) -> pb.Request:
        message = getattr(pb, f"{method}Request")(command=command(), **fields)
        began = time.perf_counter()
        answer: Any = await self._peer(caller).call(getattr(self._stub, method), message)
        self.taken.seconds.setdefault(COMMANDS, []).append(time.perf_counter() - began)
        request: pb.Request = answer.request
        return request

    async def _timed(self, name: str, read: Callable[[], Awaitable[Any]]) -> None:
        began = time.perf_counter()
        await read()
        self.taken.seconds.setdefault(name, []).append(time.perf_counter() - began)


async def stores(folder: Path, closed: Sequence[int]) -> None:
    """A data folder for each number of *closed* requests, each begun as a copy of the one before."""
    total = max(closed) + sum(OPEN.values())
    columns = TextColumn("storing requests"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("stored", total=total)
        there: Path | None = None
        done = 0
        for wanted in closed:
            data = folder / str(wanted)
            if there is None:
                data.mkdir()
                await _store(data, [(status, number) for status, many in OPEN.items() for number in range(many)])
                progress.advance(bar, sum(OPEN.values()))
            else:
                shutil.copytree(there, data)
            while done < wanted:
                some = min(AT_ONCE * 10, wanted - done)
                await _store(data, [(Status.CLOSED, done + number) for number in range(some)])
                done += some
                progress.advance(bar, some)
            there = data


async def _store(data: Path, wanted: Sequence[tuple[Status, int]]) -> None:
    settings = ServiceSettings(data_dir=data)
    async with (
        open_documents(settings.documents("requests"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        kept = storage.requests(documents, Outbox("requests", documents, events, clock))
        for start in range(0, len(wanted), AT_ONCE):
            await kept.load(
                [
                    (
                        f"req_{status}{number:09}",
                        a_stored_request(status, changed_at=NOW - timedelta(minutes=number)),
                        [],
                    )
                    for status, number in wanted[start : start + AT_ONCE]
                ]
            )


@asynccontextmanager
async def measuring(data: Path, closed: int, found: str, directory_data: Path) -> AsyncIterator[Measuring]:
    """A service over the store in *data*."""
    settings = ServiceSettings(
        data_dir=data, keys_dir=directory_data / "keys", listen_address=FREE_PORT, directory_address=found
    )
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file()) / 1e6
    async with requests(settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        yield Measuring(channel, Signer(KeyRing(settings.keys), "gateway"), Taken(closed, size))


async def measure(closed: Sequence[int], rounds: int, times: int, exchanges: int) -> list[Taken]:
    """The figures for each number of *closed* requests, taken in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imi-bench-")))
        await stores(folder, closed)
        data = folder / "directory"
        settings = DirectorySettings(data_dir=data, training_data=True, listen_address=FREE_PORT)
        server = await stack.enter_async_context(directory(settings))
        found = f"127.0.0.1:{server.port}"
        each = [
            await stack.enter_async_context(measuring(folder / str(one), one, found, data)) for one in sorted(closed)
        ]
        columns = TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console) as progress:
            for one in each:  # warms up, and is not counted
                await one.round(2, 1)
                one.taken.seconds.clear()
                one.taken.per_second.clear()
            for _ in progress.track(range(rounds), description="rounds"):
                for one in each:
                    await one.round(times, exchanges)
        return [one.taken for one in each]


def main(
    closed: Annotated[list[int] | None, typer.Option(help="numbers of closed requests to compare")] = None,
    rounds: Annotated[int, typer.Option(help="rounds over all of them")] = 10,
    times: Annotated[int, typer.Option(help="reads of each kind a round")] = 10,
    exchanges: Annotated[int, typer.Option(help="exchanges a round, of four commands each")] = 5,
) -> None:
    """Measure, and print what was found beside what it is without closed requests."""
    taken = asyncio.run(measure(sorted(closed or CLOSED), rounds, times, exchanges))
    console.print(f"\n{machine()}; {sum(OPEN.values())} open requests beside the closed ones, embedded engines")
    for name in taken[0].seconds:
        first = percentile(taken[0].seconds[name], 0.5)
        rows = [
            (
                f"{one.closed:,}",
                f"{percentile(one.seconds[name], 0.99) * 1000:.1f}",
                f"{percentile(one.seconds[name], 0.5) / first:.2f}",
                f"{percentile(one.seconds[name], 0.5) * 1000:.1f}",
            )
            for one in taken
        ]
        show(name, ("closed", "p99 ms", "× the first", "p50 ms"), rows)
    speeds = [(f"{one.closed:,}", f"{one.size_mb:.0f}", f"{percentile(one.per_second, 0.5):.0f}") for one in taken]
    show("Commands, one at a time", ("closed", "store MB", "commands/s"), speeds)


if __name__ == "__main__":
    typer.run(main)
