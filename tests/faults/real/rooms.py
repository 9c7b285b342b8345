"""Errands at all replicas of a service, again and again."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.keys import KeyRing
from chassis.settings import ServiceSettings
from deploy.cluster import Cluster
from deploy.servers import Servers
from tests.faults.desk import Desk
from tests.faults.errands import Errand, Traces
from tests.faults.real.conftest import Figures


@dataclass(slots=True)
class Room:
    """Errands at one service, what comes of them, and what comes of one that nothing disturbs."""

    errand: Errand
    desk: Desk
    traces: Traces
    expected: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, errand: Errand, system: Cluster, servers: Servers, *besides: str) -> AsyncIterator["Room"]:
        """At the replicas of *system*, and at those that answer at *besides*."""
        address = ",".join([*(f"127.0.0.1:{one.port}" for one in system.parts[errand.service]), *besides])
        settings = ServiceSettings.model_validate({name.lower(): url for name, url in servers.settings.items()})
        async with open_channel(address) as channel, Traces.opened(errand, settings) as traces:
            signer = Signer(KeyRing(system.folder / "keys"), "gateway")
            desk = Desk(errand.service, errand.stub(channel), errand.messages, signer)
            yield cls(errand, desk, traces)

    async def observe(self) -> None:
        """Do one errand that nothing disturbs."""
        self.expected = await self.traces.undisturbed(self.desk)

    async def work(self) -> None:
        self.ids.append(await self.errand.done(self.desk))

    async def add_to(self, figures: Figures) -> None:
        """Compare what was acknowledged with what has come of it."""
        verdict = await self.traces.verdict(self.expected, self.ids)
        figures.acknowledged += len(self.ids) * len(self.errand.commands())
        figures.retried += self.desk.ledger.retried
        figures.lost += verdict.lost
        figures.duplicated += verdict.duplicated
