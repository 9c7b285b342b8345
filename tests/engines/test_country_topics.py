"""The topic of a country on a real Kafka, read as a stranger would: by the commands of the page, and nothing of ours."""

import asyncio
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from chassis.settings import ServiceSettings
from deploy.servers import Servers
from engines.kafka import Cluster
from services.alerts.country_topics import TOPICS, country_topic
from services.alerts.wiring import prepare
from tests.alerts.cast import HU_COORDINATOR
from tests.alerts.conftest import FREE_PORT, Asking, a_directory, running
from tests.alerts.inboxes import inbox, settled
from tests.alerts.threads import a_full_alert
from tests.docs.conftest import ROOT
from tests.docs.test_subscribing import block

pytestmark = pytest.mark.timeout(300)
COMMANDS = block("sh", "grpc_tools.protoc")
PATIENCE_S = 60.0


@pytest.fixture
def where(servers: Servers | None) -> str:
    assert servers is not None
    return f"{servers.events_url}&prefix=t{uuid.uuid4().hex[:12]}."


@pytest.fixture
async def asking(where: str, tmp_path: Path) -> AsyncIterator[Asking]:
    """Alerts over Kafka, prepared as an operator prepares them."""
    await prepare(ServiceSettings(data_dir=tmp_path, events_url=where))
    async with a_directory(tmp_path) as address:
        settings = ServiceSettings(
            data_dir=tmp_path, listen_address=FREE_PORT, directory_address=address, events_url=where
        )
        async with running(settings) as answering:
            yield answering


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder with the files that the commands name: no code of ours can be imported there."""
    folder = tmp_path / "stranger"
    for name in re.findall(r"protos/\S+\.proto|docs/\S+\.py", COMMANDS):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return folder


@asynccontextmanager
async def consuming(stranger: Path, where: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The commands of the page, at this system's address; what they start is killed at the end."""
    cluster = Cluster.of(where)
    commands = COMMANDS.replace("127.0.0.1:9092", cluster.servers)
    for name in (country_topic("HU"), "hu-alerts"):
        assert f"={name} " in commands
        commands = commands.replace(f"={name} ", f"={cluster.prefix}{name} ")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-ec", commands), cwd=stranger, env={"PATH": path}, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
        await process.communicate()


async def told(process: asyncio.subprocess.Process, count: int) -> list[dict[str, Any]]:
    assert process.stdout is not None
    found = []
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(count):
            line = await process.stdout.readline()
            assert line, "it has ended"
            found.append(json.loads(line))
    return found


async def test_a_stranger_reads_what_reaches_the_country_and_goes_on_after_a_break(
    asking: Asking, stranger: Path, where: str
) -> None:
    first = await a_full_alert(asking)
    async with consuming(stranger, where) as process:
        heard = await told(process, 3)
    # Killed before it could say how far it had come, it may be told the last one again, with the same id.
    second = await a_full_alert(asking)
    async with consuming(stranger, where) as process:
        while len({event["id"] for event in heard}) < 6:
            heard += await told(process, 1)
    events = list({event["id"]: event for event in heard}.values())
    for alert in (first, second):
        about = [event for event in events if event["alert"] == alert.id]
        assert [event["kind"] for event in about] == ["BROADCAST", "DISSEMINATED", "INFORMATION_PROPOSED"]
        assert {(event["from"], event["type"]) for event in about} == {("IT", alert.type_id)}
        assert about[1]["for"] == ["aut_hu_labour"]
    await settled(asking)
    entries = [entry.id for entry in await inbox(asking, HU_COORDINATOR)]
    mine = [event["id"] for event in events if "aut_hu_coordinator" in event["for"]]
    assert sorted(entries) == sorted(mine)


async def test_preparing_makes_the_topic_of_every_country(where: str, tmp_path: Path) -> None:
    await prepare(ServiceSettings(data_dir=tmp_path, events_url=where))
    cluster = Cluster.of(where)
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.servers)
    await admin.start()
    try:
        described = await admin.describe_topics([f"{cluster.prefix}{topic}" for topic in TOPICS])
    finally:
        await admin.close()
    assert len(described) == 30
    assert {len(topic["partitions"]) for topic in described} == {cluster.partitions}
