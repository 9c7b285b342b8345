"""Each country's topic tells what reaches its authorities: all of it, nothing else, once per event, in order, without content."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis import reactions
from chassis.outbox import topic
from chassis.settings import ServiceSettings
from engines.events import Event, open_events
from protos.alerts.v1 import alerts_pb2 as pb
from protos.alerts.v1.countries_pb2 import CountryTold
from protos.alerts.v1.events_pb2 import AlertChanged
from services.alerts import country_topics
from services.alerts.country_topics import GROUP, TOPICS, country_topic
from services.alerts.wiring import prepare
from tests.alerts.cast import AUTHORITIES, COMMISSION
from tests.alerts.conftest import Asking, another, running
from tests.alerts.dangers import NOW
from tests.alerts.inboxes import PATIENCE_S, inbox, settled
from tests.alerts.test_reactions import READERS, thread, until_all_told
from tests.alerts.threads import a_full_alert, an_alert, store
from vocabulary import countries

TOLD = {
    "IT": [
        ("SUBMITTED", ["aut_it_coordinator", "aut_it_region"]),
        ("INFORMATION_PROPOSED", ["aut_it_coordinator", "aut_it_region"]),
    ],
    "HU": [
        ("BROADCAST", ["aut_hu_coordinator", "aut_hu_region"]),
        ("DISSEMINATED", ["aut_hu_labour"]),
        ("INFORMATION_PROPOSED", ["aut_hu_coordinator", "aut_hu_region"]),
    ],
    "FR": [("BROADCAST", ["aut_fr_coordinator", "aut_fr_region"])],
}


async def told(settings: ServiceSettings, counts: dict[str, int]) -> dict[str, list[Event]]:
    """What the topics of some countries carry, once each carries so many events."""
    found: dict[str, list[Event]] = {}
    async with open_events(settings.events) as events:
        for country, count in counts.items():
            async with events.join(f"test-{country}", [country_topic(country)]) as member, asyncio.timeout(PATIENCE_S):
                found[country] = []
                while len(found[country]) < count:
                    found[country] += [received.event for received in await member.poll(wait_s=0.2)]
    return found


async def everything(settings: ServiceSettings) -> dict[str, list[Event]]:
    """What the topics of all countries carry now."""
    found: dict[str, list[Event]] = {}
    async with open_events(settings.events) as events, events.join("everything", TOPICS) as member:
        while polled := await member.poll(wait_s=0.2):
            for received in polled:
                found.setdefault(received.topic, []).append(received.event)
    return found


def kinds(events: Sequence[Event]) -> list[tuple[str, list[str]]]:
    messages = [CountryTold.FromString(event.data) for event in events]
    return [
        (pb.InboxEntryKind.Name(one.kind).removeprefix("INBOX_ENTRY_KIND_"), [*one.authority_ids]) for one in messages
    ]


async def dealt_with(settings: ServiceSettings) -> None:
    """Wait until the group has read all that alerts have told so far."""
    async with open_events(settings.events) as events:
        async with events.join("fence", [topic("alerts")]) as member:
            last = ""
            while polled := await member.poll(wait_s=0.2):
                last = polled[-1].event.id
        async with asyncio.timeout(PATIENCE_S):
            heard = ""
            async with events.join("fence-austria", [country_topic("AT")]) as member:
                while heard != last:
                    for received in await member.poll(wait_s=0.2):
                        heard = received.event.id


async def test_each_country_is_told_what_reaches_its_authorities(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        alert = await a_full_alert(alone)
        await settled(alone)
        await dealt_with(alone.settings)
        found = await everything(alone.settings)
        entries = {reader.authority_id: await inbox(alone, reader) for reader in READERS}
    # Austria's is what `settled` makes.
    assert set(found) - {country_topic("AT")} == {country_topic(country) for country in TOLD}
    for country, expected in TOLD.items():
        events = found[country_topic(country)]
        assert kinds(events) == expected, country
        messages = [CountryTold.FromString(event.data) for event in events]
        assert {(one.alert_id, one.type_id, one.sender_country_code) for one in messages} == {
            (alert.id, alert.type_id, "IT")
        }
        assert [one.revision for one in messages] == sorted({one.revision for one in messages})
        assert {(event.subject, event.type, event.source) for event in events} == {
            (alert.id, "imi.alerts.v1.CountryTold", "/imi/alerts")
        }
        for authority_id, there in entries.items():
            if AUTHORITIES[authority_id].country == country:
                heard = [
                    event.id for event, one in zip(events, messages, strict=True) if authority_id in one.authority_ids
                ]
                assert [entry.id for entry in there if entry.alert_id == alert.id] == heard, authority_id


async def test_no_topic_carries_content_or_names_another_countrys_authorities(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        await a_full_alert(alone)
        await settled(alone)
        await dealt_with(alone.settings)
        found = await everything(alone.settings)
    for country in countries.ALL:
        for event in found.get(country_topic(country), []):
            assert not any(word in event.data for word in (b"SECRET", b"visto", b"vago")), country
            named = CountryTold.FromString(event.data).authority_ids
            assert {AUTHORITIES[id_].country for id_ in named} == {country}


async def test_what_is_dealt_with_again_is_told_again_with_the_same_id(asking: Asking, tmp_path: Path) -> None:
    async with another(asking, tmp_path) as alone:
        await an_alert(alone)
        await settled(alone)
        first = await told(alone.settings, {"HU": 1, "FR": 1, "IT": 1})
        async with open_events(alone.settings.events) as events, events.join("again", [topic("alerts")]) as member:
            seen = [received.event for received in await member.poll()]
            await events.publish(topic("alerts"), seen)
        await settled(alone)
        await dealt_with(alone.settings)
        found = await everything(alone.settings)
    for country, events_before in first.items():
        again = found[country_topic(country)]
        assert again == events_before * 2, country


async def test_an_event_about_an_alert_that_is_not_there_goes_to_the_dead_letters_and_stops_nobody(
    asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For inboxes and for the topics of countries: what comes after it is told once."""
    monkeypatch.setattr(reactions, "FIRST_PAUSE_S", 0.01)
    settings = asking.settings.model_copy(update={"data_dir": tmp_path, "keys_dir": asking.settings.keys})
    # Nobody is owed anything by the second one, so nothing of it is lost.
    lost, idle = (
        Event(
            id=f"evt_{delivery or 'idle'}",
            type=AlertChanged.DESCRIPTOR.full_name,
            source="/imi/alerts",
            subject="alt_nobody",
            time=NOW,
            data=AlertChanged(alert_id="alt_nobody", revision=3, delivery_id=delivery).SerializeToString(),
        )
        for delivery in ("1", "")
    )
    await store(settings, {"alt_1": thread()})
    async with open_events(settings.events) as events:
        await events.publish(topic("alerts"), [lost, idle])
        # Each failure is logged with all that stood around it, which takes a while to write.
        with capture_logs():
            async with running(settings) as alone:
                await until_all_told(alone)
                await settled(alone)
                await dealt_with(settings)
                found = await everything(settings)
        async with events.join("mourning", [reactions.dead(topic("alerts"))]) as member:
            dead = [*await member.poll(wait_s=0.2)]
    assert [one.event for one in dead] == [lost, lost]
    assert sorted(one.failure.split()[0] for one in dead) == [GROUP, "alerts-inbox"]
    for country, news in {
        "IT": ["SUBMITTED", "RETURNED", "SUBMITTED", "INFORMATION"],
        "HU": ["BROADCAST", "DISSEMINATED", "INFORMATION_PROPOSED", "INFORMATION"],
        "FR": ["BROADCAST", "INFORMATION"],
    }.items():
        assert [kind for kind, _ in kinds(found[country_topic(country)])] == news, country


async def test_a_country_that_nothing_reaches_is_told_nothing(asking: Asking, tmp_path: Path) -> None:
    """Not even that there is an alert; and the Commission, which reads it, has no topic."""
    async with another(asking, tmp_path) as alone:
        alert = await an_alert(alone)
        await settled(alone)
        await dealt_with(alone.settings)
        read = await alone(COMMISSION, "BatchGetAlerts", ids=[alert.id])
        assert len(read.alerts) == 1
        found = await everything(alone.settings)
    assert set(found) == {country_topic(country) for country in ("IT", "HU", "FR", "AT")}


async def test_every_country_has_a_topic_that_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    async def noted(_url: str, topics: Sequence[str], lasting: Sequence[str] = ()) -> None:
        made.extend([*topics, *lasting])

    monkeypatch.setattr("chassis.prepare.prepare_events", noted)
    await prepare(ServiceSettings(data_dir=tmp_path))
    wanted = [f"imi.alerts.{country}.v1" for country in countries.ALL]
    assert [*TOPICS] == wanted
    assert len(set(wanted)) == 30
    assert set(wanted) < set(made)
    assert GROUP == "alerts-countries"
    assert country_topics.country_topic("EL") == "imi.alerts.EL.v1"
