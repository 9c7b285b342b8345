"""What can go wrong with Kafka alone: brokers die, consumers do not get on, topics are not as they should be."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import CoroutineType

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chassis.process import working
from chassis.reactions import Reactions
from deploy.servers import Servers
from engines import NotPrepared
from engines import kafka as clients
from engines.events import Event, kafka, open_events, prepare_events
from engines.events.kafka import KafkaMember
from engines.kafka import Cluster
from tests.chassis.waiting import until
from vocabulary.refusals import Unavailable

pytestmark = pytest.mark.timeout(300)
# Longer than a member's session, so that the group forgets whoever was in it.
DOWN_S = 13.0


def event(id_: str) -> Event:
    return Event(id=id_, type="t", source="/t", subject=f"s{id_}", time=datetime.now(UTC), data=b"")


@pytest.fixture
def where(servers: Servers | None, tmp_path: Path) -> str:
    assert servers is not None
    return f"{servers.events_url}&prefix=t{uuid.uuid4().hex[:12]}."


async def test_members_and_tails_go_on_after_the_broker_died(servers: Servers, where: str) -> None:
    await prepare_events(where, ["a", "a.dead"])
    heard: set[str] = set()
    tailed: set[str] = set()

    async def react(events: Sequence[Event]) -> None:
        heard.update(one.id for one in events)

    async with open_events(where) as mine, open_events(where) as other, open_events(where) as writer:

        async def follow() -> None:
            async with writer.tail(["a"]) as tail:
                async for received in tail:
                    tailed.add(received.event.id)

        async def arrives(id_: str) -> bool:
            """Whether an event that is published now is heard of, by the group and by the tail."""
            with suppress(Unavailable):
                await writer.publish("a", [event(id_)])
            await asyncio.sleep(0.5)
            return id_ in heard and id_ in tailed

        members = [Reactions(events, "g", ["a"], {"t": react}).run for events in (mine, other)]
        async with working([*members, follow]):
            await until(lambda: arrives("before"), 60)
            await servers.kafka.kill()
            await asyncio.sleep(DOWN_S)
            await servers.kafka.start()
            await until(lambda: arrives("after"), 60)


async def test_a_broker_that_is_away_leaves_nothing_behind_that_goes_on_trying(
    servers: Servers, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or each time that it is away there would be one client more, with its connections, for as long as the process lives."""
    monkeypatch.setattr(kafka, "PUBLISH_TIMEOUT_S", 3.0)
    monkeypatch.setattr(clients, "STOP_WITHIN_S", 1.0)
    await prepare_events(where, ["a"])

    def left() -> list[str]:
        running = [task.get_coro() for task in asyncio.all_tasks()]
        return [
            one.__qualname__
            for one in running
            if isinstance(one, CoroutineType) and "aiokafka" in one.cr_code.co_filename
        ]

    for away, back in ((servers.kafka.kill, servers.kafka.start), (servers.kafka.pause, servers.kafka.resume)):
        async with open_events(where) as events:
            await events.publish("a", [event("1")])
            member = events.join("g", ["a"])
            await (await member.__aenter__()).poll(wait_s=1.0)
            await _done(away)
            try:
                with pytest.raises(Unavailable):
                    await events.publish("a", [event("2")])
                await member.__aexit__(None, None, None)

                async def nothing() -> bool:
                    return not left()

                await until(nothing, 20)
            finally:
                await _done(back)

            async def published() -> bool:
                with suppress(Unavailable):
                    await events.publish("a", [event("3")])
                    return True
                return False

            await until(published, 60)


async def _done(work: Callable[[], Awaitable[None] | None]) -> None:
    if waiting := work():
        await waiting


async def test_a_member_that_has_something_to_read_and_does_not_get_on_says_so(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepare_events(where, ["a"])
    async with open_events(where) as events, events.join("g", ["a"]) as member:
        assert isinstance(member, KafkaMember)
        await events.publish("a", [event("1")])
        async with asyncio.timeout(30):
            while not await member.poll(wait_s=1.0):
                pass
        monkeypatch.setattr(kafka, "LOOK_FOR_LAG_EVERY_S", 0.2)
        monkeypatch.setattr(kafka, "STUCK_AFTER_S", 0.5)
        consumer = member._consumer
        consumer.pause(*consumer.assignment())
        await events.publish("a", [event("2")])
        with pytest.raises(Unavailable) as stuck:
            await _polled_for_ever(member)
        assert stuck.value.reason == "CONSUMER_STUCK"


async def _polled_for_ever(member: KafkaMember) -> None:
    async with asyncio.timeout(30):
        while True:
            assert not await member.poll(wait_s=0.3)


async def test_a_member_with_nothing_to_read_is_not_stuck(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await prepare_events(where, ["a"])
    monkeypatch.setattr(kafka, "LOOK_FOR_LAG_EVERY_S", 0.1)
    monkeypatch.setattr(kafka, "STUCK_AFTER_S", 0.2)
    async with open_events(where) as events, events.join("g", ["a"]) as member:
        for _ in range(6):
            assert not await member.poll(wait_s=0.3)


async def test_a_topic_does_not_come_to_be_by_accident(where: str) -> None:
    async with open_events(where) as events:
        with pytest.raises(NotPrepared, match="has no topic"):
            await events.publish("a", [event("1")])
        with pytest.raises(NotPrepared, match="has no topic"):
            async with events.join("g", ["a"]):
                pass
        with pytest.raises(NotPrepared, match="has no topic"):
            async with events.tail(["a"]):
                pass


async def test_a_topic_with_another_number_of_partitions_is_not_changed(where: str) -> None:
    await prepare_events(where, ["a"])
    await prepare_events(where, ["a"])
    with pytest.raises(NotPrepared, match="6 partitions, not 7"):
        await prepare_events(where.replace("partitions=6", "partitions=7"), ["a"])


async def test_records_are_kept_for_a_month_and_what_was_set_aside_until_somebody_deals_with_it(where: str) -> None:
    await prepare_events(where, ["a"], lasting=["a.dead"])
    cluster = Cluster.of(where)
    kept = {}
    async with clients.administering(cluster) as admin:
        for name in ("a", "a.dead"):
            resource = ConfigResource(ConfigResourceType.TOPIC, f"{cluster.prefix}{name}", {"retention.ms": None})
            (answer,) = await admin.describe_configs([resource])
            ((*_, entries),) = answer.resources
            kept[name] = {entry[0]: entry[1] for entry in entries}["retention.ms"]
    assert kept == {"a": str(30 * 24 * 3600 * 1000), "a.dead": "-1"}


async def test_a_record_that_is_no_event_of_ours_holds_nobody_up(where: str) -> None:
    """Whoever may write to the topic may have written anything."""
    await prepare_events(where, ["a", "a.dead"])
    cluster = Cluster.of(where)
    heard: list[str] = []
    strange = {"ce_id": b"x", "ce_type": b"t", "ce_source": b"/t", "ce_subject": b"s", "ce_time": b"yesterday"}

    async def react(events: Sequence[Event]) -> None:
        heard.extend(one.id for one in events)

    async def arrived() -> bool:
        return "2" in heard

    async with open_events(where) as events, events.tail(["a"]) as tail:
        producer = AIOKafkaProducer(bootstrap_servers=cluster.servers)
        await producer.start()
        try:
            for headers in ([], [("ce_id", b"\xff"), ("ce_type", None)], list(strange.items())):
                await producer.send_and_wait(f"{cluster.prefix}a", key=b"s", value=b"?", headers=headers)
        finally:
            await producer.stop()
        await events.publish("a", [event("2")])
        async with working([Reactions(events, "g", ["a"], {"t": react}).run]):
            await until(arrived, 60)
        assert heard == ["2"]
        async with asyncio.timeout(30):
            assert (await anext(tail)).event.id == "2"


async def test_a_foreign_consumer_reads_the_headers_of_cloud_events(where: str) -> None:
    """With nothing but a Kafka client (CloudEvents Kafka protocol binding, binary mode)."""
    await prepare_events(where, ["a"])
    sent = event("1")
    async with open_events(where) as events:
        await events.publish("a", [sent])
    cluster = Cluster.of(where)
    consumer = AIOKafkaConsumer(f"{cluster.prefix}a", bootstrap_servers=cluster.servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        record = await asyncio.wait_for(consumer.getone(), 30)
    finally:
        await consumer.stop()
    headers = {name: value.decode() for name, value in record.headers}
    assert record.key == sent.subject.encode()
    assert headers == {
        "content-type": "application/protobuf",
        "ce_specversion": "1.0",
        "ce_id": sent.id,
        "ce_type": sent.type,
        "ce_source": sent.source,
        "ce_subject": sent.subject,
        "ce_time": sent.time.isoformat(),
    }
