"""A directory and replicas of the alerts service, each a process of its own, and a look into their engines."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.inbox import INBOX
from chassis.participant_entries import FILLED
from chassis.participants import PARTICIPANTS
from deploy import servers
from deploy.cluster import Part
from deploy.servers.server import Server
from engines.documents import AnyOf, Condition, Documents, open_documents
from engines.events import Events, open_events
from services.alerts import wiring as alerts
from services.directory import wiring as directory
from services.directory.settings import DirectorySettings
from tests.faults.audience import Audience, load

ASKED_AT_ONCE = 500
LOOK_EVERY_S = 0.05
# A process is at rest when it uses less than this share of a processor.
AT_REST = 0.1


@dataclass(frozen=True, slots=True)
class System:
    """What runs, and a look into its engines."""

    folder: Path
    directory: Server
    replicas: Sequence[Server]
    documents: Documents
    events: Events

    @property
    def address(self) -> str:
        """Where the replicas of alerts answer."""
        return ",".join(f"127.0.0.1:{one.port}" for one in self.replicas)

    def cpu_s(self) -> float:
        """The processor time that all have used: what a figure means on a machine that others use too."""
        return sum(_cpu_s(one.pid) for one in (self.directory, *self.replicas))

    async def until_delivered(self, entry_id: str, recipients: list[str]) -> None:
        """Return when the entry is in the inbox of each of *recipients*."""
        for start in range(0, len(recipients), ASKED_AT_ONCE):
            some = recipients[start : start + ASKED_AT_ONCE]
            where: dict[str, Condition] = {"recipient": AnyOf(some), "entry_ids": entry_id}
            while True:
                if await self.documents.count(INBOX, where, at_most=len(some)) == len(some):
                    break
                await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def alerting(
    folder: Path, engines: Mapping[str, str], audience: Audience, *, replicas: int = 1
) -> AsyncIterator[System]:
    """All on *engines*, with *audience* in the directory and in the copy of it that alerts keep."""
    folder.mkdir()
    environment = {**engines, "DATA_DIR": str(folder)}
    settings = DirectorySettings.model_validate({name.lower(): value for name, value in environment.items()})
    await directory.prepare(settings)
    await alerts.prepare(settings)
    await load(settings, audience)
    ports = servers.free_ports(folder)
    found = f"127.0.0.1:{next(ports)}"

    def part(name: str, module: str, port: int, **peers: str) -> Server:
        return Server(Part(name, name, f"services.{module}", {**environment, **peers}), folder, port, 0)

    asked = part("directory", "directory", int(found.partition(":")[2]), REQUESTS_ADDRESS="none", ALERTS_ADDRESS="none")
    warning = [
        part(f"alerts-{number}", "alerts", next(ports), DIRECTORY_ADDRESS=found) for number in range(1, replicas + 1)
    ]
    async with AsyncExitStack() as stack:
        for one in (asked, *warning):
            stack.push_async_callback(one.stop)
            await one.start()
        documents = await stack.enter_async_context(open_documents(settings.documents("alerts"), [INBOX, PARTICIPANTS]))
        events = await stack.enter_async_context(open_events(settings.events))
        started = System(folder, asked, warning, documents, events)
        await _until_copied(documents)
        await _until_at_rest(started)
        yield started


async def _until_copied(documents: Documents) -> None:
    while True:
        noted = await documents.get(PARTICIPANTS, FILLED)
        if noted and noted.body["done"]:
            return
        await asyncio.sleep(0.5)


async def _until_at_rest(started: System) -> None:
    """The directory builds its index in the meantime."""
    before = started.cpu_s()
    while True:
        await asyncio.sleep(2)
        now = started.cpu_s()
        if now - before < 2 * AT_REST:
            return
        before = now


def _cpu_s(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")
