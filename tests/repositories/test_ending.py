"""How entries end by themselves: when something is due, what is done then, and that nothing of what was erased is left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.settings import ServiceSettings
from chassis.timers import Timer, Timers
from engines.documents import Documents, open_documents
from engines.events import open_events
from engines.files import open_files
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import storage
from services.repositories.definitions import Definitions
from services.repositories.domain import ending
from services.repositories.domain.definitions import Definition, Retention
from services.repositories.domain.entries import Entry
from services.repositories.domain.lifecycle import Action, Status, table
from services.repositories.files import filing
from services.repositories.timing import Timing
from tests.repositories.registers import NOW, REGISTERS, a_register, a_version, an_actor, an_entry
from vocabulary.days import day_of, end_of, months_after
from vocabulary.refusals import Conflict

KEPT = replace(REGISTERS, retention=Retention(archived_after_months=6, erased_after_months=36))
LAST = date(2026, 12, 31)
VALID = an_entry(Status.PUBLISHED, published=a_version(valid_to=LAST))


@pytest.mark.parametrize(
    ("entry", "kind", "expected"),
    [
        (an_entry(Status.PUBLISHED), KEPT, {}),
        (VALID, KEPT, {Action.EXPIRE: datetime(2026, 12, 31, 23, tzinfo=UTC)}),
        (replace(VALID, status=Status.UPDATE_PENDING), KEPT, {Action.EXPIRE: datetime(2026, 12, 31, 23, tzinfo=UTC)}),
        (an_entry(draft=a_version(valid_to=LAST)), KEPT, {}),
        (
            an_entry(Status.WITHDRAWN),
            KEPT,
            {
                Action.ARCHIVE: datetime(2027, 5, 24, 11, tzinfo=UTC),
                Action.ERASE: datetime(2029, 11, 24, 12, tzinfo=UTC),
            },
        ),
        (an_entry(Status.EXPIRED), REGISTERS, {}),
        (
            an_entry(Status.EXPIRED),
            replace(REGISTERS, retention=Retention(erased_after_months=1)),
            {Action.ERASE: datetime(2026, 12, 24, 12, tzinfo=UTC)},
        ),
        (an_entry(Status.ARCHIVED), KEPT, {Action.ERASE: datetime(2029, 11, 24, 12, tzinfo=UTC)}),
        (an_entry(Status.DELETED), KEPT, {}),
        # One of before the end was noted ended with its last change.
        (
            an_entry(Status.ARCHIVED, ended_at=None),
            KEPT,
            {Action.ERASE: datetime(2029, 11, 24, 12, tzinfo=UTC)},
        ),
    ],
)
def test_what_is_due_is_said_by_the_entry_and_its_definition(
    entry: Entry, kind: Definition, expected: dict[Action, datetime]
) -> None:
    """The day is that of Brussels, where midnight comes an hour or two before that of Greenwich."""
    assert ending.due(entry, kind) == expected


months = st.none() | st.integers(1, 60)


@given(
    st.sampled_from(Status),
    st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    months,
    months,
    st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_nothing_is_done_before_it_is_due_and_what_was_done_is_not_due_any_more(
    status: Status, last: date | None, archived: int | None, erased: int | None, now: datetime
) -> None:
    kind = replace(REGISTERS, retention=Retention(archived_after_months=archived, erased_after_months=erased))
    entry = an_entry(status)
    if entry.published:
        entry = replace(entry, published=replace(entry.published, valid_to=last))
    due = ending.due(entry, kind)
    for action in ending.BY_ITSELF:
        if action not in due or due[action] > now:
            with pytest.raises(Conflict) as refused:
                ending.done(entry, kind, action, now)
            assert refused.value.reason == "NOT_DUE"
            continue
        after = ending.done(entry, kind, action, now)
        assert after.status is table(kind)[status][action].next
        assert action not in ending.due(after, kind)
        assert after.history[-1].authority_id == ""


def test_what_expires_is_kept_for_its_owner_with_what_was_in_preparation() -> None:
    entry = replace(VALID, draft=a_version(2), earlier=())
    after = ending.done(entry, KEPT, Action.EXPIRE, end_of(LAST))
    assert (after.status, after.published, after.draft) == (Status.EXPIRED, None, entry.draft)
    assert (after.earlier, after.ended_at) == ((entry.published,), end_of(LAST))


def test_nothing_is_left_of_what_was_erased_but_what_was_done_when_and_by_which_authority() -> None:
    by = an_actor(user="usr_rossi")
    named = an_entry(Status.PUBLISHED, published=a_version(values=a_register("Mario Rossi"), reason="Rossi"))
    withdrawn = ending.withdraw(named, KEPT, "Rossi ha cambiato nome", by)
    assert "Rossi" in repr(withdrawn)
    archived = ending.archive(withdrawn, KEPT, by)
    gone = ending.done(archived, KEPT, Action.ERASE, months_after(NOW, 36))
    assert "ossi" not in repr(gone)
    assert [(one.action, one.authority_id) for one in gone.history] == [
        (Action.WITHDRAW, "aut_owner"),
        (Action.ARCHIVE, "aut_owner"),
        (Action.ERASE, ""),
    ]
    assert (gone.repository, gone.owner_id, gone.country) == ("registers", "aut_owner", "IT")
    assert ending.is_erased(gone)


def test_months_end_with_the_month() -> None:
    assert months_after(datetime(2026, 8, 31, 10, tzinfo=UTC), 6) == datetime(2027, 2, 28, 11, tzinfo=UTC)
    assert months_after(datetime(2026, 12, 1, tzinfo=UTC), 12) == datetime(2027, 12, 1, tzinfo=UTC)
    assert day_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2027, 1, 1)
    assert end_of(date(2026, 7, 1)) == datetime(2026, 7, 1, 22, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def timing(folder: Path, clock: Clock) -> AsyncIterator[tuple[Timing, Aggregates[Entry], Documents]]:
    """The duties of a store, which nothing fires by itself."""
    async with (
        open_documents(f"sqlite:///{folder}/documents.db", storage.COLLECTIONS) as documents,
        open_events(f"sqlite:///{folder}/events.db") as events,
        open_files(f"folder:///{folder}/files") as stored,
    ):
        outbox = Outbox("repositories", documents, events, clock)
        known = Definitions({KEPT.id: KEPT}, storage.published(documents, outbox))
        entries = storage.entries(documents, outbox, known)
        files, _ = filing(ServiceSettings(data_dir=folder), documents, outbox, entries, known, stored, clock)
        yield Timing(entries, known, Timers(documents, storage.TIMERS, clock), files, clock), entries, documents


async def test_a_timer_does_what_is_due_once_and_leaves_no_answer_that_says_what_was_erased(tmp_path: Path) -> None:
    clock = Clock()
    secret = a_version(values=a_register("Mario Rossi"), valid_to=LAST)
    async with timing(tmp_path, clock) as (duties, entries, documents):
        await entries.load([("ent_1", an_entry(Status.PUBLISHED, published=secret), [])])
        # An answer to a command that its owner gave.
        command = CommandKey.of(
            pb.PublishEntryRequest(command=common_pb2.Command(idempotency_key="k"), id="ent_1"), Caller(user_id="usr_1")
        )

        async def same(before: Kept[Entry]) -> tuple[Entry, list[object]]:
            return before.state, []

        answer = pb.EntryVersion(reason="Mario Rossi")
        await entries.change("ent_1", command, same, lambda _: answer, pb.EntryVersion)  # type: ignore[arg-type]

        async def fire(action: Action, at: datetime) -> Entry:
            clock.now = at
            for _ in range(2):
                await duties.fire(Timer(subject="ent_1", kind=action, due=at))
            kept = await entries.get("ent_1")
            assert kept
            return kept.state

        assert (await fire(Action.EXPIRE, end_of(LAST) - timedelta(seconds=1))).status is Status.PUBLISHED
        assert (await fire(Action.EXPIRE, end_of(LAST))).status is Status.EXPIRED
        assert (await fire(Action.ARCHIVE, months_after(end_of(LAST), 6))).status is Status.ARCHIVED
        gone = await fire(Action.ERASE, months_after(end_of(LAST), 36))
        assert gone.status is Status.DELETED
        assert [one.action for one in gone.history] == [Action.EXPIRE, Action.ARCHIVE, Action.ERASE]
        document = await documents.get(storage.ENTRIES, "ent_1")
        assert document
        assert "Rossi" not in repr(document.body)
        assert document.body["lists"] == []
        assert len(document.body["answered"]) == 1  # type: ignore[arg-type]


async def test_nothing_is_erased_by_a_definition_that_holds_no_more(tmp_path: Path) -> None:
    """Another process has published that it is kept longer, of which this one has not heard yet."""
    clock = Clock()
    longer = replace(KEPT, version=2, retention=replace(KEPT.retention, erased_after_months=60))
    async with (
        timing(tmp_path, clock) as (duties, entries, documents),
        open_events(f"sqlite:///{tmp_path}/e.db") as events,
    ):
        await entries.load([("ent_1", an_entry(Status.ARCHIVED), [])])
        published = storage.published(documents, Outbox("repositories", documents, events, clock))
        await published.load([(longer.id, storage.Published(definition=longer, user_id="usr_1", at=NOW), [])])
        for months, status in ((36, Status.ARCHIVED), (60, Status.DELETED)):
            clock.now = months_after(NOW, months)
            await duties.fire(Timer(subject="ent_1", kind=Action.ERASE, due=clock.now))
            kept = await entries.get("ent_1")
            assert kept
            assert kept.state.status is status
