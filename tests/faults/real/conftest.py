"""A cluster on real servers, and the table of figures that a run prints at its end."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from deploy.cluster import Cluster, cluster
from deploy.servers import Servers
from tests.conftest import REAL
from tests.faults.desk import Ledger, Verdict

# How often each fault is made; `make faults` raises it.
REPEATED = "RUNS" in os.environ
RUNS = int(os.environ.get("RUNS", "3"))


@dataclass(slots=True)
class Figures:
    """What one fault cost."""

    fault: str
    runs: int = 0
    acknowledged: int = 0
    retried: int = 0
    lost: int = 0
    duplicated: int = 0
    recovery_s: list[float] = field(default_factory=list)

    def add(self, ledger: Ledger, verdict: Verdict) -> None:
        self.acknowledged += ledger.count
        self.retried += ledger.retried
        self.lost += verdict.lost
        self.duplicated += verdict.duplicated


TAKEN: list[Figures] = []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """These need real servers, which only some runs have."""
    return True if not REAL and collection_path.name.startswith("test_") else None


def pytest_terminal_summary() -> None:
    if not TAKEN:
        return
    table = Table("fault", "runs", "acknowledged", "sent again", "lost", "twice", "recovery s (median, longest)")
    for one in TAKEN:
        times = sorted(one.recovery_s)
        recovery = f"{times[len(times) // 2]:.1f}, {times[-1]:.1f}" if times else "—"
        table.add_row(
            one.fault, *map(str, (one.runs, one.acknowledged, one.retried, one.lost, one.duplicated)), recovery
        )
    Console(width=120).print(table)


@pytest.fixture(scope="session")
def taken() -> list[Figures]:
    """The rows of the table, for a test that has several."""
    return TAKEN


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """The row of a test, named by the first line of its docstring."""
    row = Figures((request.function.__doc__ or request.function.__name__).splitlines()[0].rstrip("."))
    yield row
    TAKEN.append(row)


@pytest.fixture(scope="session")
async def system(servers: Servers | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Two replicas of each part on real servers."""
    assert servers is not None
    # One person listens in the place of thousands.
    settings = {**servers.settings, "STREAMS_PER_PERSON": "100000", "CONNECTIONS_PER_ADDRESS": "0"}
    async with cluster(tmp_path_factory.mktemp("cluster"), settings, replicas=2) as running:
        yield running
