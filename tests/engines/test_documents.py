"""What every document store promises, held against each engine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engines.documents import (
    AlreadyExists,
    AnyOf,
    Collection,
    Document,
    Documents,
    Index,
    Json,
    Range,
    RevisionChanged,
    UndeclaredIndex,
    open_documents,
    pages,
    prepare_documents,
)
from engines.events import Event

THINGS = Collection("things", (Index(("owner", "state", "at")), Index(("tags", "at")), Index(("number",), unique=True)))
QUIET = Collection("quiet", tells=False)
KIND = "documents"


@pytest.fixture
async def documents(url: str) -> AsyncIterator[Documents]:
    await prepare_documents(url, [THINGS, QUIET])
    async with open_documents(url, [THINGS, QUIET]) as opened:
        yield opened


def thing(id_: str, **body: object) -> Document:
    return Document(id_, {"owner": "o1", "state": "OPEN", "at": 1, "tags": [], "number": id_, **body})  # type: ignore[dict-item]


def event(id_: str) -> Event:
    return Event(id=id_, type="t", source="s", subject="x", time=datetime(2026, 1, 1, tzinfo=UTC), data=b"\x00\xff")


async def ids(documents: Documents, **question: object) -> list[str]:
    return [found.id for found in await documents.find(THINGS, limit=10, **question)]  # type: ignore[arg-type]


async def test_what_was_inserted_is_read_back_at_revision_one(documents: Documents) -> None:
    stored = await documents.insert(THINGS, thing("a", nested={"deep": ["é", None, 1.5, True]}))
    assert stored.revision == 1
    assert await documents.get(THINGS, "a") == stored
    assert await documents.get(THINGS, "b") is None


async def test_an_id_is_inserted_once(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a"))
    with pytest.raises(AlreadyExists):
        await documents.insert(THINGS, thing("a", number="other"))


async def test_a_collection_that_tells_nothing_takes_no_events(documents: Documents) -> None:
    """Nobody would look for them there."""
    stored = await documents.insert(QUIET, Document("a", {"number": 1}))
    with pytest.raises(ValueError, match="tells of no changes"):
        await documents.insert(QUIET, Document("b", {}), [event("e")])
    with pytest.raises(ValueError, match="tells of no changes"):
        await documents.write_many(QUIET, [(Document("b", {}), [event("e")])])
    with pytest.raises(ValueError, match="tells of no changes"):
        await documents.compare_and_set(QUIET, Document("a", {"number": 2}, stored.revision), [event("e")])
    assert await documents.get(QUIET, "b") is None
    assert await documents.get(QUIET, "a") == stored
    assert await documents.pending(10) == []


async def test_a_value_of_a_unique_index_is_taken_once(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", number="n"))
    with pytest.raises(AlreadyExists):
        await documents.insert(THINGS, thing("b", number="n"), [event("e")])
    second = await documents.insert(THINGS, thing("b", number="m"))
    with pytest.raises(AlreadyExists):
        await documents.compare_and_set(THINGS, Document("b", {**second.body, "number": "n"}, second.revision))
    assert await documents.get(THINGS, "b") == second
    assert await documents.pending(10) == []


async def test_many_are_read_in_the_order_asked_without_those_absent(documents: Documents) -> None:
    for id_ in "abc":
        await documents.insert(THINGS, thing(id_))
    assert [found.id for found in await documents.get_many(THINGS, ["c", "x", "a", "c"])] == ["c", "a"]


async def test_of_many_writes_each_stands_for_itself(documents: Documents) -> None:
    """New ones, changed ones, and each way in which one is left alone; what is left alone owes nothing."""
    there = {id_: await documents.insert(THINGS, thing(id_)) for id_ in ("a", "b", "c")}
    newer = await documents.compare_and_set(THINGS, replace(there["b"], body={**there["b"].body, "state": "NEWER"}))
    changed: dict[str, Json] = {**there["c"].body, "state": "CHANGED", "tags": ["x"]}
    many = [
        (thing("a", state="NEW", number="other"), [event("1")]),
        (thing("d"), [event("2")]),
        (replace(there["b"], body={**newer.body, "state": "TOO LATE"}), [event("3")]),
        (replace(there["c"], body=changed), [event("4"), event("5")]),
        (Document("gone", thing("gone").body, 7), [event("6")]),
        (thing("e", number="a"), [event("7")]),
    ]
    assert await documents.write_many(THINGS, many) == [False, True, False, True, False, False]
    stored = await documents.get_many(THINGS, ["a", "b", "c", "d", "e", "gone"])
    assert stored == [there["a"], newer, Document("c", changed, 2), Document("d", thing("d").body, 1)]
    assert sorted(pending.event.id for pending in await documents.pending(10)) == ["2", "4", "5"]
    assert await ids(documents, where={"tags": "x"}) == ["c"]
    assert await ids(documents, where={"owner": "o1", "state": "OPEN"}) == ["a", "d"]
    assert await documents.write_many(THINGS, []) == []


async def test_a_change_among_many_that_would_take_the_value_of_another_is_left_alone(documents: Documents) -> None:
    first, second = [await documents.insert(THINGS, thing(id_, tags=[id_])) for id_ in "ab"]
    many = [
        (replace(second, body={**second.body, "number": "a", "tags": ["z"]}), [event("1")]),
        (replace(first, body={**first.body, "tags": ["y"]}), [event("2")]),
    ]
    assert await documents.write_many(THINGS, many) == [False, True]
    assert await documents.get(THINGS, "b") == second
    assert [await ids(documents, where={"tags": tag}) for tag in "abyz"] == [[], ["b"], ["a"], []]
    assert [pending.event.id for pending in await documents.pending(10)] == ["2"]


async def test_of_racing_bulk_writers_one_wins_each_document(documents: Documents) -> None:
    before = [await documents.insert(THINGS, thing(f"t{n}")) for n in range(6)]

    def attempt(name: str) -> list[tuple[Document, list[Event]]]:
        changed = [replace(one, body={**one.body, "state": name}) for one in before]
        both = [*changed, thing("new", state=name)]
        return [(one, [event(f"{name} {one.id}")]) for one in both]

    names = [f"S{n}" for n in range(5)]
    ended = await asyncio.gather(*(documents.write_many(THINGS, attempt(name)) for name in names))
    stored = await documents.get_many(THINGS, [*(one.id for one in before), "new"])
    winners = [[name for name, written in zip(names, ended, strict=True) if written[n]] for n in range(7)]
    assert winners == [[one.body["state"]] for one in stored]
    assert [one.revision for one in stored] == [2] * 6 + [1]
    owed = {pending.event.id for pending in await documents.pending(100)}
    assert owed == {f"{one.body['state']} {one.id}" for one in stored}


async def test_an_index_follows_a_list_that_grows_and_shrinks(documents: Documents) -> None:
    """Each value is found while it is there, also next to others that stay, come twice or go."""
    now = await documents.insert(THINGS, thing("a"))
    for tags in (["x"], ["x", "y"], ["y", "x", "y", "z"], ["z"], [], ["x", "w"]):
        now = await documents.compare_and_set(THINGS, replace(now, body={**now.body, "tags": list(tags)}))
        found = [tag for tag in "wxyz" if await ids(documents, where={"tags": tag})]
        assert found == sorted(set(tags)), tags
    moved = await documents.compare_and_set(THINGS, replace(now, body={**now.body, "at": None, "state": "MOVED"}))
    assert await ids(documents, where={"tags": "x", "at": None}) == ["a"]
    assert await ids(documents, where={"owner": "o1", "state": "OPEN"}) == []
    await documents.compare_and_set(THINGS, replace(moved, body={**moved.body, "at": 5}))
    assert await ids(documents, where={"tags": "x", "at": None}) == []
    assert await ids(documents, where={"tags": "w", "at": 5}) == ["a"]


async def test_of_racing_writers_one_wins(documents: Documents) -> None:
    before = await documents.insert(THINGS, thing("a"))
    attempts = [Document("a", {**before.body, "state": f"S{n}"}, before.revision) for n in range(8)]
    writes = (documents.compare_and_set(THINGS, attempt, [event(str(attempt.body["state"]))]) for attempt in attempts)
    results = await asyncio.gather(*writes, return_exceptions=True)
    won = [result for result in results if isinstance(result, Document)]
    assert len(won) == 1
    assert sum(isinstance(result, RevisionChanged) for result in results) == 7
    assert await documents.get(THINGS, "a") == won[0]
    assert [pending.event.id for pending in await documents.pending(10)] == [won[0].body["state"]]


async def test_a_document_that_is_not_there_cannot_be_replaced(documents: Documents) -> None:
    with pytest.raises(RevisionChanged):
        await documents.compare_and_set(THINGS, thing("a"))


async def test_what_is_removed_is_gone_with_all_that_it_was_found_by(documents: Documents) -> None:
    stored = [await documents.insert(THINGS, thing(id_, tags=["x", id_])) for id_ in "abc"]
    assert await documents.remove(THINGS, stored[:2]) == 2
    assert await documents.get_many(THINGS, ["a", "b", "c"]) == [stored[2]]
    assert await ids(documents) == ["c"]
    assert await ids(documents, where={"tags": "x"}) == ["c"]
    assert await ids(documents, where={"owner": "o1", "state": "OPEN"}, sort="at") == ["c"]
    assert await documents.count(THINGS, {"tags": AnyOf(["x", "a", "b"])}, at_most=10) == 1
    # A second time there is nothing to remove, and what was unique is free again.
    assert await documents.remove(THINGS, stored[:2]) == 0
    assert await documents.remove(THINGS, []) == 0
    again = await documents.insert(THINGS, thing("a", number="b"))
    assert again.revision == 1
    assert await documents.get(THINGS, "a") == again


async def test_what_has_changed_since_it_was_read_is_not_removed(documents: Documents) -> None:
    first, second = [await documents.insert(THINGS, thing(id_, tags=[id_])) for id_ in "ab"]
    newer = await documents.compare_and_set(THINGS, replace(first, body={**first.body, "state": "NEWER"}))
    assert await documents.remove(THINGS, [first, second, thing("gone")]) == 1
    assert await documents.get_many(THINGS, ["a", "b"]) == [newer]
    assert await ids(documents, where={"tags": AnyOf(["a", "b"])}) == ["a"]


async def test_what_was_removed_can_no_longer_be_written_over(documents: Documents) -> None:
    """Neither alone nor among many: nothing of it comes back, and nothing is owed for it."""
    first, second = [await documents.insert(THINGS, thing(id_)) for id_ in "ab"]
    assert await documents.remove(THINGS, [first]) == 1
    changed = replace(first, body={**first.body, "state": "CHANGED"})
    with pytest.raises(RevisionChanged):
        await documents.compare_and_set(THINGS, changed, [event("1")])
    assert await documents.write_many(THINGS, [(changed, [event("2")]), (second, [event("3")])]) == [False, True]
    assert await ids(documents) == ["b"]
    assert await ids(documents, where={"owner": "o1", "state": "CHANGED"}) == []
    assert [pending.event.id for pending in await documents.pending(10)] == ["3"]


async def test_no_event_goes_with_what_is_removed(documents: Documents) -> None:
    """A document that owes something goes at the latest when that is told."""
    stored = await documents.insert(THINGS, thing("a"), [event("1"), event("2")])
    removed = await documents.remove(THINGS, [stored])
    owed = await documents.pending(10)
    assert [item.event.id for item in owed] == ["1", "2"]
    await documents.clear(owed[:1])
    removed += await documents.remove(THINGS, [stored])
    assert [item.event.id for item in await documents.pending(10)] == ["2"]
    await documents.clear(owed[1:])
    assert removed + await documents.remove(THINGS, [stored]) == 1
    assert await documents.get(THINGS, "a") is None
    assert await documents.pending(10) == []


async def test_of_a_writer_and_those_who_remove_one_wins(documents: Documents) -> None:
    before = [await documents.insert(THINGS, thing(f"t{n}", tags=["x"])) for n in range(8)]
    changed = [replace(one, body={**one.body, "state": "CHANGED"}) for one in before]
    *removed, written = await asyncio.gather(
        documents.remove(THINGS, before[:4]),
        documents.remove(THINGS, before),
        documents.remove(THINGS, before[4:]),
        asyncio.gather(*(documents.compare_and_set(THINGS, one) for one in changed), return_exceptions=True),
    )
    won = [one for one in written if isinstance(one, Document)]
    assert all(isinstance(one, Document | RevisionChanged) for one in written)
    assert sum(removed) + len(won) == 8
    assert await documents.get_many(THINGS, [one.id for one in before]) == won
    assert await ids(documents, where={"tags": "x"}) == [one.id for one in won]


async def test_documents_are_found_by_their_fields(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", at=3))
    await documents.insert(THINGS, thing("b", at=1, state="CLOSED"))
    await documents.insert(THINGS, thing("c", at=2))
    await documents.insert(THINGS, thing("d", at=4, owner="o2"))
    assert await ids(documents, where={"owner": "o1", "state": "OPEN"}, sort="at") == ["c", "a"]
    assert await ids(documents, where={"owner": "o1"}, sort="at", descending=True) == ["a", "c", "b"]
    assert await ids(documents, where={"owner": "o1", "state": AnyOf(["OPEN", "CLOSED"])}, sort="at") == ["b", "c", "a"]
    assert await ids(documents, where={"owner": "o1", "at": Range(at_least=2, below=3)}) == ["c"]
    assert await ids(documents) == ["a", "b", "c", "d"]


async def test_documents_are_counted_as_they_would_be_found_each_once_and_up_to_a_limit(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", at=3, tags=["x", "y"]))
    await documents.insert(THINGS, thing("b", at=1, tags=["y"], state="CLOSED"))
    await documents.insert(THINGS, thing("c", at=2))
    for where, expected in (
        ({"owner": "o1"}, 3),
        ({"owner": "o1", "state": AnyOf(["OPEN", "NONE"])}, 2),
        ({"owner": "o1", "at": Range(at_least=2, below=3)}, 1),
        ({"tags": AnyOf(["x", "y"])}, 2),
        ({"owner": "nobody"}, 0),
    ):
        assert await documents.count(THINGS, where, at_most=10) == expected  # type: ignore[arg-type]
    assert await documents.count(THINGS, {"tags": AnyOf(["x", "y"])}, at_most=1) == 1
    with pytest.raises(UndeclaredIndex):
        await documents.count(THINGS, {"nested": 1}, at_most=1)


async def test_a_list_is_found_by_each_of_its_items_and_once(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", tags=["x", "y"]))
    await documents.insert(THINGS, thing("b", tags=["y"]))
    await documents.insert(THINGS, thing("c"))
    assert await ids(documents, where={"tags": "x"}) == ["a"]
    assert await ids(documents, where={"tags": AnyOf(["x", "y"])}, sort="at") == ["a", "b"]


async def test_indexes_follow_changes(documents: Documents) -> None:
    before = await documents.insert(THINGS, thing("a", tags=["x"]))
    await documents.compare_and_set(THINGS, Document("a", {**before.body, "tags": ["y"]}, before.revision))
    assert await ids(documents, where={"tags": "x"}) == []
    assert await ids(documents, where={"tags": "y"}) == ["a"]


async def test_pages_meet_without_gap_or_overlap(documents: Documents) -> None:
    for n in range(7):
        await documents.insert(THINGS, thing(f"t{n}", at=n // 3))
    for descending in (False, True):
        seen: list[str] = []
        after: tuple[Any, str] | None = None
        while page := await documents.find(
            THINGS, {"owner": "o1", "state": "OPEN"}, sort="at", descending=descending, after=after, limit=2
        ):
            seen += [found.id for found in page]
            after = (page[-1].body["at"], page[-1].id)
        assert seen == sorted(seen, reverse=descending)
        assert len(seen) == 7


async def test_a_walk_over_everything_meets_once_what_is_there_throughout(documents: Documents) -> None:
    for n in range(7):
        await documents.insert(THINGS, thing(f"t{n}", state="OPEN" if n % 2 else "CLOSED"))
    seen: list[str] = []
    async for page in pages(documents, THINGS, size=2):
        seen += [found.id for found in page]
        await documents.insert(THINGS, thing(f"s{len(seen)}"))
        await documents.compare_and_set(THINGS, replace(page[0], body={**page[0].body, "at": 9}))
    assert seen == [f"t{n}" for n in range(7)]
    where = {"owner": "o1", "state": "CLOSED"}
    assert [[found.id for found in page] async for page in pages(documents, THINGS, where, size=3)] == [
        ["t0", "t2", "t4"],
        ["t6"],
    ]


async def test_a_question_without_an_index_is_refused(documents: Documents) -> None:
    with pytest.raises(UndeclaredIndex):
        await documents.find(THINGS, {"colour": "red"}, limit=1)
    with pytest.raises(UndeclaredIndex):
        await documents.find(THINGS, {"tags": "x", "owner": "o1"}, limit=1)


async def test_pending_events_stay_in_order_until_they_are_cleared(documents: Documents) -> None:
    first = await documents.insert(THINGS, thing("a"), [event("1"), event("2")])
    await documents.compare_and_set(THINGS, first, [event("3")])
    pending = await documents.pending(10)
    assert [item.event for item in pending] == [event("1"), event("2"), event("3")]
    await documents.clear(pending[:2])
    assert [item.event.id for item in await documents.pending(10)] == ["3"]


async def test_everything_is_there_after_reopening(url: str) -> None:
    """Preparing again also fills an index that was declared since."""
    bare = Collection("things")
    await prepare_documents(url, [bare])
    async with open_documents(url, [bare]) as documents:
        await documents.insert(bare, thing("a", tags=["x"]), [event("1")])
    await prepare_documents(url, [THINGS])
    async with open_documents(url, [THINGS]) as documents:
        assert await ids(documents, where={"tags": "x"}) == ["a"]
        assert [item.event.id for item in await documents.pending(10)] == ["1"]


async def test_what_has_no_value_is_found_as_such_and_sorts_first(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", at=2))
    await documents.insert(THINGS, thing("b", at=None))
    await documents.insert(THINGS, thing("c", at=None))
    await documents.insert(THINGS, thing("d", at=1))
    assert await ids(documents, where={"owner": "o1", "state": "OPEN", "at": None}) == ["b", "c"]
    for descending, order in ((False, ["b", "c", "d", "a"]), (True, ["a", "d", "c", "b"])):
        seen: list[str] = []
        after: tuple[Any, str] | None = None
        question = {"owner": "o1", "state": "OPEN"}
        while page := await documents.find(THINGS, question, sort="at", descending=descending, after=after, limit=1):
            seen.append(page[0].id)
            after = (page[0].body["at"], page[0].id)
            assert len(seen) <= 4
        assert seen == order


async def test_several_may_have_no_value_of_a_unique_index(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", number=None))
    await documents.insert(THINGS, thing("b", number=None))
    await documents.insert(THINGS, thing("c", number=[]))
    await documents.insert(THINGS, thing("d", number=[]))
    assert len(await ids(documents)) == 4


async def test_each_value_of_a_list_in_a_unique_index_is_taken_once(documents: Documents) -> None:
    await documents.insert(THINGS, thing("a", number=["x", "y"]))
    with pytest.raises(AlreadyExists):
        await documents.insert(THINGS, thing("b", number=["y", "z"]))
    await documents.insert(THINGS, thing("b", number=["z"]))


@pytest.mark.parametrize("text", ["$where", "a.b", "{'$gt': ''}", "x' OR '1'='1", "", "\N{SNOWMAN}", "\x00"])
async def test_a_value_is_a_value_whatever_it_looks_like(documents: Documents, text: str) -> None:
    await documents.insert(THINGS, thing("a", owner=text, nested={"says": text}))
    await documents.insert(THINGS, thing("b"))
    assert await ids(documents, where={"owner": text, "state": "OPEN"}) == ["a"]
    stored = await documents.get(THINGS, "a")
    assert stored is not None
    assert stored.body["nested"] == {"says": text}


async def test_pending_events_of_many_documents_come_a_few_at_a_time(documents: Documents) -> None:
    for n in range(5):
        await documents.insert(THINGS, thing(str(n)), [event(f"{n}a"), event(f"{n}b")])
    seen: list[str] = []
    while owed := await documents.pending(3):
        assert len(owed) <= 3
        seen += [item.event.id for item in owed]
        await documents.clear(owed)
    assert sorted(seen) == [f"{n}{part}" for n in range(5) for part in "ab"]
    for n in range(5):
        assert seen.index(f"{n}a") < seen.index(f"{n}b")


async def test_what_is_owed_anew_while_the_rest_is_cleared_stays_owed(documents: Documents) -> None:
    before = await documents.insert(THINGS, thing("a"), [event("1")])
    owed = await documents.pending(10)
    await asyncio.gather(
        documents.clear(owed),
        *(documents.clear(owed) for _ in range(3)),
        documents.compare_and_set(THINGS, before, [event("2")]),
    )
    assert [item.event.id for item in await documents.pending(10)] == ["2"]
