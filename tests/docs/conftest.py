"""What `make up` starts, once for all pages whose examples are run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    address: str
    alerts: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """On other ports and with data of its own."""
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        port, alerts = one.getsockname()[1], f"127.0.0.1:{other.getsockname()[1]}"
    data = str(tmp_path_factory.mktemp("up"))
    environment = {**os.environ, "GATEWAY_PORT": str(port), "ALERTS_ADDRESS": alerts, "DATA_DIR": data}
    address = f"127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-m", "deploy.embedded"], cwd=ROOT, env=environment) as process:
        try:
            until = time.monotonic() + 180
            while not _ready(address):
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.1)
            yield Running(address, alerts, environment)
        finally:
            process.terminate()
            assert process.wait(30) == 0


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
