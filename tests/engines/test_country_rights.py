"""The rights that the page for operators gives a country: it reads its topic and nothing else, on a Kafka that asks who is there."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from chassis.settings import ServiceSettings
from deploy.servers import free_ports, java, kafka
from deploy.servers.maven import KAFKA, KAFKA_VERSION, Artifact, Fetch, fetched
from deploy.servers.server import Command, Server, connects
from engines.events import open_events
from engines.kafka import Cluster, started, stopped
from services.alerts.country_topics import TOPICS, country_topic
from services.alerts.wiring import prepare
from tests.docs.conftest import ROOT
from tests.engines.test_kafka import event

pytestmark = pytest.mark.timeout(600)
PAGE = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
(COMMANDS,) = (text for text in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "kafka-acls.sh" in text)
# The tools that an operator has beside the broker.
TOOLS = Fetch(f"kafka-tools-{KAFKA_VERSION}", [Artifact("org.apache.kafka", "kafka-tools", KAFKA_VERSION)])
PROGRAMS = {"kafka-acls.sh": "org.apache.kafka.tools.AclCommand", "kafka-configs.sh": "kafka.admin.ConfigCommand"}
PATIENCE_S = 60.0
HUNGARY = country_topic("HU")
LOGIN = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="admin" password="secret";'
GUARDED = {
    "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENTS",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "listener.name.clients.scram-sha-512.sasl.jaas.config": LOGIN,
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # Who comes by the controller's listener is the broker itself; clients come by the other.
    "super.users": "User:admin;User:ANONYMOUS",
}


class GuardedKafka(kafka.Kafka):
    """Kafka that asks for a password, and does what a rule allows."""

    def command(self, folder: Path, port: int, inner_port: int) -> Command:
        clients = f"CLIENTS://127.0.0.1:{port}"
        settings = {
            **kafka._settings(folder / "data", port, inner_port),
            **GUARDED,
            "listeners": f"{clients},CONTROLLER://127.0.0.1:{inner_port}",
            "advertised.listeners": clients,
        }
        properties = folder / "server.properties"
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        jars = fetched(KAFKA)
        java.run(
            *("java", "-cp", java.class_path(jars), "kafka.tools.StorageTool", "format"),
            *("-t", kafka._CLUSTER_ID, "-c", properties, "--add-scram", "SCRAM-SHA-512=[name=admin,password=secret]"),
        )
        return Command([*java.quick(jars), "-Xmx512m", "-cp", java.class_path(jars), "kafka.Kafka", str(properties)])

    async def answers(self, port: int) -> bool:
        return await connects(port)


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[str]:
    """Where it answers."""
    ports = free_ports(folder)
    server = Server(GuardedKafka(), folder, next(ports), next(ports))
    await server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        await server.stop()


def as_the_page_says(folder: Path, broker: str) -> None:
    """Run its commands, with the operator's tools in the place of their scripts."""
    (folder / "admin.properties").write_text(
        f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={LOGIN}\n"
    )
    jars = java.class_path(fetched(KAFKA), fetched(TOOLS))
    program = java.java_home() / "bin/java"
    scripts = [f'{name}() {{ {program} -cp "{jars}" {main} "$@"; }}' for name, main in PROGRAMS.items()]
    commands = COMMANDS.replace("kafka-0:9093", broker).replace("password=…", "password=of-hungary")
    done = subprocess.run(
        ["bash", "-ec", "\n".join([*scripts, commands])],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@asynccontextmanager
async def reading(connection: dict[str, Any], topic: str, group: str | None) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connection)
    await started(consumer)
    try:
        yield consumer
    finally:
        await stopped(consumer)


async def test_a_country_reads_its_own_topic_and_no_other(tmp_path: Path) -> None:
    async with guarded(tmp_path) as broker:
        admin = f"kafka://admin:secret@{broker}?replication=1&partitions=1"
        await prepare(ServiceSettings(data_dir=tmp_path, events_url=admin))
        as_the_page_says(tmp_path, broker)
        async with open_events(admin) as events:
            for topic in TOPICS:
                await events.publish(topic, [event(topic)])
        hungary = Cluster.of(f"kafka://imi-hu:of-hungary@{broker}").connection
        async with asyncio.timeout(PATIENCE_S), reading(hungary, HUNGARY, "hu-alerts") as consumer:
            record = await consumer.getone()
            await consumer.commit()
            # It is not even told that there are others.
            assert await consumer.topics() == {HUNGARY}
        assert dict(record.headers)["ce_id"] == HUNGARY.encode()
        for topic in (country_topic("FR"), country_topic("HR"), "imi.alerts.v1", "imi.directory.v1"):
            with pytest.raises(TopicAuthorizationFailedError):
                await first(hungary, topic)
        with pytest.raises(GroupAuthorizationFailedError):
            await first(hungary, HUNGARY, "fr-alerts")
        producer = AIOKafkaProducer(**hungary)
        await started(producer)
        try:
            with pytest.raises(TopicAuthorizationFailedError):
                await asyncio.wait_for(producer.send_and_wait(HUNGARY, b"forged"), PATIENCE_S)
        finally:
            await stopped(producer)


async def first(connection: dict[str, Any], topic: str, group: str | None = None) -> object:
    async with asyncio.timeout(PATIENCE_S), reading(connection, topic, group) as consumer:
        return await consumer.getone()
