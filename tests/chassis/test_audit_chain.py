"""Whoever changes anything in an audit is found out, without the key that it is signed with."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.audit import chain, segments
from chassis.audit.chain import Row, Segment, State
from chassis.audit.segments import erased
from chassis.chains import SigningKeys
from chassis.keys import KeyRing
from tests.cells import cell
from tests.chassis.audits import SERVICE, a_read, auditing, fault
from vocabulary.audit import Kind, Part, Thing, Via

ROWS = 22


@pytest.fixture(scope="module")
async def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Segment], SigningKeys]:
    """22 rows in groups of 3, six to a segment: those that are closed, and one that is open."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "ROWS", 5)
        async with auditing(tmp_path_factory.mktemp("audit")) as there:
            for start in range(1, ROWS + 1, 3):
                await there.write(*(a_read(number) for number in range(start, min(start + 3, ROWS + 1))))
            return await there.all(), there.keys


async def test_what_was_written_holds(written: tuple[list[Segment], SigningKeys]) -> None:
    found, keys = written
    assert await fault(found, keys) is None
    rows = [row for one in found for row in one.rows]
    assert [row.read for row in rows] == [a_read(number) for number in range(1, ROWS + 1)]
    assert [row.sequence for row in rows] == list(range(1, ROWS + 1))
    assert [one.state for one in found] == [*[State.CLOSED] * (len(found) - 1), State.OPEN]
    assert len(found) > 3


# What somebody can write into a row who may write into the store.
EDITS: dict[str, Callable[[Row], Row]] = {
    "time": lambda row: replace(row, read=replace(row.read, at="2026-11-27T09:59:00.000000Z")),
    "user": lambda row: replace(row, read=replace(row.read, user="usr_bela")),
    "authority": lambda row: replace(row, read=replace(row.read, authority="aut_hu")),
    "country": lambda row: replace(row, read=replace(row.read, country="HU")),
    "via": lambda row: replace(row, read=replace(row.read, via=Via.SERVICE)),
    "operation": lambda row: replace(row, read=replace(row.read, operation="")),
    "trace": lambda row: replace(row, read=replace(row.read, trace="")),
    "refused": lambda row: replace(row, read=replace(row.read, refused="NOT_FOUND")),
    "things": lambda row: replace(row, read=replace(row.read, things=())),
    "a thing": lambda row: replace(row, read=replace(row.read, things=(Thing(Kind.ALERT, "alt_1", 1, (Part.CONTENT,)),))),
    "its parts": lambda row: replace(row, read=replace(row.read, things=(replace(row.read.things[0], parts=()),))),
    "sequence": lambda row: replace(row, sequence=row.sequence + 1),
    "hash": lambda row: replace(row, hash="0" * 64),
}  # fmt: skip


async def test_every_edit_of_a_row_is_found_and_the_row_is_named(written: tuple[list[Segment], SigningKeys]) -> None:
    found, keys = written
    for name, edit in EDITS.items():
        for at, segment in enumerate(found):
            for place, row in enumerate(segment.rows):
                with cell(name, row.sequence):
                    rows = (*segment.rows[:place], edit(row), *segment.rows[place + 1 :])
                    changed = [*found[:at], replace(segment, rows=rows), *found[at + 1 :]]
                    said = await fault(changed, keys)
                    assert said is not None
                    assert (said.segment, said.sequence) == (segment.number, row.sequence)


def rehashed(found: list[Segment], keys: SigningKeys) -> list[Segment]:
    """What somebody makes of *found* who knows how hashes are made, and has not the key: signatures stay as they were."""
    made: list[Segment] = []
    for segment in found:
        before = next((one for one in reversed(made) if one.count), None)
        empty = replace(segment, first=0, count=0, previous="", hash="", rows=())
        whole = chain.grown(empty, before, SERVICE, [row.read for row in segment.rows]) if segment.rows else empty
        made.append(
            replace(whole, number=segment.number, until=segment.until, key=keys.id, signature=segment.signature)
        )
    return made


def tampered(data: st.DataObject, found: list[Segment]) -> list[Segment]:
    """*found* with one thing done to it, at random."""
    at = data.draw(st.integers(0, len(found) - 1), "segment")
    segment = found[at]
    rows = list(segment.rows)
    what = data.draw(
        st.sampled_from(["edit", "delete", "insert", "swap", "cut", "drop", "end", "switch", "state", "twice"]), "what"
    )
    place = data.draw(st.integers(0, max(len(rows) - 1, 0)), "place")
    match what:
        case "drop":
            return [*found[:at], *found[at + 1 :]]
        case "end":
            return found[:at]
        case "switch":
            other = (at + 1) % len(found)
            changed = list(found)
            changed[at], changed[other] = found[other], found[at]
            return changed
        case "twice":
            return [*found[: at + 1], segment, *found[at + 1 :]]
        case "state":
            turned = State.OPEN if segment.state is not State.OPEN else State.CLOSED
            return [*found[:at], replace(segment, state=turned), *found[at + 1 :]]
        case "edit" if rows:
            rows[place] = EDITS[data.draw(st.sampled_from(sorted(EDITS)), "edit")](rows[place])
        case "delete" if rows:
            del rows[place]
        case "insert":
            rows.insert(place, Row(sequence=segment.first + place, read=a_read(99), hash="1" * 64))
        case "swap" if len(rows) > 1:
            other = (place + 1) % len(rows)
            rows[place], rows[other] = rows[other], rows[place]
        case "cut" if rows:
            rows = rows[:place]
    return [*found[:at], replace(segment, rows=tuple(rows)), *found[at + 1 :]]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_is_done_to_it_is_found(data: st.DataObject, written: tuple[list[Segment], SigningKeys]) -> None:
    found, keys = written
    changed = tampered(data, found)
    if changed == found:
        return
    assert await fault(changed, keys) is not None
    hashed_again = rehashed(changed, keys)
    if hashed_again != found:
        assert await fault(hashed_again, keys) is not None


async def test_somebody_elses_signature_is_none(written: tuple[list[Segment], SigningKeys], tmp_path: Path) -> None:
    found, keys = written
    theirs = SigningKeys(KeyRing(tmp_path), f"{SERVICE}_audit")
    for name, signed in {
        "signed with another key": [chain.signed(SERVICE, one, theirs) for one in found],
        "of another service": [chain.signed("alerts", one, keys) for one in found],
    }.items():
        with cell(name):
            said = await fault(signed, keys)
            assert said is not None
            assert said.what == "its head is not signed by the service"


async def test_an_end_that_somebody_kept_is_looked_for(written: tuple[list[Segment], SigningKeys]) -> None:
    """Who kept a copy of the store, with its signatures, can put that back; who kept a later head knows."""
    found, keys = written
    last = found[-1]
    earlier = [*found[:-2], replace(found[-2], state=State.OPEN, rows=found[-2].rows[:3], count=3)]
    earlier[-1] = chain.signed(SERVICE, replace(earlier[-1], hash=earlier[-1].rows[-1].hash), keys)
    assert await fault(earlier, keys) is None
    assert await fault(found, keys, kept={last.last: last.hash, 3: found[0].rows[2].hash}) is None
    for kept in ({last.last: last.hash}, {3: "0" * 64}):
        said = await fault(earlier, keys, kept=kept)
        assert said is not None
        assert said.sequence == next(iter(kept))


async def test_rows_that_were_erased_in_time_leave_a_chain_that_holds(
    written: tuple[list[Segment], SigningKeys],
) -> None:
    found, keys = written
    shorter = [*map(erased, found[:2]), *found[2:]]
    assert await fault(shorter, keys) is None
    early = await fault(shorter, keys, erased_before=datetime.fromisoformat(found[1].until))
    assert early is not None
    assert early.what == "it is erased before its time"
    assert await fault([erased(found[0]), replace(found[1], state=State.ERASED), *found[2:]], keys) is not None
    assert await fault(shorter[1:], keys) is not None


async def test_an_audit_that_is_not_there_does_not_hold(written: tuple[list[Segment], SigningKeys]) -> None:
    assert await fault([], written[1]) is not None


def test_what_is_hashed_is_what_the_documentation_says() -> None:
    """Values of its example, worked out there by hand."""
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    assert chain.start("requests") in page
    assert chain.link(1, chain.start("requests"), a_read(1)) in page
