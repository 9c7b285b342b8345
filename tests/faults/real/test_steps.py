"""Each service, alone with engines of its own, kills itself at each step of its work; who starts it again finds nothing lost."""

import asyncio
import importlib
import os
import signal
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import pytest

from chassis.caller import Signer
from chassis.calls import open_channel
from chassis.inbox import INBOX
from chassis.keys import KeyRing
from chassis.reactions import once_available
from chassis.settings import ServiceSettings
from deploy.cluster import Cluster
from deploy.servers import Servers, free_ports
from tests.faults.desk import Desk
from tests.faults.doomed import ANSWERED, UNANSWERED, Step
from tests.faults.errands import ERRANDS, Errand, Traces
from tests.faults.nursery import Life
from tests.faults.processes import Process, running, until_dead
from tests.faults.real.conftest import REPEATED, RUNS, Figures
from vocabulary.parts import SERVICES

KILLS = RUNS if REPEATED else 1
pytestmark = pytest.mark.timeout(1_200 + 60 * KILLS)
# How many begin a life at the same time: a service that starts takes a processor to itself, and its start is not what is tried here.
BEGINNING = 4
# Loaded before the first life, so that one begins in less than a second.
DRIVERS = ("engines.documents.mongo", "engines.events.kafka", "engines.files.gridfs", "engines.search.elasticsearch")


def steps_of(errand: Errand) -> list[Step]:
    """Where the service of *errand* can die."""
    steps = [Step.BEFORE_COMMIT, Step.AFTER_COMMIT, Step.BEFORE_PUBLISH, Step.AFTER_PUBLISH]
    if errand.reacts:
        steps += [Step.BEFORE_EFFECT, Step.AFTER_EFFECT]
    if INBOX in errand.collections:
        steps.append(Step.AMID_EFFECT)
    return steps


DEATHS = [(errand, step) for errand in ERRANDS for step in steps_of(errand)]


class Alone:
    """A service that has a store, a log and an index to itself, and one life after the other."""

    def __init__(
        self, errand: Errand, nursery: Process, folder: Path, environment: dict[str, str], turn: asyncio.Semaphore
    ) -> None:
        self.errand = errand
        self.settings = ServiceSettings.model_validate({name.lower(): value for name, value in environment.items()})
        self.desk = Desk(errand.service, None, errand.messages, Signer(KeyRing(self.settings.keys), "gateway"))
        self._orders = folder / "orders"
        self._nursery = nursery
        self._folder = folder
        self._environment = environment
        self._turn = turn
        self._lives = 0
        self._pid = 0

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, errand: Errand, nursery: Process, folder: Path, environment: dict[str, str], turn: asyncio.Semaphore
    ) -> AsyncIterator["Alone"]:
        """The service in its first life; killed at the end."""
        folder.mkdir(parents=True)
        alone = cls(errand, nursery, folder, environment, turn)
        async with turn:
            wiring = importlib.import_module(f"services.{errand.service}.wiring")
            await once_available(lambda: wiring.prepare(alone.settings))
        if errand.beforehand is not None:
            await errand.beforehand(alone.settings)
        async with open_channel(environment["LISTEN_ADDRESS"]) as channel:
            alone.desk.stub = errand.stub(channel)
            try:
                await alone.live()
                yield alone
            finally:
                with suppress(ProcessLookupError):
                    os.kill(alone._pid, signal.SIGKILL)

    async def live(self) -> None:
        """Begin a life; return when it answers."""
        self._lives += 1
        log = self._folder / f"{self._lives}.log"
        life = Life(f"services.{self.errand.service}", str(log), self._environment, str(self._orders))
        async with self._turn:
            self._nursery.write_line(msgspec.json.encode(life).decode())
            self._pid = int(str((await self._nursery.line("forked", log))["pid"]))
            await self._nursery.line("serving", log)

    async def killed(self, step: Step) -> tuple[str, float]:
        """Do an errand whose last command is the process's last as well, and begin the next life; gives the thing's id and when
        the process was dead.
        """
        caller, method, message = await self.errand.begun(self.desk)
        answered = self._orders.with_suffix(ANSWERED)
        answered.unlink(missing_ok=True)
        self._orders.write_text(step)
        giving = asyncio.create_task(self.desk.give(caller, method, message))
        if step not in UNANSWERED:
            await giving
            answered.touch()
        await until_dead(self._pid)
        died_at = time.monotonic()
        assert not self._orders.exists(), "it died of something else"
        await self.live()
        answer = await giving
        # Whoever has lost the answer asks again, and gets the first one.
        assert await self.desk.give(caller, method, message) == answer
        return self.errand.id_of(answer), died_at


async def _dies_again_and_again(alone: Alone, step: Step) -> Figures:
    """Kill it at *step* as often as asked for; what that cost."""
    figures = Figures(step, KILLS)
    ids: list[str] = []
    retried = alone.desk.ledger.retried
    async with Traces.opened(alone.errand, alone.settings) as traces:
        there = len(await once_available(traces.all))
        expected = await traces.undisturbed(alone.desk)
        for _ in range(KILLS):
            id_, died_at = await alone.killed(step)
            # The second one is dealt with after everything that the dead process left.
            ids += [id_, await alone.errand.done(alone.desk)]
            await traces.verdict(expected, ids[-2:])
            figures.recovery_s.append(time.monotonic() - died_at)
        verdict = await traces.verdict(expected, ids)
        # The undisturbed one, and nothing that nobody asked for.
        assert len(await once_available(traces.all)) == there + len(ids) + 1
    figures.lost, figures.duplicated = verdict.lost, verdict.duplicated
    figures.acknowledged = len(ids) * len(alone.errand.commands())
    figures.retried = alone.desk.ledger.retried - retried
    return figures


@pytest.fixture(scope="module")
async def ends(
    system: Cluster, servers: Servers, taken: list[Figures], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, Step], Figures | BaseException]:
    """What each death of each service cost, or how it went wrong. The services die side by side: mostly they wait."""
    folder = tmp_path_factory.mktemp("alone")
    shared = {
        "KEYS_DIR": str(system.folder / "keys"),
        "DIRECTORY_ADDRESS": ",".join(f"127.0.0.1:{one.port}" for one in system.parts["directory"]),
    }
    ports, turn = free_ports(folder), asyncio.Semaphore(BEGINNING)
    modules = [*(f"services.{name}.wiring" for name in SERVICES), *DRIVERS]
    found: dict[tuple[str, Step], Figures | BaseException] = {}
    async with running("tests.faults.nursery", *modules, log=folder / "log") as nursery:

        async def one(errand: Errand) -> None:
            name = f"t{uuid.uuid4().hex[:12]}"
            urls = {key: url.replace("imi-", f"{name}-") for key, url in servers.settings.items()}
            urls["EVENTS_URL"] = f"{servers.events_url.replace('partitions=6', 'partitions=1')}&prefix={name}."
            own = {**shared, **urls, "LISTEN_ADDRESS": f"127.0.0.1:{next(ports)}"}
            steps = steps_of(errand)
            try:
                async with Alone.opened(errand, nursery, folder / name, own, turn) as alone:
                    for step in steps:
                        found[errand.service, step] = await _dies_again_and_again(alone, step)
            except Exception as error:  # shown by the test of that step, and of those that it kept from being tried
                found.update({(errand.service, step): error for step in steps if (errand.service, step) not in found})

        await asyncio.gather(*map(one, ERRANDS))
    taken.extend(
        _together(step, [end for (_, at), end in found.items() if at is step and isinstance(end, Figures)])
        for step in Step
    )
    return found


def _together(step: Step, rows: Sequence[Figures]) -> Figures:
    """One row for all services."""
    return Figures(
        f"Each service is killed {step} (F1)",
        sum(row.runs for row in rows),
        sum(row.acknowledged for row in rows),
        sum(row.retried for row in rows),
        sum(row.lost for row in rows),
        sum(row.duplicated for row in rows),
        [time for row in rows for time in row.recovery_s],
    )


@pytest.mark.parametrize(
    ("service", "step"),
    [pytest.param(errand.service, step, id=f"{errand.service}-{step.name}") for errand, step in DEATHS],
)
def test_a_service_killed_at_a_step_of_its_work_loses_nothing_and_does_nothing_twice(
    ends: Mapping[tuple[str, Step], Figures | BaseException], service: str, step: Step
) -> None:
    """Each service is killed at each step of its work (F1)."""
    end = ends[service, step]
    if isinstance(end, BaseException):
        raise end
    assert (end.lost, end.duplicated) == (0, 0)
