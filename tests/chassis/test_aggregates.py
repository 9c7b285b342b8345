"""One write: state, events and answer together or not at all; a command once, however often it is sent."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from chassis import aggregates
from chassis.aggregates import ANSWERS_KEPT, ANSWERS_LENGTH, KEY_LIMIT, Aggregates, CommandKey, Kept
from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import Collection, Document, Documents, Index, Pending, open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from protos.repositories.v1.events_pb2 import EntryChanged
from tests.chassis.conftest import ANNA, BELA
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale

NOTES = Collection("notes", (Index(("title",), unique=True),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An aggregate: some lines under a title that nothing else has."""

    title: str
    lines: tuple[str, ...] = ()


def command(key: str = "", revision: int | None = None) -> common_pb2.Command:
    return common_pb2.Command(idempotency_key=key or str(uuid.uuid4()), expected_revision=revision)


def answered(kept: Kept[Note]) -> pb.EditEntryResponse:
    """Says the whole state, so that a wrong answer shows."""
    entry = pb.Entry(id=kept.id, revision=kept.revision, repository_code=kept.state.title)
    entry.earlier.extend(pb.EntryVersion(reason=line) for line in kept.state.lines)
    return pb.EditEntryResponse(entry=entry)


class Notes:
    """The notes in one opened store; two of them on one file are two processes."""

    def __init__(self, documents: Documents, outbox: Outbox) -> None:
        self.documents = documents
        self.kept = Aggregates(documents, NOTES, Note, lambda note: {"title": note.title}, outbox)

    async def create(
        self, title: str = "t", *, key: str = "", caller: Caller = ANNA, id_: str = ""
    ) -> pb.EditEntryResponse:
        message = pb.CreateEntryRequest(command=command(key), repository=title)
        its = CommandKey.of(message, caller)
        id_ = id_ or its.new_id("note")
        event = EntryChanged(entry_id=id_, revision=1)
        return await self.kept.create(id_, its, Note(title=title), [event], answered)

    async def add(
        self, id_: str, line: str, *, key: str = "", revision: int | None = None, caller: Caller = ANNA
    ) -> pb.EditEntryResponse:
        message = pb.EditEntryRequest(command=command(key, revision), id=id_, reason=line)

        async def added(before: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
            after = Note(title=before.state.title, lines=(*before.state.lines, line))
            return after, [EntryChanged(entry_id=before.id, revision=before.revision + 1)]

        return await self.kept.change(id_, CommandKey.of(message, caller), added, answered, pb.EditEntryResponse)

    async def everything(self) -> tuple[list[Document], list[Pending]]:
        return await self.documents.find(NOTES, limit=1000), await self.documents.pending(1000)

    async def events(self) -> list[tuple[str, int]]:
        messages = [EntryChanged.FromString(owed.event.data) for owed in await self.documents.pending(1000)]
        return [(message.entry_id, message.revision) for message in messages]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Notes]:
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", [NOTES]) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
    ):
        yield Notes(documents, Outbox("notes", documents, events, clock))


@pytest.fixture
async def notes(tmp_path: Path) -> AsyncIterator[Notes]:
    async with opened(tmp_path) as one:
        yield one


@pytest.fixture
async def other(tmp_path: Path, notes: Notes) -> AsyncIterator[Notes]:
    """Another process on the same store."""
    async with opened(tmp_path) as one:
        yield one


def whole(message: pb.EditEntryResponse) -> bytes:
    return message.SerializeToString(deterministic=True)


async def refused(notes: Notes, kind: type[Refusal], work: Any) -> tuple[str, str]:
    """How *work* is refused, having changed nothing: no state, no event, no answer."""
    before = await notes.everything()
    with pytest.raises(kind) as found:
        await work
    assert type(found.value) is kind
    assert await notes.everything() == before
    return found.value.field, found.value.reason


async def test_a_new_aggregate_is_stored_with_its_event_and_read_back(notes: Notes) -> None:
    answer = await notes.create("t")
    assert answer.entry.revision == 1
    assert await notes.kept.get(answer.entry.id) == Kept(answer.entry.id, 1, Note(title="t"))
    (owed,) = await notes.documents.pending(10)
    assert owed.event.subject == answer.entry.id
    assert owed.event.type == "imi.repositories.v1.EntryChanged"
    assert owed.event.source == "/imi/notes"
    assert EntryChanged.FromString(owed.event.data) == EntryChanged(entry_id=answer.entry.id, revision=1)


async def test_whether_a_command_has_been_answered_can_be_asked_without_giving_it(notes: Notes) -> None:
    message = pb.CreateEntryRequest(command=command("k"), repository="t")
    its = CommandKey.of(message, ANNA)
    id_ = its.new_id("note")
    assert await notes.kept.answered(id_, its, pb.EditEntryResponse) is None
    made = await notes.create("t", key="k")
    assert await notes.kept.answered(id_, its, pb.EditEntryResponse) == made
    assert await notes.kept.count({"title": "t"}, at_most=10) == 1
    other = CommandKey.of(pb.CreateEntryRequest(command=command("k"), repository="u"), ANNA)
    with pytest.raises(Conflict) as found:
        await notes.kept.answered(id_, other, pb.EditEntryResponse)
    assert found.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_each_change_is_one_revision_and_one_event_in_order(notes: Notes) -> None:
    id_ = (await notes.create()).entry.id
    for n in range(2, 6):
        assert (await notes.add(id_, f"line {n}")).entry.revision == n
    assert await notes.events() == [(id_, n) for n in range(1, 6)]
    kept = await notes.kept.get(id_)
    assert kept == Kept(id_, 5, Note(title="t", lines=("line 2", "line 3", "line 4", "line 5")))


async def test_reads_leave_out_what_is_not_there_and_keep_the_order_asked_for(notes: Notes) -> None:
    made = [(await notes.create(title)).entry.id for title in "abc"]
    found = await notes.kept.get_many([made[2], "note_none", made[0]])
    assert [kept.state.title for kept in found] == ["c", "a"]
    assert await notes.kept.get("note_none") is None
    by_title = await notes.kept.find({"title": "b"}, limit=10)
    assert [kept.id for kept in by_title] == [made[1]]


async def test_those_who_look_together_see_what_those_see_who_look_alone(notes: Notes) -> None:
    for number in range(4):
        await notes.create(f"t{number}", id_=f"n{number}")
    asked = [["n2", "n0", "n2"], ["nobody"], [], ["n3", "n1", "n0"]]
    alone = [await notes.kept.get_many(ids) for ids in asked]
    assert await asyncio.gather(*map(notes.kept.get_together, asked)) == alone
    await notes.add("n0", "new")
    (changed,) = await notes.kept.get_together(["n0"])
    assert (changed.revision, changed.state.lines) == (2, ("new",))


async def test_a_command_sent_again_gets_the_first_answer_and_has_no_second_effect(notes: Notes, other: Notes) -> None:
    created = await notes.create("t", key="k1")
    id_ = created.entry.id
    added = await notes.add(id_, "one", key="k2")
    after = await notes.everything()
    for asked in (notes, other):
        assert whole(await asked.create("t", key="k1")) == whole(created)
        assert whole(await asked.add(id_, "one", key="k2")) == whole(added)
    assert await notes.everything() == after


async def test_a_command_is_remembered_while_63_others_follow(notes: Notes) -> None:
    """And forgotten after that: then it meets the state that it led to, and that decides."""
    created = await notes.create("t", key="k1")
    id_ = created.entry.id
    first = await notes.add(id_, "first", key="k2")
    for n in range(ANSWERS_KEPT - 2):
        await notes.add(id_, str(n))
    assert whole(await notes.create("t", key="k1")) == whole(created)
    await notes.add(id_, "63rd")
    after = await notes.everything()
    assert whole(await notes.add(id_, "first", key="k2")) == whole(first)
    assert await notes.everything() == after
    assert await refused(notes, Conflict, notes.create("t", key="k1")) == ("", "ALREADY_EXISTS")
    await notes.add(id_, "64th")
    assert (await notes.add(id_, "first", key="k2")).entry.revision == ANSWERS_KEPT + 3
    (document,) = (await notes.everything())[0]
    assert len(document.body["answered"]) == ANSWERS_KEPT  # type: ignore[arg-type]


async def test_what_is_remembered_has_a_length_and_the_last_answer_whatever_its_own(notes: Notes) -> None:
    id_ = (await notes.create()).entry.id
    for n in range(12):
        await notes.add(id_, f"{n}" * (ANSWERS_LENGTH // 10), key=f"k{n}")
    ((document,), _) = await notes.everything()
    (kept,) = cast("list[dict[str, str]]", document.body["answered"])
    assert len(kept["answer"]) > ANSWERS_LENGTH
    assert (await notes.add(id_, "11" * (ANSWERS_LENGTH // 10), key="k11")).entry.revision == 13


async def test_one_command_sent_many_times_at_once_has_one_effect_and_one_answer(notes: Notes, other: Notes) -> None:
    created = await asyncio.gather(*(asked.create("t", key="k1") for asked in [notes, other] * 5))
    assert len({whole(answer) for answer in created}) == 1
    id_ = created[0].entry.id
    added = await asyncio.gather(*(asked.add(id_, "one", key="k2") for asked in [notes, other] * 5))
    assert len({whole(answer) for answer in added}) == 1
    assert await notes.events() == [(id_, 1), (id_, 2)]
    kept = await notes.kept.get(id_)
    assert kept == Kept(id_, 2, Note(title="t", lines=("one",)))


async def test_another_command_under_the_same_key_is_refused(notes: Notes) -> None:
    id_ = (await notes.create("t", key="k1")).entry.id
    await notes.add(id_, "one", key="k2")
    expected = ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    assert await refused(notes, Conflict, notes.create("other", key="k1")) == expected
    assert await refused(notes, Conflict, notes.add(id_, "two", key="k2")) == expected
    assert await refused(notes, Conflict, notes.add(id_, "one", key="k2", revision=1)) == expected


async def test_two_people_and_two_kinds_of_command_may_use_the_same_key(notes: Notes) -> None:
    hers = await notes.create("hers", key="1", caller=ANNA)
    his = await notes.create("his", key="1", caller=BELA)
    assert hers.entry.id != his.entry.id
    await notes.add(hers.entry.id, "anna", key="1", caller=ANNA)
    await notes.add(hers.entry.id, "bela", key="1", caller=BELA)
    kept = await notes.kept.get(hers.entry.id)
    assert kept
    assert kept.state.lines == ("anna", "bela")


async def test_two_services_may_use_the_same_key(notes: Notes) -> None:
    one = await notes.create("one", key="1", caller=Caller(service="alerts"))
    two = await notes.create("two", key="1", caller=Caller(service="requests"))
    assert one.entry.id != two.entry.id


@pytest.mark.parametrize("key", ["", "k" * (KEY_LIMIT + 1), None])
async def test_a_command_without_a_fit_key_is_refused(notes: Notes, key: str | None) -> None:
    given = common_pb2.Command() if key is None else common_pb2.Command(idempotency_key=key)
    with pytest.raises(Invalid) as found:
        CommandKey.of(pb.CreateEntryRequest(command=given), ANNA)
    assert (found.value.field, found.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY")
    with pytest.raises(Invalid):
        CommandKey.of(pb.CreateEntryRequest(), ANNA)


async def test_the_longest_key_is_taken_and_every_character_of_it_counts(notes: Notes) -> None:
    keys = ["é" * KEY_LIMIT, "é" * (KEY_LIMIT - 1) + "e", "é", "É", " é"]
    ids = {(await notes.create(key, key=key)).entry.id for key in keys}
    assert len(ids) == len(keys)


async def test_a_caller_who_saw_another_revision_is_refused(notes: Notes) -> None:
    id_ = (await notes.create()).entry.id
    assert (await notes.add(id_, "one", revision=1)).entry.revision == 2
    for stale in (1, 0, 3, -1):
        assert await refused(notes, Stale, notes.add(id_, "two", revision=stale)) == ("revision", "STALE_REVISION")
    assert (await notes.add(id_, "two", revision=2)).entry.revision == 3


async def test_of_commands_that_saw_the_same_revision_one_wins(notes: Notes, other: Notes) -> None:
    id_ = (await notes.create()).entry.id
    racing = [asked.add(id_, str(n), revision=1) for n, asked in enumerate([notes, other] * 4)]
    results = await asyncio.gather(*racing, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["EditEntryResponse"] + ["Stale"] * 7
    assert await notes.events() == [(id_, 1), (id_, 2)]


async def test_commands_that_expect_no_revision_all_apply_one_after_the_other(notes: Notes, other: Notes) -> None:
    id_ = (await notes.create()).entry.id
    answers = await asyncio.gather(*(asked.add(id_, str(n)) for n, asked in enumerate([notes, other] * 5)))
    assert sorted(answer.entry.revision for answer in answers) == list(range(2, 12))
    assert await notes.events() == [(id_, n) for n in range(1, 12)]
    kept = await notes.kept.get(id_)
    assert kept
    assert sorted(kept.state.lines, key=int) == [str(n) for n in range(10)]
    for answer in answers:
        assert [line.reason for line in answer.entry.earlier] == list(kept.state.lines[: answer.entry.revision - 1])


async def test_whoever_loses_too_many_races_is_told_and_leaves_nothing(notes: Notes, other: Notes) -> None:
    id_ = (await notes.create()).entry.id
    lost: list[int] = []

    async def too_slow(before: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        lost.append(before.revision)
        await other.add(id_, "faster")
        return Note(title="never"), [EntryChanged(entry_id="never")]

    key = CommandKey.of(pb.EditEntryRequest(command=command()), BELA)
    with pytest.raises(Conflict) as found:
        await notes.kept.change(id_, key, too_slow, answered, pb.EditEntryResponse)
    assert found.value.reason == "BUSY"
    assert lost == list(range(1, aggregates.RACES_LOST_LIMIT + 1))
    assert "never" not in {entry_id for entry_id, _ in await notes.events()}
    kept = await notes.kept.get(id_)
    assert kept
    assert kept.state == Note(title="t", lines=("faster",) * aggregates.RACES_LOST_LIMIT)


async def test_what_is_not_there_cannot_be_changed(notes: Notes) -> None:
    assert await refused(notes, NotFound, notes.add("note_none", "one")) == ("id", "NOT_FOUND")


@pytest.mark.parametrize("error", [Forbidden("no"), Conflict("no", reason="RULE"), RuntimeError("a fault")])
async def test_what_a_rule_raises_leaves_the_store_as_it_was(notes: Notes, error: Exception) -> None:
    id_ = (await notes.create()).entry.id

    async def raises(_: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        raise error

    before = await notes.everything()
    key = CommandKey.of(pb.EditEntryRequest(command=command("k")), ANNA)
    with pytest.raises(type(error)) as found:
        await notes.kept.change(id_, key, raises, answered, pb.EditEntryResponse)
    assert found.value is error
    assert await notes.everything() == before
    assert (await notes.add(id_, "now", key="k")).entry.revision == 2  # a refused command may be sent again


async def test_an_answer_that_cannot_be_made_leaves_the_store_as_it_was(notes: Notes) -> None:
    id_ = (await notes.create()).entry.id

    async def changed(before: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        return Note(title="new"), [EntryChanged(entry_id=id_)]

    def fails(_: Kept[Note]) -> pb.EditEntryResponse:
        raise RuntimeError("a fault")

    before = await notes.everything()
    key = CommandKey.of(pb.EditEntryRequest(command=command()), ANNA)
    with pytest.raises(RuntimeError):
        await notes.kept.change(id_, key, changed, fails, pb.EditEntryResponse)
    with pytest.raises(RuntimeError):
        await notes.kept.create("note_new", key, Note(title="x"), [EntryChanged(entry_id="x")], fails)
    assert await notes.everything() == before


async def test_what_must_be_unique_is_taken_once(notes: Notes) -> None:
    id_ = (await notes.create("t")).entry.id
    assert await refused(notes, Conflict, notes.create("t")) == ("", "ALREADY_EXISTS")
    assert await refused(notes, Conflict, notes.create("other", id_=id_)) == ("", "ALREADY_EXISTS")


async def test_many_are_loaded_once_with_their_events(notes: Notes, other: Notes) -> None:
    new = [(f"note_{n}", Note(title=f"t{n}"), [EntryChanged(entry_id=f"note_{n}", revision=1)]) for n in range(20)]
    assert await notes.kept.load(new[:15]) == 15
    assert await other.kept.load(new) == 5
    assert await notes.kept.load(new) == 0
    assert await notes.events() == [(f"note_{n}", 1) for n in range(20)]
    assert (await notes.add("note_3", "one")).entry.revision == 2


async def test_a_change_to_what_only_one_may_have_is_refused_and_leaves_everything_as_it_was(notes: Notes) -> None:
    await notes.create("taken")
    id_ = (await notes.create("free")).entry.id
    before = await notes.everything()

    async def renamed(_: Kept[Note]) -> tuple[Note, Sequence[EntryChanged]]:
        return Note(title="taken"), [EntryChanged(entry_id=id_, revision=2)]

    key = CommandKey.of(pb.EditEntryRequest(command=command(), id=id_), ANNA)
    with pytest.raises(Conflict) as found:
        await notes.kept.change(id_, key, renamed, answered, pb.EditEntryResponse)
    assert found.value.reason == "ALREADY_EXISTS"
    assert await notes.everything() == before
