"""Chains grow by whole links, once for each event and recipient, whoever appends, however often, and whatever fails in between."""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.documents import Collection, Document, open_documents
from engines.events import Event
from imi_client.receipts import verify
from services.alerts.receipts import chain
from services.alerts.receipts.chain import Entry
from services.alerts.receipts.ledger import PER_LINK, READ_AT_ONCE, RECEIPTS, SECRETS, Ledger
from tests.alerts.copies import (
    ALERT_ID,
    NOW,
    VALUES,
    a_copy,
    a_ledger,
    counted,
    happened,
    published,
    some_keys,
    the_chain,
)
from vocabulary.refusals import Unavailable


async def told(ledger: Ledger, alert_id: str = ALERT_ID) -> list[tuple[str, list[str]]]:
    return [(one.event, [each.authority for each in one.deliveries]) for one in await whole(ledger, alert_id)]


async def whole(ledger: Ledger, alert_id: str = ALERT_ID) -> list[Entry]:
    """The chain, each of whose links stands on the one before."""
    entries, secrets = await the_chain(ledger, alert_id), await ledger.secrets(alert_id)
    previous = chain.start(alert_id)
    for number, entry in enumerate(entries, 1):
        assert (entry.sequence, entry.previous) == (number, previous)
        previous = chain.link(number, previous, chain.closed(entry, secrets))
        assert entry.hash == previous
    return entries


async def test_what_comes_again_adds_nothing(tmp_path: Path) -> None:
    steps = [happened(1, "SUBMIT", "IT/a"), happened(2, "BROADCAST", "HU/b", "FR/c"), happened(3, "ACKNOWLEDGE")]
    async with a_ledger(tmp_path) as ledger:
        await ledger.append(steps)
        once = await whole(ledger)
        for again in (steps, steps[::-1], steps[1:2], steps * 3):
            await ledger.append(again)
        assert await whole(ledger) == once
        assert await told(ledger) == [("evt_1", ["a"]), ("evt_2", ["b", "c"]), ("evt_3", [])]


async def test_whoever_is_reached_later_is_in_a_link_of_their_own(tmp_path: Path) -> None:
    """As when the directory changed between two attempts at one event."""
    async with a_ledger(tmp_path) as ledger:
        await ledger.append([happened(1, "BROADCAST", "HU/a", "HU/b")])
        await ledger.append([happened(1, "BROADCAST", "HU/b", "HU/c"), happened(2, "ACKNOWLEDGE")])
        assert await told(ledger) == [("evt_1", ["a", "b"]), ("evt_1", ["c"]), ("evt_2", [])]


async def test_chains_of_several_alerts_are_each_their_own(tmp_path: Path) -> None:
    alerts = [f"alt_{number}" for number in range(5)]
    async with a_ledger(tmp_path) as ledger:
        steps = [
            happened(n, "BROADCAST", "HU/a", alert_id=id_, event=f"{id_} {n}") for n in range(1, 4) for id_ in alerts
        ]
        await ledger.append(steps)
        for id_ in alerts:
            assert await told(ledger, id_) == [(f"{id_} {n}", ["a"]) for n in range(1, 4)]
        secrets = [await ledger.secrets(id_) for id_ in alerts]
        assert len({one.entries for one in secrets} | {one.content for one in secrets}) == 10
        assert await told(ledger, "alt_nobody") == []


async def test_fifteen_thousand_deliveries_of_one_alert_are_links_of_a_bounded_size(tmp_path: Path) -> None:
    """One broadcast to 15,000; and what a recipient is given of it stays small."""
    reached = [f"{country}/aut_{country}_{number}" for country in ("HU", "FR", "DE") for number in range(5_000)]
    async with a_ledger(tmp_path) as ledger:
        await ledger.append([happened(1, "BROADCAST", *reached), happened(2, "CLOSE", *reached)])
        entries, secrets = await whole(ledger), await ledger.secrets(ALERT_ID)
        assert [len(one.deliveries) for one in entries] == [PER_LINK] * 30
        assert [f"{one.country}/{one.authority}" for entry in entries[:15] for one in entry.deliveries] == reached
        await ledger.append([happened(1, "BROADCAST", *reached[::-1])])
        assert len(await the_chain(ledger)) == 30
    keys = some_keys(tmp_path)
    copy = a_copy(entries, secrets, keys, knows_of=lambda delivery: delivery.authority == "aut_HU_4321")
    shown = [(entry["sequence"], each) for entry in copy["entries"] for each in entry["deliveries"]]
    assert [sequence for sequence, _ in shown] == [5, 20]
    assert max(len(each["path"]) for _, each in shown) <= 10
    assert verify(json.dumps(copy), published(keys)).links == tuple(entry.hash for entry in entries)


async def test_a_long_chain_is_read_some_links_at_a_time(tmp_path: Path) -> None:
    """None twice and none left out, and never the whole of it at once."""
    steps = [happened(n, "ACKNOWLEDGE") for n in range(1, 2 * READ_AT_ONCE + 3)]
    async with a_ledger(tmp_path) as ledger:
        await ledger.append(steps)
        read = [len(links) async for links in ledger.entries(ALERT_ID)]
        assert read == [READ_AT_ONCE, READ_AT_ONCE, 2]
        assert [entry.event for entry in await whole(ledger)] == [one.event for one in steps]


async def test_writers_that_race_leave_one_chain_without_a_fork(tmp_path: Path) -> None:
    """Several replicas append the same events and others at the same time."""
    steps = [happened(n, "DISSEMINATE", f"HU/{n}", f"FR/{n}") for n in range(1, 13)]

    async def append(ledger: Ledger, number: int) -> None:
        order = random.Random(number).sample(steps, len(steps))
        for at in range(0, len(order), 3):
            await ledger.append(order[at : at + 3])

    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", [RECEIPTS, SECRETS]) as first,
        open_documents(f"sqlite:///{tmp_path}/documents.db", [RECEIPTS, SECRETS]) as second,
    ):
        ledgers = [Ledger(documents, counted(), lambda: NOW) for documents in (first, second, first, second)]
        await asyncio.gather(*(append(ledger, number) for number, ledger in enumerate(ledgers)))
        found = await told(ledgers[0])
    assert sorted(found) == sorted((one.event, [each.authority for each in one.deliveries]) for one in steps)


class Failing:
    """A store whose writes fail now and then: before they are made, or after, when nobody learns that they were."""

    def __init__(self, documents: Any, draw: random.Random) -> None:
        self._documents = documents
        self._draw = draw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def write_many(self, collection: Collection, documents: Sequence[tuple[Document, Sequence[Event]]]) -> Any:
        if self._draw.random() < 0.3:
            raise Unavailable("the store is away")
        written = await self._documents.write_many(collection, documents)
        if self._draw.random() < 0.3:
            raise Unavailable("the store is away")
        return written


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6))
async def test_what_fails_in_between_is_made_good_by_trying_again(
    seed: int, sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = [happened(n, "DISSEMINATE", *(f"HU/{n}-{m}" for m in range(size))) for n, size in enumerate(sizes, 1)]
    draw = random.Random(seed)
    folder = tmp_path_factory.mktemp("failing")
    async with open_documents(f"sqlite:///{folder}/documents.db", [RECEIPTS, SECRETS]) as documents:
        failing: Any = Failing(documents, draw)
        ledger = Ledger(failing, counted(), lambda: NOW)
        for _ in range(1_000):
            try:
                await ledger.append(steps)
            except Unavailable:
                continue
            break
        assert await told(ledger) == [(one.event, [each.authority for each in one.deliveries]) for one in steps]


async def test_a_store_that_others_write_all_the_time_is_not_tried_for_ever(tmp_path: Path) -> None:
    class Lost(Failing):
        async def write_many(self, collection: Collection, documents: Any) -> Any:
            if collection is not RECEIPTS:
                return await self._documents.write_many(collection, documents)
            return [False] * len(documents)

    async with open_documents(f"sqlite:///{tmp_path}/documents.db", [RECEIPTS, SECRETS]) as documents:
        lost: Any = Lost(documents, random.Random(0))
        with pytest.raises(Unavailable) as found:
            await Ledger(lost, counted(), lambda: NOW).append([happened(1)])
    assert found.value.reason == "BUSY"


async def test_content_that_is_forgotten_can_be_told_by_nobody_and_its_chain_still_holds(tmp_path: Path) -> None:
    async with a_ledger(tmp_path) as ledger:
        await ledger.append([happened(1, "BROADCAST", "HU/a")])
        before, entries = await ledger.secrets(ALERT_ID), await whole(ledger)
        for _ in range(2):
            await ledger.forget(ALERT_ID)
        after = await ledger.secrets(ALERT_ID)
        assert (after.entries, after.content) == (before.entries, "")
        assert after.content_salt(1) == chain.commitment("services:1", VALUES, after.content_salt(1)) == ""
        assert await whole(ledger) == entries
        await ledger.append([happened(2, "ERASE", values=None)])
        assert [one.content != "" for one in await whole(ledger)] == [True, False]
        # Whoever kept the content and its salt can still show what it said; whoever reads the store cannot.
        assert chain.commitment("services:1", VALUES, before.content_salt(1)) == entries[0].content


async def test_a_version_has_one_commitment_and_another_version_another(tmp_path: Path) -> None:
    async with a_ledger(tmp_path) as ledger:
        await ledger.append([happened(1), happened(2, "ACKNOWLEDGE"), happened(3, "CORRECT", version=2)])
        first, same, other = [one.content for one in await whole(ledger)]
    assert first == same != other
