"""The event log in Apache Kafka.

An event is a record whose key is the aggregate's id, so that one partition keeps an aggregate's events in order, and whose headers
are those of the CloudEvents Kafka binding in binary mode: a foreign consumer can read it with nothing but the .proto file. Kafka's
transactions are not used: consumers are idempotent by event id, which also covers what those leave open.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    for_code,
)

from engines import NotPrepared
from engines.events import Event, Received
from engines.events.kafka_records import headers_of, received_of, waves
from engines.kafka import Cluster, administering, in_our_words, started, stopped
from vocabulary.refusals import Unavailable

# A reacting service may be down for a while, and then must find what it missed.
RETENTION_MS = 30 * 24 * 3600 * 1000
PUBLISH_TIMEOUT_S = 20.0
# A consumer that has something to read and does not get on is begun anew (aiokafka#1037).
STUCK_AFTER_S = 60.0
LOOK_FOR_LAG_EVERY_S = 10.0
LISTED_WITHIN_S = 30.0
LOOK_AGAIN_S = 0.1

log = structlog.get_logger(__name__)


async def prepare(url: str, topics: Sequence[str], lasting: Sequence[str] = ()) -> None:
    """Create *topics*, and *lasting* ones that keep records for ever, with the partitions and replicas of *url*. Safe to repeat.

    Raises NotPrepared for a topic that is there with another number of partitions: adding some would take an aggregate's events
    out of their order.
    """
    cluster = Cluster.of(url)
    kept = dict.fromkeys(topics, RETENTION_MS) | dict.fromkeys(lasting, -1)
    wanted = [cluster.prefix + topic for topic in kept]
    with in_our_words():
        async with administering(cluster) as admin:
            made = await admin.create_topics(
                [
                    NewTopic(
                        name,
                        cluster.partitions,
                        cluster.replication,
                        topic_configs={
                            "retention.ms": str(retention_ms),
                            "min.insync.replicas": str(max(1, cluster.replication - 1)),
                        },
                    )
                    for name, retention_ms in zip(wanted, kept.values(), strict=True)
                ]
            )
            for name, code, *_ in made.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(name)
            await _until_listed(admin, wanted)
            for topic in await admin.describe_topics(wanted):
                there = len(topic["partitions"])
                if there not in (0, cluster.partitions):
                    raise NotPrepared(
                        f"the topic {topic['topic']} has {there} partitions, not {cluster.partitions}; "
                        "copy it to a new one instead of changing it"
                    )


async def _until_listed(admin: AIOKafkaAdminClient, wanted: Sequence[str]) -> None:
    """Wait until the cluster says of every topic that it is there: what it has made it knows of a moment later."""
    latest = time.monotonic() + LISTED_WITHIN_S
    while not set(wanted) <= set(await admin.list_topics()):
        if time.monotonic() > latest:
            raise Unavailable("Kafka does not show the topics that it has made; try again", reason="EVENTS_UNAVAILABLE")
        await asyncio.sleep(LOOK_AGAIN_S)


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
                with in_our_words():
                    async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                        await self._require([name])
                        producer = await self._started_producer()
                        for wave in waves(events):
                            sent = [
                                await producer.send(
                                    name,
                                    key=event.subject.encode(),
                                    value=event.data,
                                    headers=headers_of(event, failure),
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
        with in_our_words():
            await self._require(names)
            consumer = AIOKafkaConsumer(
                *names,
                group_id=self._cluster.prefix + group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                **self._cluster.connection,
            )
            await started(consumer)
        try:
            yield KafkaMember(consumer, len(self._cluster.prefix))
        finally:
            await stopped(consumer)

    @asynccontextmanager
    async def tail(self, topics: Sequence[str]) -> AsyncIterator[AsyncIterator[Received]]:
        names = [self._cluster.prefix + topic for topic in topics]
        with in_our_words():
            await self._require(names)
            consumer = AIOKafkaConsumer(
                group_id=None, auto_offset_reset="latest", enable_auto_commit=False, **self._cluster.connection
            )
            await started(consumer)
            try:
                partitions = await self._partitions(names)
                consumer.assign(partitions)
                # Where it begins is settled now, not when it is first read.
                for partition, end in (await consumer.end_offsets(partitions)).items():
                    consumer.seek(partition, end)
            except BaseException:
                await stopped(consumer)
                raise
        events = self._read(consumer)
        try:
            yield events
        finally:
            await events.aclose()
            await stopped(consumer)

    async def _read(self, consumer: AIOKafkaConsumer) -> AsyncGenerator[Received]:
        while True:
            with in_our_words():
                record = await consumer.getone()
            received = received_of(record, len(self._cluster.prefix))
            if received.event.type:
                yield received

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(enable_idempotence=True, acks="all", **self._cluster.connection)
            await started(producer)
            self._producer = producer
        return self._producer

    async def _give_up_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer)

    async def _require(self, names: Sequence[str]) -> None:
        """Raises NotPrepared for a topic that is not there: it must not come to be by accident, with one partition."""
        if self._known.issuperset(names):
            return
        async with administering(self._cluster) as admin:
            there = set(await admin.list_topics())
        if missing := set(names) - there:
            raise NotPrepared(f"Kafka has no topic {', '.join(sorted(missing))}")
        self._known |= there

    async def _partitions(self, names: Sequence[str]) -> list[TopicPartition]:
        async with administering(self._cluster) as admin:
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
        with in_our_words():
            by_partition = await self._consumer.getmany(timeout_ms=int(wait_s * 1000), max_records=limit)
            found = [received_of(one, self._prefix_length) for records in by_partition.values() for one in records]
            if found:
                self._progress_at = self._clock()
            elif self._clock() - self._looked_at > LOOK_FOR_LAG_EVERY_S:
                await self._look_for_lag()
            return found

    async def commit(self, received: Received) -> None:
        partition = TopicPartition(self._topic(received), received.partition)
        with in_our_words():
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
