"""One Kafka cluster as a URL names it: its clients begun and ended, and errors said in our words.

``kafka://host:9092,other:9092?partitions=12&replication=3&prefix=test.``; with ``tls=true`` the connection is encrypted, and a
``user:password@`` before the hosts signs in with SCRAM-SHA-512.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, ProducerClosed, UnknownTopicOrPartitionError

from engines import CannotOpen, number
from vocabulary.refusals import Unavailable

DEFAULT_PARTITIONS = 12
DEFAULT_REPLICATION = 3
REQUEST_TIMEOUT_MS = 10_000
STOP_WITHIN_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a URL says of a cluster."""

    servers: str
    user: str = ""
    password: str = ""
    tls: bool = False
    partitions: int = DEFAULT_PARTITIONS
    replication: int = DEFAULT_REPLICATION
    prefix: str = ""

    @classmethod
    def of(cls, url: str) -> Self:
        """The cluster that *url* names; raises CannotOpen for an option there is not."""
        parts = urlsplit(url)
        credentials, _, servers = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        options = dict(parse_qsl(parts.query))
        unknown = options.keys() - {"partitions", "replication", "prefix", "tls"}
        if unknown or not servers:
            raise CannotOpen(
                f"write kafka://host:port?partitions=…&replication=…&prefix=…&tls=…, not {sorted(unknown)}"
            )
        return cls(
            servers,
            unquote(user),
            unquote(password),
            options.get("tls") == "true",
            number("partitions", options.get("partitions", str(DEFAULT_PARTITIONS))),
            number("replication", options.get("replication", str(DEFAULT_REPLICATION))),
            options.get("prefix", ""),
        )

    @property
    def connection(self) -> dict[str, Any]:
        """What every client is made with."""
        security = ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")
        return {
            "bootstrap_servers": self.servers,
            "request_timeout_ms": REQUEST_TIMEOUT_MS,
            "security_protocol": security,
            "ssl_context": ssl.create_default_context() if self.tls else None,
            "sasl_mechanism": "SCRAM-SHA-512" if self.user else "PLAIN",
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password or None,
        }


@asynccontextmanager
async def administering(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    """A client that creates and describes topics."""
    admin = AIOKafkaAdminClient(**cluster.connection)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def started(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Start *client*; nothing of it is left if it does not start."""
    try:
        await client.start()
    except BaseException:
        await stopped(client)
        raise


async def stopped(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stop *client*, whatever state it is in; what it does not end in time, or by itself, is broken off."""
    stopping = asyncio.ensure_future(client.stop())
    done, _ = await asyncio.wait({stopping}, timeout=STOP_WITHIN_S)
    if done and not stopping.cancelled() and not stopping.exception():
        return
    # The driver may have cancelled itself, too.
    cause = repr(stopping.exception()) if done and not stopping.cancelled() else ""
    log.warning("client_broken_off", in_time=bool(done), cause=cause)
    stopping.cancel()
    breaking_off = asyncio.ensure_future(_broken_off(client))
    await asyncio.wait({stopping, breaking_off}, timeout=STOP_WITHIN_S)
    breaking_off.cancel()


async def _broken_off(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """End what is left of *client*, whose `stop` waits for a broker: its tasks would go on trying, with its connections, for ever."""
    if isinstance(client, AIOKafkaProducer):
        connections, tasks = client.client, [client._sender.sender_task]
        client._message_accumulator.fail_all(ProducerClosed())
    else:
        connections, tasks = client._client, []
        if coordinator := client._coordinator:
            tasks = [coordinator._coordination_task, coordinator._heartbeat_task, coordinator._commit_refresh_task]
        if fetcher := client._fetcher:
            tasks += [fetcher._fetch_task, *fetcher._pending_tasks]
    for task in (*tasks, connections._sync_task):
        await _cancelled(task)
    connections._sync_task = None
    await connections.close()


async def _cancelled(task: "asyncio.Task[Any] | None") -> None:
    """End *task*, which a connection that fails at the same moment may keep from noticing that it is told to (`asyncio.wait_for`)."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)


@contextmanager
def in_our_words() -> Iterator[None]:
    """A broker that is away becomes Unavailable; so does one that lost a topic it had."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        what = "no longer has a topic" if isinstance(error, UnknownTopicOrPartitionError) else "cannot be used now"
        raise Unavailable(f"the event log {what}; try again later", reason="EVENTS_UNAVAILABLE") from error
    except asyncio.CancelledError as error:
        # The driver cancels its requests when a connection breaks, and lets some of that out to its callers. We are cancelled
        # only if somebody has told this task to stop.
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Unavailable("the event log cannot be used now; try again later", reason="EVENTS_UNAVAILABLE") from error
