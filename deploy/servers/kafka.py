"""Apache Kafka: one node that is broker and controller.

Topics are made by whoever needs them, as in production, never by a client's mistake; and all replication is 1, so a topic asked
for with more is refused.
"""

from base64 import urlsafe_b64encode
from pathlib import Path

from deploy.servers import java
from deploy.servers.maven import KAFKA, KAFKA_VERSION, fetched
from deploy.servers.server import Command, connects

# Sixteen bytes of our own, and not random ones: an id that begins with a dash is taken for an option.
_CLUSTER_ID = urlsafe_b64encode(b"imi-development-").decode().rstrip("=")
_LOGGING = Path(__file__).with_name("log4j2.properties")


class Kafka:
    """See `deploy.servers.server.Program`."""

    name = "kafka"
    title = f"Apache Kafka {KAFKA_VERSION}"

    def fetch(self) -> None:
        fetched(KAFKA)

    def command(self, folder: Path, port: int, inner_port: int) -> Command:
        properties = folder / "server.properties"
        data = folder / "data"
        properties.write_text("".join(f"{key}={value}\n" for key, value in _settings(data, port, inner_port).items()))
        if not (data / "meta.properties").exists():
            java.run(
                *("java", "-cp", java.class_path(fetched(KAFKA)), "kafka.tools.StorageTool"),
                *("format", "-t", _CLUSTER_ID, "-c", properties),
            )
        program = [*java.quick(fetched(KAFKA)), "-Xmx512m", f"-Dlog4j2.configurationFile={_LOGGING}"]
        return Command([*program, "-cp", java.class_path(fetched(KAFKA)), "kafka.Kafka", str(properties)])

    async def answers(self, port: int) -> bool:
        from aiokafka.admin import AIOKafkaAdminClient
        from aiokafka.errors import KafkaError

        if not await connects(port):
            return False
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=5_000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError, TimeoutError):
            return False
        finally:
            await admin.close()


def _settings(data: Path, port: int, inner_port: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{inner_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{inner_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,  # 50 by default, all made when the first group joins
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        "group.initial.rebalance.delay.ms": 0,
    }
