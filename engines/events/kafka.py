"""The event log in Apache Kafka.

An event is a record whose key is the aggregate's id, so that one partition keeps an aggregate's events in order, and whose headers
are those of the CloudEvents Kafka binding in binary mode: a foreign consumer can read it with nothing but the .proto file. Kafka's
transactions are not used: consumers are idempotent by event id, which also covers what those leave open.

``kafka://host:9092,other:9092?partitions=12&replication=3&prefix=test.``; with ``tls=true`` the connection is encrypted, and a
``user:password@`` before the hosts signs in with SCRAM-SHA-512.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from engines import NotPrepared
from engines.events import Event, Received
from vocabulary.refusals import Unavailable

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/protobuf"
DEFAULT_PARTITIONS = 12
DEFAULT_REPLICATION = 3
# A reacting service may be down for a while, and then must find what it missed.
RETENTION_MS = 30 * 24 * 3600 * 1000
REQUEST_TIMEOUT_MS = 10_000
PUBLISH_TIMEOUT_S = 20.0
# A consumer that has something to read and does not get on is begun anew (aiokafka#1037).
STUCK_AFTER_S = 60.0
LOOK_FOR_LAG_EVERY_S = 10.0

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
        """The cluster that *url* names; raises ValueError for an option there is not."""
        parts = urlsplit(url)
        credentials, _, servers = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        options = dict(parse_qsl(parts.query))
        unknown = options.keys() - {"partitions", "replication", "prefix", "tls"}
        if unknown or not servers:
            raise ValueError(
                f"write kafka://host:port?partitions=…&replication=…&prefix=…&tls=…, not {sorted(unknown)}"
            )
        return cls(
            servers,
            unquote(user),
            unquote(password),
            options.get("tls") == "true",
            int(options.get("partitions", DEFAULT_PARTITIONS)),
            int(options.get("replication", DEFAULT_REPLICATION)),
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


async def prepare(url: str, topics: Sequence[str]) -> None:
    """Create *topics* with the partitions and replicas that *url* asks for. Safe to repeat.

    Raises NotPrepared for a topic that is there with another number of partitions: adding some would take an aggregate's events
    out of their order.
    """
    cluster = Cluster.of(url)
    wanted = [cluster.prefix + topic for topic in topics]
    with _in_our_words():
        async with _administering(cluster) as admin:
            made = await admin.create_topics(
                [
                    NewTopic(
                        name,
                        cluster.partitions,
                        cluster.replication,
                        topic_configs={
                            "retention.ms": str(RETENTION_MS),
                            "min.insync.replicas": str(max(1, cluster.replication - 1)),
                        },
                    )
                    for name in wanted
                ]
            )
            for name, code, *_ in made.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(name)
            for topic in await admin.describe_topics(wanted):
                there = len(topic["partitions"])
                if there not in (0, cluster.partitions):
                    raise NotPrepared(
                        f"the topic {topic['topic']} has {there} partitions, not {cluster.partitions}; "
                        "copy it to a new one instead of changing it"
                    )


class KafkaEvents:
    """See `engines.events.Events`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: AIOKafkaProducer | None = None
        self._producing = asyncio.Lock()
        self._known: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator[Self]:
        """The log at *url*. It connects when it is first used."""
        events = cls(Cluster.of(url))
        try:
            yield events
        finally:
            await events._give_up_producer()

    async def publish(self, topic: str, events: Sequence[Event], *, failure: str = "") -> None:
        name = self._cluster.prefix + topic
        async with self._producing:
            try:
                with _in_our_words():
                    async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                        await self._require([name])
                        producer = await self._started_producer()
                        for wave in _waves(events):
                            sent = [
                                await producer.send(
                                    name, key=event.subject.encode(), value=event.data, headers=_headers(event, failure)
                                )
                                for event in wave
                            ]
                            await asyncio.gather(*sent)
            except BaseException:
                # What became of the rest is unknown, and an idempotent producer that failed does not recover.
                await self._give_up_producer()
                raise

    @asynccontextmanager
    async def join(self, group: str, topics: Sequence[str]) -> AsyncIterator["KafkaMember"]:
        names = [self._cluster.prefix + topic for topic in topics]
        with _in_our_words():
            await self._require(names)
            consumer = AIOKafkaConsumer(
                *names,
                group_id=self._cluster.prefix + group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                **self._cluster.connection,
            )
            await _started(consumer)
        try:
            yield KafkaMember(consumer, len(self._cluster.prefix))
        finally:
            await _stopped(consumer)

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[AsyncIterator[Received]]:
        names = [self._cluster.prefix + topic for topic in topics]
        with _in_our_words():
            await self._require(names)
            consumer = AIOKafkaConsumer(
                group_id=None, auto_offset_reset="latest", enable_auto_commit=False, **self._cluster.connection
            )
            await _started(consumer)
            try:
                partitions = await self._partitions(names)
                consumer.assign(partitions)
                # Where it begins is settled now, not when it is first read.
                for partition, end in (await consumer.end_offsets(partitions)).items():
                    consumer.seek(partition, end)
            except BaseException:
                await _stopped(consumer)
                raise
        events = self._read(consumer)
        try:
            yield events
        finally:
            await events.aclose()
            await _stopped(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> AsyncGenerator[Received]:
        while True:
            with _in_our_words():
                record = await consumer.getone()
            yield _received(record, len(self._cluster.prefix))

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(enable_idempotence=True, acks="all", **self._cluster.connection)
            await _started(producer)
            self._producer = producer
        return self._producer

    async def _give_up_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)

    async def _require(self, names: Sequence[str]) -> None:
        """Raises NotPrepared for a topic that is not there: it must not come to be by accident, with one partition."""
        if self._known.issuperset(names):
            return
        async with _administering(self._cluster) as admin:
            there = set(await admin.list_topics())
        if missing := set(names) - there:
            raise NotPrepared(f"Kafka has no topic {', '.join(sorted(missing))}")
        self._known |= set(names)

    async def _partitions(self, names: Sequence[str]) -> list[TopicPartition]:
        async with _administering(self._cluster) as admin:
            described = await admin.describe_topics(list(names))
        return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


class KafkaMember:
    """One member of a consumer group; see `engines.events.Member`."""

    def __init__(self, consumer: AIOKafkaConsumer, prefix_length: int) -> None:
        self._consumer = consumer
        self._prefix_length = prefix_length
        clock = asyncio.get_running_loop().time
        self._clock = clock
        self._progress_at = self._looked_at = clock()

    async def poll(self, *, limit: int = 100, wait_s: float = 5.0) -> Sequence[Received]:
        with _in_our_words():
            by_partition = await self._consumer.getmany(timeout_ms=int(wait_s * 1000), max_records=limit)
            found = [_received(one, self._prefix_length) for records in by_partition.values() for one in records]
            if found:
                self._progress_at = self._clock()
            elif self._clock() - self._looked_at > LOOK_FOR_LAG_EVERY_S:
                await self._look_for_lag()
            return found

    async def commit(self, received: Received) -> None:
        partition = TopicPartition(self._topic(received), received.partition)
        with _in_our_words():
            try:
                await self._consumer.commit({partition: received.offset + 1})
            except (CommitFailedError, IllegalStateError, RebalanceInProgressError) as error:
                # Another member has the partition by now and reads the event again; the effect is idempotent.
                log.info("commit_left_to_another_member", topic=received.topic, cause=type(error).__name__)

    def _topic(self, received: Received) -> str:
        for partition in self._consumer.assignment():
            if partition.topic[self._prefix_length :] == received.topic:
                return str(partition.topic)
        return received.topic

    async def _look_for_lag(self) -> None:
        """Raises Unavailable if there has been something to read for long without any of it arriving."""
        self._looked_at = self._clock()
        assigned = list(self._consumer.assignment())
        if not assigned:
            self._progress_at = self._clock()
            return
        ends: Mapping[TopicPartition, int] = await self._consumer.end_offsets(assigned)
        behind = [one for one in assigned if await self._consumer.position(one) < ends[one]]
        if not behind:
            self._progress_at = self._clock()
        elif self._clock() - self._progress_at > STUCK_AFTER_S:
            log.error("consumer_stuck", partitions=[f"{one.topic}/{one.partition}" for one in behind])
            raise Unavailable("the consumer does not get on; it is begun anew", reason="CONSUMER_STUCK")


def _waves(events: Sequence[Event]) -> Iterator[list[Event]]:
    """*events* so that no two of one subject are under way together: if the first is lost, the second must not be there."""
    waiting = list(events)
    while waiting:
        subjects: set[str] = set()
        wave: list[Event] = []
        later: list[Event] = []
        for event in waiting:
            (later if event.subject in subjects else wave).append(event)
            subjects.add(event.subject)
        yield wave
        waiting = later


def _headers(event: Event, failure: str) -> list[tuple[str, bytes]]:
    attributes = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": SPEC_VERSION,
        "ce_id": event.id,
        "ce_type": event.type,
        "ce_source": event.source,
        "ce_subject": event.subject,
        "ce_time": event.time.isoformat(),
        "traceparent": event.traceparent,
        "imi_failure": failure,
    }
    return [(name, value.encode()) for name, value in attributes.items() if value]


def _received(record: "ConsumerRecord[bytes, bytes]", prefix_length: int) -> Received:
    headers = {name: value.decode() for name, value in record.headers}
    return Received(
        topic=record.topic[prefix_length:],
        partition=record.partition,
        offset=record.offset,
        event=Event(
            id=headers["ce_id"],
            type=headers["ce_type"],
            source=headers["ce_source"],
            subject=headers["ce_subject"],
            time=datetime.fromisoformat(headers["ce_time"]),
            data=record.value or b"",
            traceparent=headers.get("traceparent", ""),
        ),
        failure=headers.get("imi_failure", ""),
    )


@asynccontextmanager
async def _administering(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**cluster.connection)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _started(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        await client.start()
    except BaseException:
        await _stopped(client)
        raise


async def _stopped(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(5):
            await client.stop()
    except (KafkaError, TimeoutError, OSError) as error:
        log.warning("client_not_stopped_cleanly", cause=repr(error))


@contextmanager
def _in_our_words() -> Iterator[None]:
    """A broker that is away becomes Unavailable; so does one that lost a topic it had."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as error:
        what = "no longer has a topic" if isinstance(error, UnknownTopicOrPartitionError) else "cannot be used now"
        raise Unavailable(f"the event log {what}; try again later", reason="EVENTS_UNAVAILABLE") from error
