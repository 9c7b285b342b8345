"""A receipt holds as it was given, for whatever of it is open; and whoever changes anything in it is found out."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.chains import encoded
from chassis.keys import KeyRing
from imi_client.receipts import Delivery as Shown
from imi_client.receipts import NotVerified, require_continuation, verify
from imi_client.receipts.__main__ import main
from services.alerts.receipts import chain
from services.alerts.receipts.chain import Entry, Secrets
from services.alerts.receipts.keys import NAME, ReceiptKeys
from services.alerts.receipts.ledger import PER_LINK
from tests.alerts.copies import ALERT_ID, VALUES, a_copy, a_ledger, happened, published, some_keys, the_chain

REACHED = [f"HU/aut_hu_{number}" for number in range(5)] + ["FR/aut_fr_coordinator"]
STEPS = [
    happened(2, "SUBMIT", "IT/aut_it_coordinator", "IT/aut_it_region", values=None),
    happened(3, "BROADCAST", *REACHED),
    happened(4, "ACKNOWLEDGE", authority="aut_hu_0", country="HU"),
    happened(5, "DISSEMINATE", "HU/aut_hu_labour", authority="aut_hu_0", country="HU"),
    happened(6, "CLOSE", *REACHED, "IT/aut_it_labour", authority="", country=""),
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> ReceiptKeys:
    return some_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
async def chained(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Entry], Secrets]:
    async with a_ledger(tmp_path_factory.mktemp("ledger")) as ledger:
        await ledger.append(STEPS)
        return await the_chain(ledger), await ledger.secrets(ALERT_ID)


def hungarian(chained: tuple[list[Entry], Secrets], keys: ReceiptKeys) -> dict[str, Any]:
    """A copy with everything that a copy can have: entries open and closed, deliveries of others left out, the content."""
    made = a_copy(
        *chained,
        keys,
        is_open=lambda entry: entry.sequence != 1,
        knows_of=lambda delivery: delivery.country == "HU",
        content_of=2,
    )
    read: dict[str, Any] = json.loads(json.dumps(made))
    return read


def holds(document: Any, keys: ReceiptKeys) -> bool:
    try:
        verify(json.dumps(document), published(keys))
    except NotVerified:
        return False
    return True


async def test_a_receipt_holds_whatever_of_it_is_open(chained: tuple[list[Entry], Secrets], keys: ReceiptKeys) -> None:
    whole = verify(json.dumps(a_copy(*chained, keys, content_of=5)), published(keys))
    assert [(step.sequence, step.what, step.event) for step in whole.steps] == [
        (number, one.what, one.event) for number, one in enumerate(STEPS, 1)
    ]
    assert [tuple(step.deliveries) for step in whole.steps] == [
        tuple(Shown(each.authority, each.country) for each in one.deliveries) for one in STEPS
    ]
    assert {field: kind for field, kind, _ in whole.values} == {
        "damage": "money",
        "danger": "codes",
        "establishment": "references",
        "since": "date",
        "subject": "text",
    }
    assert [step.content != "" for step in whole.steps] == [False, True, True, True, True]
    for number in range(2 ** len(STEPS)):
        some = a_copy(*chained, keys, is_open=lambda entry, n=number: bool(n >> entry.sequence - 1 & 1))  # type: ignore[misc]
        found = verify(json.dumps(some), published(keys))
        assert found.links == whole.links
        assert list(found.steps) == [step for step in whole.steps if number >> step.sequence - 1 & 1]


async def test_what_is_closed_says_nothing(chained: tuple[list[Entry], Secrets], keys: ReceiptKeys) -> None:
    """Not who, not what, not when, not whom it reached, nor how many; and of deliveries that are left out, neither."""
    given_out = json.dumps(hungarian(chained, keys))
    for secret in ("SUBMIT", "aut_it_region", "evt_2", "aut_fr", '"FR"', "aut_it_labour"):
        assert secret not in given_out
    entries, secrets = chained
    assert chain.closed(entries[0], secrets) in given_out
    for other in (secrets.entry_salt(1), secrets.delivery_salt(2, "aut_fr_coordinator"), secrets.entries):
        assert other not in given_out


async def test_whom_else_a_step_reached_is_not_even_counted(keys: ReceiptKeys, tmp_path: Path) -> None:
    """One path is as long as any other, up to the number that a link has at most, and leads through any place of the row."""
    async with a_ledger(tmp_path) as ledger:
        for number, (others, steps) in enumerate([(0, 6), (5, 6), (63, 6), (64, 10), (PER_LINK - 1, 10)]):
            sides = set()
            for again in range(8):
                id_ = f"alt_{number}_{again}"
                reached = ["HU/aut_hu", *(f"FR/aut_fr_{other}" for other in range(others))]
                await ledger.append([happened(1, "CORRECT", *reached, alert_id=id_)])
                found = a_copy(
                    await the_chain(ledger, id_),
                    await ledger.secrets(id_),
                    keys,
                    alert_id=id_,
                    knows_of=lambda delivery: delivery.country == "HU",
                )
                assert holds(found, keys)
                (one,) = found["entries"][0]["deliveries"]
                assert len(one["path"]) == steps, others
                sides.add(tuple(step["side"] for step in one["path"]))
            assert len(sides) > 1, others


async def test_content_is_opened_only_for_whom_it_is_for(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys
) -> None:
    given_out = json.dumps(a_copy(*chained, keys))
    assert "Ponteggio" not in given_out
    assert chained[1].content_salt(1) not in given_out
    entries, secrets = chained
    # Without the salt, not even the right guess can be told from a wrong one.
    assert chain.commitment("services:1", VALUES, secrets.content_salt(1)) == entries[1].content
    assert chain.commitment("services:1", VALUES, "00" * 16) != entries[1].content


Place = tuple[str | int, ...]


def places(document: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of a document, each object and list included."""
    yield at
    parts: Any = ()
    if isinstance(document, dict):
        parts = document.items()
    elif isinstance(document, list):
        parts = enumerate(document)
    for name, part in parts:
        yield from places(part, (*at, name))


def at(document: Any, place: Place) -> Any:
    for name in place:
        document = document[name]
    return document


def other_than(value: Any, draw: random.Random) -> Iterator[Any]:
    """What could stand instead of *value*: of its kind, nearly the same; and of other kinds."""
    if isinstance(value, str):
        yield from (f"{value} ", value.upper(), value[:-1], value[::-1], "", value.swapcase())
        if value:
            index = draw.randrange(len(value))
            yield value[:index] + chr(ord(value[index]) ^ 1) + value[index + 1 :]
    if isinstance(value, bool | int):
        yield from (value + 1, value - 1, -value, float(value) + 0.5, str(value))
    if isinstance(value, list):
        yield from ([*value, *value[-1:]], value[:-1], value[1:], value[::-1])
    yield from (None, [], {}, 0, "x", True)


async def test_every_single_change_is_found(chained: tuple[list[Entry], Secrets], keys: ReceiptKeys) -> None:
    """Each field changed in many ways, each taken out, each given a neighbour that nobody knows."""
    whole = hungarian(chained, keys)
    draw = random.Random(58)
    tried = 0
    for place in places(whole):
        if not place:
            continue
        was = at(whole, place)
        for other in other_than(was, draw):
            if other == was and type(other) is type(was):
                continue
            changed = copy.deepcopy(whole)
            at(changed, place[:-1])[place[-1]] = other
            assert not holds(changed, keys), f"{place}: {was!r} → {other!r}"
            tried += 1
        without = copy.deepcopy(whole)
        del at(without, place[:-1])[place[-1]]
        assert not holds(without, keys), f"{place} taken out"
        if isinstance(was, dict):
            more = copy.deepcopy(whole)
            at(more, place)["note"] = "x"
            assert not holds(more, keys), f"{place}: a note added"
    assert tried > 1_000


@settings(max_examples=100, deadline=None)
@given(data=st.data())
async def test_entries_that_are_removed_repeated_moved_or_cut_off_are_found(
    data: st.DataObject, chained: tuple[list[Entry], Secrets], keys: ReceiptKeys
) -> None:
    whole = hungarian(chained, keys)
    order = data.draw(st.lists(st.sampled_from(range(len(STEPS))), max_size=7))
    changed = copy.deepcopy(whole)
    changed["entries"] = [whole["entries"][index] for index in order]
    renumbered = copy.deepcopy(changed)
    for number, entry in enumerate(renumbered["entries"], 1):
        entry["sequence"] = number
    renumbered["head"]["length"] = len(order)
    intact = order == list(range(len(STEPS)))
    assert holds(changed, keys) == intact
    assert holds(renumbered, keys) == intact


async def test_a_copy_in_which_more_is_closed_is_not_the_one_that_was_signed(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys
) -> None:
    """Though its chain is whole: that a reader was shown something cannot be hidden afterwards."""
    whole, fewer = a_copy(*chained, keys), a_copy(*chained, keys, is_open=lambda entry: entry.sequence < 3)
    taken = copy.deepcopy(whole)
    taken["entries"] = fewer["entries"]
    with pytest.raises(NotVerified) as found:
        verify(json.dumps(taken), published(keys))
    assert found.value.where == "head.copy"


async def test_a_chain_that_was_written_anew_does_not_continue_the_earlier_one(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys, tmp_path: Path
) -> None:
    """Not even by whoever has the key: a receipt that was given out binds what comes after."""
    entries, secrets = chained
    now = verify(json.dumps(a_copy(*chained, keys)), published(keys))
    for length in range(len(entries) + 1):
        before = verify(json.dumps(a_copy(entries[:length], secrets, keys)), published(keys))
        require_continuation(before, now)
        if length < len(entries):
            with pytest.raises(NotVerified):
                require_continuation(now, before)
    async with a_ledger(tmp_path) as ledger:
        await ledger.append([STEPS[0], happened(3, "BROADCAST", *REACHED[:-1]), *STEPS[2:]])
        forged = await the_chain(ledger), await ledger.secrets(ALERT_ID)
    with pytest.raises(NotVerified) as found:
        require_continuation(now, verify(json.dumps(a_copy(*forged, keys)), published(keys)))
    assert found.value.where == "entries"


async def test_a_receipt_is_signed_by_a_published_key(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys, tmp_path: Path
) -> None:
    whole = a_copy(*chained, keys)
    stranger = some_keys(tmp_path / "stranger")
    assert not holds(whole, stranger)
    posing = [{**stranger.published()[0], "kid": keys.id}]
    with pytest.raises(NotVerified) as found:
        verify(json.dumps(whole), json.dumps({"keys": posing}))
    assert found.value.where == "head.signature"


async def test_an_earlier_key_stays_published(chained: tuple[list[Entry], Secrets], tmp_path: Path) -> None:
    """The key is changed by putting its public half aside and taking its private one away."""
    old = some_keys(tmp_path)
    whole = a_copy(*chained, old)
    (tmp_path / f"{NAME}.public.jwk").rename(tmp_path / f"{NAME}-2026.public.jwk")
    (tmp_path / f"{NAME}.private.jwk").unlink()
    new = some_keys(tmp_path)
    assert new.id != old.id
    assert [key["kid"] for key in new.published()] == [new.id, old.id]
    assert holds(whole, new)
    assert holds(a_copy(*chained, new), new)
    assert not any("d" in key for key in new.published())
    assert KeyRing(tmp_path).public(f"{NAME}-2026") is None


def test_what_is_hashed_is_what_the_documentation_says() -> None:
    """Values of its examples, worked out there by hand."""
    page = (Path(__file__).parents[2] / "docs" / "receipts.md").read_text(encoding="utf-8")
    assert encoded("a", "", "é").hex() in page
    assert chain.start("alt_1") in page
    assert chain.link(1, chain.start("alt_1"), "0" * 64) in page
    assert chain.root(["1" * 64, "2" * 64, "3" * 64]) in page


async def test_the_command_says_what_holds_and_what_does_not(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys, tmp_path: Path
) -> None:
    said: list[str] = []
    whole = hungarian(chained, keys)
    receipt, published_keys, before = (tmp_path / name for name in ("receipt.json", "keys.json", "earlier.json"))
    published_keys.write_text(published(keys), encoding="utf-8")
    receipt.write_text(json.dumps(whole), encoding="utf-8")
    before.write_text(json.dumps(a_copy(chained[0][:2], chained[1], keys)), encoding="utf-8")
    command = ["verify", str(receipt), "--keys", str(published_keys)]
    assert main([*command, "--earlier", str(before)], said.append) == 0
    assert "The receipt holds: alert AL-1 (alt_1), 5 entries," in said
    assert any("in the inbox of HU aut_hu_labour" in line for line in said)
    said.clear()
    whole["entries"][2]["what"] = "WITHDRAW"
    receipt.write_text(json.dumps(whole), encoding="utf-8")
    assert main(command, said.append) == 1
    assert said[0].startswith("The receipt does not hold. ")
    assert main([*command[:-1], str(tmp_path / "nothing")], said.append) == 2


async def test_a_receipt_in_another_encoding_is_refused(
    chained: tuple[list[Entry], Secrets], keys: ReceiptKeys
) -> None:
    whole = json.dumps(a_copy(*chained, keys))
    assert verify(whole.encode(), published(keys).encode()).number == "AL-1"
    for encoding in ("utf-16", "utf-32-le", "utf-8-sig"):
        with pytest.raises(NotVerified) as found:
            verify(whole.encode(encoding), published(keys))
        assert found.value.message == "this is not JSON in UTF-8"


@pytest.mark.parametrize(
    "unfit",
    ["", "[]", "null", "{", "[" * 100_000, '{"format":"imi-receipt-1"}', '"\\ud800"', b"\xff\xfe\x00", '{"a":1,"a":1}'],
)
async def test_what_is_no_receipt_is_refused(unfit: str | bytes, keys: ReceiptKeys) -> None:
    with pytest.raises(NotVerified):
        verify(unfit, published(keys))
