"""What `make up` starts, once for all pages whose examples are run."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.gateway.running import copy_of, training_data
from tests.journeys.processes import a_process, until_ready
from tests.ports import a_dead_address, a_free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    address: str
    alerts: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """On other ports and with data of its own, those of a second start."""
    port, alerts = a_free_port(), a_dead_address()
    trained = await training_data(tmp_path_factory.getbasetemp() / "trained")
    data = copy_of(trained, tmp_path_factory.mktemp("up") / "data")
    settings = {"GATEWAY_PORT": str(port), "ALERTS_ADDRESS": alerts, "DATA_DIR": str(data)}
    output = tmp_path_factory.mktemp("said") / "output"
    async with a_process("deploy.embedded", output, **settings) as process, httpx.AsyncClient(timeout=5) as http:
        address = f"127.0.0.1:{port}"
        await until_ready(http, f"http://{address}", process)
        yield Running(address, alerts, {**os.environ, **settings})
        assert await process.stopped() == 0, process.said()
