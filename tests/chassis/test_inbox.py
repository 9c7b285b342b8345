"""An inbox loses nothing, repeats nothing and keeps its order, whoever writes and whenever one reads."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis import inbox, inbox_buckets
from chassis.inbox import BUCKET, INBOX, Delivered, Entry, Inbox
from chassis.inbox_buckets import number_of, removal
from chassis.process import clock
from chassis.removing import Removing
from engines.documents import Documents, open_documents
from vocabulary import pages
from vocabulary.refusals import CursorExpired, Invalid, Unavailable

AT = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
STREAM = "alerts"


def an_entry(id_: object) -> Entry:
    return Entry(id=str(id_), subject="alt_1", kind="BROADCAST", at=AT, status="NEW")


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[Documents]:
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", [INBOX]) as opened:
        yield opened


@pytest.fixture
async def other_documents(tmp_path: Path, documents: Documents) -> AsyncIterator[Documents]:
    """The same store as another process has it open."""
    async with open_documents(f"sqlite:///{tmp_path}/documents.db", [INBOX]) as opened:
        yield opened


@pytest.fixture
def mine(documents: Documents) -> Inbox:
    return Inbox(documents, STREAM, clock)


@pytest.fixture
def other(other_documents: Documents) -> Inbox:
    return Inbox(other_documents, STREAM, clock)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Buckets of eight entries, so that a test crosses several of them quickly."""
    monkeypatch.setattr(inbox_buckets, "BUCKET", 8)
    return 8


async def fill(box: Inbox, count: int, recipient: str = "r") -> None:
    for n in range(1, count + 1):
        await box.append(recipient, an_entry(n))


async def read_all(box: Inbox, limit: int = 100, recipient: str = "r") -> tuple[list[str], list[str]]:
    """The ids and the cursors of everything, page by page."""
    ids: list[str] = []
    cursors: list[str] = []
    while True:
        page = await box.read(recipient, cursors[-1] if cursors else "", limit)
        ids += [entry.id for entry in page.items]
        cursors += page.cursors
        assert len(page.items) <= limit
        if not page.has_next:
            return ids, cursors


def cursor(position: int, recipient: str = "r", stream: str = STREAM) -> str:
    return pages.cursor(stream, recipient, position)


async def taken(watching: AsyncIterator[Delivered], count: int) -> list[str]:
    """The next *count* entries, without the watermarks between them."""
    ids: list[str] = []
    async with asyncio.timeout(20):
        while len(ids) < count:
            delivered = await anext(watching)
            if delivered.entry:
                ids.append(delivered.entry.id)
    return ids


async def test_an_entry_is_read_as_it_was_appended(mine: Inbox) -> None:
    await mine.append("r", an_entry("1"))
    page = await mine.read("r", "", 10)
    assert list(page.items) == [an_entry("1")]
    assert not page.has_next
    assert list((await mine.read("nobody", "", 10)).items) == []


async def test_positions_are_one_two_three_whoever_appends(mine: Inbox, other: Inbox) -> None:
    """Two processes at once, across the end of a bucket: no gap, no place twice, each writer's own order kept."""

    async def write(box: Inbox, name: str) -> None:
        for n in range(80):
            await box.append("r", an_entry(f"{name}{n:03}"))

    await asyncio.gather(write(mine, "a"), write(other, "b"))
    ids, cursors = await read_all(mine)
    assert cursors == [cursor(position) for position in range(1, 161)]
    assert len(set(ids)) == 160
    for name in "ab":
        own = [id_ for id_ in ids if id_.startswith(name)]
        assert own == sorted(own)
        assert len(own) == 80


async def test_many_at_once_all_find_their_place(mine: Inbox, other: Inbox) -> None:
    await fill(mine, BUCKET - 5)
    await asyncio.gather(*(box.append("r", an_entry(f"x{n}")) for n, box in enumerate([mine, other] * 6)))
    ids, _ = await read_all(other)
    assert sorted(ids[BUCKET - 5 :]) == sorted(f"x{n}" for n in range(12))


async def test_the_same_entry_twice_is_once(mine: Inbox, other: Inbox) -> None:
    """One after the other, in an earlier bucket, and at once from several processes."""
    await fill(mine, BUCKET + 3)
    before, _ = await read_all(mine)
    for again in (1, BUCKET, BUCKET + 1, BUCKET + 3):
        await other.append("r", an_entry(again))
    assert (await read_all(mine))[0] == before
    await asyncio.gather(*(box.append("r", an_entry("new")) for box in [mine, other] * 6))
    assert (await read_all(mine))[0] == [*before, "new"]


class Overtaken:
    """The store, where a rival does something just before the question or the write that has this number, counted from 0."""

    def __init__(self, documents: Documents, number: int, rival: Callable[[], Awaitable[None]]) -> None:
        self._documents = documents
        self._number = number
        self._rival = rival
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        work = getattr(self._documents, name)

        async def overtaken(*about: Any, **more: Any) -> Any:
            self.asked += 1
            if self.asked == self._number + 1:
                await self._rival()
            return await work(*about, **more)

        return overtaken


# As many as an append that nobody overtakes has, and one more: a rival comes before each, and after the last.
MOMENTS = range(6)


@pytest.mark.parametrize("there", [0, 1, 6, 7, 8, 9, 16, 21])
async def test_an_entry_that_another_process_appends_in_between_is_still_once(
    documents: Documents, other: Inbox, small: int, there: int
) -> None:
    for moment in MOMENTS:
        recipient = f"r{moment}"
        await fill(other, there, recipient)

        async def same(recipient: str = recipient) -> None:
            await other.append(recipient, an_entry("same"))

        overtaken: Any = Overtaken(documents, moment, same)
        await Inbox(overtaken, STREAM, clock).append(recipient, an_entry("same"))
        ids, _ = await read_all(other, recipient=recipient)
        expected = [*(str(n) for n in range(1, there + 1)), "same"]
        assert ids == expected, f"overtaken before question {moment}"
        assert overtaken.asked >= 2


@pytest.mark.parametrize("there", [0, 1, 6, 7, 8, 9, 16, 21])
async def test_what_another_process_appends_in_between_is_neither_overwritten_nor_torn_apart(
    documents: Documents, other: Inbox, small: int, there: int
) -> None:
    """As many entries as fill a bucket and begin the next; whoever is first, all stand in one order without a gap."""
    rivals = [f"rival{n:02}" for n in range(small + 1)]
    own = [f"own{n:02}" for n in range(small + 2)]
    for moment in MOMENTS:
        recipient = f"r{moment}"
        await fill(other, there, recipient)

        async def rival(recipient: str = recipient) -> None:
            await other.append(recipient, *map(an_entry, rivals))

        overtaken: Any = Overtaken(documents, moment, rival)
        await Inbox(overtaken, STREAM, clock).append(recipient, *map(an_entry, own))
        ids, cursors = await read_all(other, recipient=recipient)
        assert cursors == [cursor(n, recipient) for n in range(1, len(ids) + 1)]
        after = ids[there:]
        assert ids[:there] == [str(n) for n in range(1, there + 1)]
        assert [id_ for id_ in after if id_.startswith("own")] == own, f"overtaken before question {moment}"
        assert [id_ for id_ in after if id_.startswith("rival")] == (rivals if overtaken.asked > moment else [])


@pytest.mark.parametrize("there", [0, 1, 7, 8, 9, 15, 16, 17, 24, 40])
async def test_an_inbox_that_others_have_written_goes_on_at_its_end(
    documents: Documents, mine: Inbox, other: Inbox, small: int, there: int
) -> None:
    """By somebody who knew it when it was shorter, and by somebody who has just begun."""
    for known in range(0, there + 1, 3):
        recipient = f"r{known}"
        await mine.append(recipient, *(an_entry(n) for n in range(1, known + 1)))
        await other.append(recipient, *(an_entry(n) for n in range(1, there + 1)))
        await mine.append(recipient, an_entry(there), an_entry("mine"))
        await Inbox(documents, STREAM, clock).append(recipient, an_entry("mine"), an_entry(1), an_entry("new"))
        ids, _ = await read_all(other, recipient=recipient)
        expected = [*(str(n) for n in range(1, there + 1)), "mine", "new"] if there else ["0", "mine", "1", "new"]
        assert ids == expected, f"it had {known}"


async def test_what_follows_dropped_buckets_goes_on_at_its_place(documents: Documents, mine: Inbox, small: int) -> None:
    await fill(mine, 2 * small + 3)
    await fill(mine, small, "full")
    await removed(documents, "r:0")
    for number in range(2):
        begun = Inbox(documents, STREAM, clock)
        await begun.append_all({who: [an_entry(f"new{number}")] for who in ("r", "full", "nobody")})
    page = await mine.read("r", cursor(2 * small + 2), 10)
    assert [entry.id for entry in page.items] == [str(2 * small + 3), "new0", "new1"]
    assert (await read_all(mine, recipient="nobody"))[0] == ["new0", "new1"]


async def test_many_inboxes_of_every_length_get_their_entries_in_a_few_writes(
    documents: Documents, mine: Inbox, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "APPENDED_AT_ONCE", 16)
    lengths = {f"r{n:02}": n for n in range(40)}
    for recipient, length in lengths.items():
        await mine.append(recipient, *(an_entry(n) for n in range(1, length + 1)))
    counted: Any = Counted(documents)
    news = [an_entry("a"), an_entry("b"), an_entry("a")]
    await Inbox(counted, STREAM, clock).append_all(dict.fromkeys(lengths, news))
    for recipient, length in lengths.items():
        ids, cursors = await read_all(mine, recipient=recipient)
        assert ids == [*(str(n) for n in range(1, length + 1)), "a", "b"], recipient
        assert cursors == [cursor(n, recipient) for n in range(1, length + 3)]
    # Three groups, and in each a second write where an inbox had room for one entry only.
    assert counted.calls["write_many"] == 6
    await mine.append_all(dict.fromkeys(lengths, news))
    assert len((await read_all(mine, recipient="r39"))[0]) == 41


class Counted:
    """The store, and how often what was asked of it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self._documents, name)


async def test_whoever_is_overtaken_in_many_inboxes_is_overtaken_in_those_alone(
    documents: Documents, mine: Inbox, other: Inbox, small: int
) -> None:
    recipients = [f"r{n}" for n in range(20)]
    for n, recipient in enumerate(recipients):
        await fill(mine, n % small, recipient)

    async def rival() -> None:
        await other.append_all({recipient: [an_entry("rival")] for recipient in recipients[::3]})

    overtaken: Any = Overtaken(documents, 2, rival)
    await Inbox(overtaken, STREAM, clock).append_all({recipient: [an_entry("own")] for recipient in recipients})
    for n, recipient in enumerate(recipients):
        ids, _ = await read_all(mine, recipient=recipient)
        assert ids[n % small :] == (["rival", "own"] if n % 3 == 0 else ["own"]), recipient


async def test_recipients_do_not_see_or_disturb_each_other(mine: Inbox) -> None:
    await asyncio.gather(fill(mine, 3, "r1"), fill(mine, 5, "r2"))
    assert (await read_all(mine, recipient="r1"))[0] == ["1", "2", "3"]
    assert (await read_all(mine, recipient="r2"))[0] == ["1", "2", "3", "4", "5"]


async def test_whoever_never_gets_a_turn_is_told(
    mine: Inbox, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "RACES_LOST_LIMIT", 0)
    with pytest.raises(Unavailable) as refused:
        await mine.append("r", an_entry("1"))
    assert refused.value.reason == "BUSY"
    assert await documents.find(INBOX, limit=1) == []


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16, 17, 30])
async def test_pages_of_any_size_meet_without_gap_or_overlap(mine: Inbox, small: int, count: int) -> None:
    await fill(mine, count)
    for limit in (1, 3, small, 1000):
        ids, cursors = await read_all(mine, limit)
        assert ids == [str(n) for n in range(1, count + 1)]
        assert cursors == [cursor(n) for n in range(1, count + 1)]


async def test_a_page_says_whether_more_follows(mine: Inbox) -> None:
    await fill(mine, 3)
    assert (await mine.read("r", "", 2)).has_next
    assert not (await mine.read("r", "", 3)).has_next
    assert not (await mine.read("r", cursor(1), 2)).has_next
    empty = await mine.read("r", cursor(3), 2)
    assert (list(empty.items), list(empty.cursors), empty.has_next) == ([], [], False)


async def test_a_watch_begins_with_a_watermark_and_tells_what_comes_from_now_on(mine: Inbox) -> None:
    await fill(mine, 3)
    watching = mine.watch("r", "")
    first = await anext(watching)
    assert (first.entry, first.cursor) == (None, cursor(3))
    await mine.append("r", an_entry(4))
    async with asyncio.timeout(5):
        second = await anext(watching)
    assert (second.entry, second.cursor) == (an_entry(4), cursor(4))
    await watching.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("seen", [0, 1, 7, 8, 9, 19])
async def test_a_watch_from_a_cursor_tells_everything_after_it_and_then_what_is_new(
    mine: Inbox, small: int, seen: int
) -> None:
    count = 2 * small + 3
    await fill(mine, count)
    watching = mine.watch("r", cursor(seen))
    assert (await anext(watching)).cursor == cursor(seen)
    assert await taken(watching, count - seen) == [str(n) for n in range(seen + 1, count + 1)]
    await mine.append("r", an_entry("new"))
    assert await taken(watching, 1) == ["new"]
    await watching.aclose()  # type: ignore[attr-defined]


async def test_whoever_catches_up_gives_way_to_the_others_between_two_buckets(
    mine: Inbox, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "GIVES_WAY", 1.0)
    await mine.append("r", *(an_entry(n) for n in range(3 * small)))
    clock = asyncio.get_running_loop().time
    resting: list[float] = []
    working_s = 0.02
    rested_from = None
    async with aclosing(mine.runs("r", pages.cursor(STREAM, "r", 0))) as runs:
        await anext(runs)
        for _ in range(3):
            run = await anext(runs)
            if rested_from is not None:
                resting.append(clock() - rested_from)
            assert len(run) == small
            await asyncio.sleep(working_s)
            rested_from = clock()
    assert min(resting) >= working_s


async def test_watchers_at_once_are_all_woken_and_see_the_same(mine: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", 60.0)
    watching = [mine.watch("r", "") for _ in range(5)]
    for one in watching:
        await anext(one)
    reading = [asyncio.create_task(taken(one, 20)) for one in watching]
    await asyncio.sleep(0)
    await fill(mine, 20)
    assert await asyncio.gather(*reading) == [[str(n) for n in range(1, 21)]] * 5
    for one in watching:
        await one.aclose()  # type: ignore[attr-defined]


async def test_an_entry_of_another_process_which_wakes_nobody_here_is_found(
    mine: Inbox, other: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", 0.05)
    watching = mine.watch("r", "")
    await anext(watching)
    reading = asyncio.create_task(taken(watching, 3))
    await asyncio.sleep(0)
    await fill(other, 3)
    assert await reading == ["1", "2", "3"]
    await watching.aclose()  # type: ignore[attr-defined]


async def test_silence_is_told_from_death_by_watermarks(mine: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(inbox, "WATERMARK_EVERY_S", 0.03)
    await fill(mine, 2)
    watching = mine.watch("r", cursor(1))
    async with asyncio.timeout(10):
        delivered = [await anext(watching) for _ in range(5)]
    assert [one.entry.id if one.entry else None for one in delivered] == [None, "2", None, None, None]
    assert [one.cursor for one in delivered] == [cursor(n) for n in (1, 2, 2, 2, 2)]
    assert all(one.at.tzinfo for one in delivered)
    await watching.aclose()  # type: ignore[attr-defined]


async def test_every_stream_speaks_at_least_every_30_seconds() -> None:
    """The promise of the protocol, with the pause between two looks."""
    assert inbox.WATERMARK_EVERY_S + inbox.LOOK_EVERY_S <= 30


async def test_a_reader_who_resumes_from_a_watermark_or_an_entry_misses_nothing(mine: Inbox) -> None:
    await fill(mine, 5)
    seen: list[str] = []
    at = cursor(0)
    for _ in range(5):
        watching = mine.watch("r", at)
        await anext(watching)
        delivered = await anext(watching)
        assert delivered.entry
        seen.append(delivered.entry.id)
        at = delivered.cursor
        await watching.aclose()  # type: ignore[attr-defined]
    assert seen == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(cursor(1, recipient="somebody else"), id="another recipient's"),
        pytest.param(cursor(1, stream="requests"), id="another stream's"),
        pytest.param(cursor(4), id="one ahead"),
        pytest.param(cursor(10**30), id="far ahead"),
        pytest.param(cursor(-1), id="before the beginning"),
        pytest.param(pages.cursor(STREAM, "r", "1"), id="text for a number"),
        pytest.param(pages.cursor(STREAM, "r", 1.0), id="a fraction"),
        pytest.param(pages.cursor(STREAM, "r"), id="too short"),
        pytest.param("3", id="a bare number"),
        pytest.param("?", id="nothing of ours"),
    ],
)
async def test_a_cursor_that_this_stream_never_sent_is_refused(mine: Inbox, wrong: str) -> None:
    await fill(mine, 3)
    for work in (mine.read("r", wrong, 10), anext(mine.watch("r", wrong))):
        with pytest.raises(Invalid) as refused:
            await work
        assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")


async def test_a_cursor_whose_sequel_is_no_longer_kept_has_expired(
    mine: Inbox, small: int, documents: Documents
) -> None:
    """Buckets are removed as a whole, oldest first; what is kept is still read."""
    await fill(mine, 2 * small + 3)
    await removed(documents, "r:0")
    for gone in (0, 1, small - 1):
        for work in (mine.read("r", cursor(gone), 10), anext(mine.watch("r", cursor(gone)))):
            with pytest.raises(CursorExpired) as refused:
                await work
            assert refused.value.field == "after"
    for kept in (small, small + 1, 2 * small + 2):
        page = await mine.read("r", cursor(kept), 1)
        assert [entry.id for entry in page.items] == [str(kept + 1)]
    await mine.append("r", an_entry("new"))
    assert (await mine.read("r", cursor(2 * small + 3), 1)).items == [an_entry("new")]


async def removed(documents: Documents, *buckets: str) -> None:
    """Remove *buckets*, as is done with old ones."""
    assert await documents.remove(INBOX, await documents.get_many(INBOX, buckets)) == len(buckets)


async def expire(documents: Documents, *, ahead: timedelta) -> list[str]:
    """Remove what is a year old so much later; the buckets that are left, each inbox's in their order."""
    await Removing(documents, [removal(timedelta(days=365))], lambda: AT + ahead).remove_all()
    left = await documents.find(INBOX, limit=100)
    return [one.id for one in sorted(left, key=lambda one: (str(one.body["recipient"]), number_of(one)))]


async def test_old_buckets_are_removed_but_never_the_last_of_an_inbox_and_positions_go_on(
    mine: Inbox, small: int, documents: Documents
) -> None:
    """Also where the last one is full, and for a process that has seen nothing of it; the beginning is where the first one kept is."""
    for recipient, count in (("r", 3 * small + 3), ("full", 2 * small), ("young", 1)):
        await fill(mine, count, recipient)
    assert len(await expire(documents, ahead=timedelta(days=364))) == 7
    left = ["full:1", "r:3", "young:0"]
    assert await expire(documents, ahead=timedelta(days=366)) == left
    assert await expire(documents, ahead=timedelta(days=9_999)) == left
    page = await mine.read("r", "", 100)
    assert [entry.id for entry in page.items] == [str(3 * small + n) for n in (1, 2, 3)]
    assert page.cursors[0] == cursor(3 * small + 1)
    with pytest.raises(CursorExpired):
        await mine.read("r", cursor(0), 1)
    fresh = Inbox(documents, STREAM, clock)
    for recipient, count in (("r", 3 * small + 3), ("full", 2 * small)):
        end = cursor(count, recipient=recipient)
        assert await fresh.cursor(recipient, "") == end
        await fresh.append(recipient, an_entry("new"))
        assert [entry.id for entry in (await fresh.read(recipient, end, 9)).items] == ["new"]
    assert await fresh.cursor("r", "") == cursor(3 * small + 4)


async def test_a_reader_is_told_that_what_follows_has_gone_while_it_was_behind(
    mine: Inbox, small: int, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no entry from behind the gap, and does not wait for ever."""
    monkeypatch.setattr(inbox, "WATERMARK_EVERY_S", 0.0)
    monkeypatch.setattr(inbox, "LOOK_EVERY_S", 0.01)
    await fill(mine, 3 * small + 1)
    await removed(documents, "r:1")
    seen: list[str] = []

    async def read_on() -> None:
        async for delivered in mine.watch("r", cursor(small - 2)):
            seen.extend([delivered.entry.id] if delivered.entry else [])

    with pytest.raises(CursorExpired):
        await read_on()
    assert seen == [str(small - 1), str(small)]
