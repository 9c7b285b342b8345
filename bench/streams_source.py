"""What the gateway reads when it is measured alone: one authority's inbox and what its entries refer to, served from memory.

The real services, on the same two cores, would be measured with it. What they add is in the figures of the whole system.
It is a process of its own, so that it waits for nobody who listens.
"""

# The names and the arguments are gRPC's.
# ruff: noqa: ARG002, N802

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc

from chassis.server import Call
from protos.alerts.v1 import alerts_pb2, alerts_pb2_grpc
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2, directory_pb2_grpc

QUERY = """subscription { alertStream { cursor at entry { id kind at alert {
  id revision number status view createdAt changedAt broadcastAt country { code name } } } } }"""
_MODULE = "services/alerts"


class _Directory(directory_pb2_grpc.DirectoryServiceServicer):
    async def ResolveUser(
        self,
        request: directory_pb2.ResolveUserRequest,
        context: Call,
    ) -> directory_pb2.ResolveUserResponse:
        role = directory_pb2.RoleInModule(module=_MODULE, role=directory_pb2.USER_ROLE_ALERT_DISSEMINATOR)
        user = directory_pb2.User(id="usr_hu", language="hu", authority_id="aut_hu_alerts", roles=[role])
        authority = directory_pb2.Authority(id="aut_hu_alerts", country_code="HU")
        return directory_pb2.ResolveUserResponse(user=user, authority=authority)

    async def BatchGetCountries(
        self,
        request: directory_pb2.BatchGetCountriesRequest,
        context: Call,
    ) -> directory_pb2.BatchGetCountriesResponse:
        name = common_pb2.LocalizedText(texts={"hu": "Olaszország"})
        found = [directory_pb2.Country(code=code, name=name) for code in request.ids]
        return directory_pb2.BatchGetCountriesResponse(countries=found)


class Inbox(alerts_pb2_grpc.AlertsServiceServicer):
    """An inbox that is told what to say."""

    def __init__(self) -> None:
        self._told = 0
        self._readers: set[asyncio.Queue[int]] = set()

    def tell(self) -> None:
        """One more entry, for all who watch."""
        self._told += 1
        for reader in self._readers:
            reader.put_nowait(self._told)

    async def WatchInbox(
        self,
        request: alerts_pb2.WatchInboxRequest,
        context: Call,
    ) -> AsyncIterator[alerts_pb2.WatchInboxResponse]:
        reader: asyncio.Queue[int] = asyncio.Queue()
        self._readers.add(reader)
        try:
            yield _item(self._told)
            while True:
                number = await reader.get()
                item = _item(number)
                kind = alerts_pb2.INBOX_ENTRY_KIND_BROADCAST
                item.entry.MergeFrom(
                    alerts_pb2.InboxEntry(id=f"ent_{number:08}", alert_id=f"alt_{number:08}", kind=kind, at=item.at)
                )
                yield item
        finally:
            self._readers.discard(reader)

    async def BatchGetAlerts(
        self,
        request: alerts_pb2.BatchGetAlertsRequest,
        context: Call,
    ) -> alerts_pb2.BatchGetAlertsResponse:
        return alerts_pb2.BatchGetAlertsResponse(alerts=[_alert(id_) for id_ in request.ids])


def _item(number: int) -> alerts_pb2.WatchInboxResponse:
    item = alerts_pb2.WatchInboxResponse(cursor=f"WyJhbGVydHMiLCJhdXRfaHVfYWxlcnRzIiwg{number:08}")
    item.at.GetCurrentTime()
    return item


def _alert(id_: str) -> alerts_pb2.Alert:
    alert = alerts_pb2.Alert(
        id=id_,
        revision=3,
        number=f"AL-2026-{id_.removeprefix('alt_')}",
        status=alerts_pb2.ALERT_STATUS_BROADCAST,
        view=alerts_pb2.ALERT_VIEW_FULL,
        country_code="IT",
    )
    for moment in (alert.created_at, alert.changed_at, alert.broadcast_at):
        moment.GetCurrentTime()
    return alert


async def serve() -> None:
    """Say on which port the inbox answers; then, for each line ``EVENTS SECONDS``, tell so many events so many seconds apart."""
    server = aio.server()
    inbox = Inbox()  # type: ignore[abstract]  # of the services, only what the gateway asks here
    alerts: Any = alerts_pb2_grpc
    directory: Any = directory_pb2_grpc
    alerts.add_AlertsServiceServicer_to_server(inbox, server)
    directory.add_DirectoryServiceServicer_to_server(_Directory(), server)  # type: ignore[abstract]
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        events, every_s = line.split()
        start = loop.time()
        for number in range(int(events)):
            await asyncio.sleep(max(0.0, start + number * float(every_s) - loop.time()))
            inbox.tell()
        print("told", flush=True)
    await server.stop(None)


@asynccontextmanager
async def source() -> AsyncIterator[tuple[Callable[[int, float], Awaitable[None]], Mapping[str, str]]]:
    """A process with such an inbox: how to make it tell something, and under which addresses (settings by name) it answers."""
    program = (sys.executable, "-m", "bench.streams_source")
    process = await asyncio.create_subprocess_exec(*program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    to, back = process.stdin, process.stdout
    address = f"127.0.0.1:{int(await back.readline())}"

    async def tell(events: int, every_s: float) -> None:
        to.write(f"{events} {every_s}\n".encode())
        await back.readline()

    try:
        names = ("DIRECTORY", "REQUESTS", "ALERTS", "TRANSLATION", "REPOSITORIES")
        yield tell, {f"{name}_ADDRESS": address for name in names}
    finally:
        to.close()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(serve())
