"""Lists page by page, whatever is added meanwhile."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.message import Message

from chassis import lists
from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import Collection, Index, open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2 as pb
from vocabulary.refusals import Invalid

THINGS = Collection("things", (Index(("owner", "changed_at")),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    owner: str
    changed_at: str


@pytest.fixture
async def things(tmp_path: Path) -> AsyncIterator[Aggregates[Thing]]:
    """Seven things of one owner, some changed at the same time, and one of another."""
    async with (
        open_documents(f"sqlite:///{tmp_path}/documents.db", [THINGS]) as documents,
        open_events(f"sqlite:///{tmp_path}/events.db") as events,
    ):
        kept = Aggregates(
            documents,
            THINGS,
            Thing,
            lambda thing: {"owner": thing.owner, "changed_at": thing.changed_at},
            Outbox("things", documents, events, clock),
        )
        mine: list[tuple[str, Thing, list[Message]]] = [
            (f"thing_{n}", Thing(owner="me", changed_at=str(n // 3)), []) for n in range(7)
        ]
        await kept.load([*mine, ("thing_x", Thing(owner="you", changed_at="1"), [])])
        yield kept


async def a_page(
    things: Aggregates[Thing], first: int, after: str = "", *, kind: str = "mine", descending: bool = True
) -> tuple[list[str], pb.PageInfo]:
    shown, info = await lists.page(
        things,
        {"owner": "me"},
        pb.Page(first=first, after=after),
        kind=kind,
        sort="changed_at",
        position=lambda thing: thing.changed_at,
        descending=descending,
    )
    return [kept.id for kept in shown], info


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("first", [1, 2, 3, 6, 7, 8])
async def test_pages_meet_without_gap_or_overlap(things: Aggregates[Thing], first: int, descending: bool) -> None:
    seen: list[str] = []
    after = ""
    while True:
        ids, info = await a_page(things, first, after, descending=descending)
        assert len(ids) == len(info.cursors) <= first
        seen += ids
        if not info.has_next_page:
            break
        after = info.cursors[-1]
    assert seen == sorted((f"thing_{n}" for n in range(7)), reverse=descending)


@pytest.mark.parametrize("after", ["nonsense", "thing_1"])
async def test_a_cursor_of_another_list_is_refused(things: Aggregates[Thing], after: str) -> None:
    _, info = await a_page(things, 2, kind="others")
    for foreign in (after, info.cursors[0]):
        with pytest.raises(Invalid) as refused:
            await a_page(things, 2, foreign)
        assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")
    with pytest.raises(Invalid):
        await a_page(things, 101)


def test_times_sort_as_text() -> None:
    start = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    times = [start + timedelta(days=days, microseconds=days) for days in (0, 1, 400_000, 400_001, 1_000_000)]
    assert sorted(times) == times
    assert sorted(map(sortable, times)) == [sortable(at) for at in times]
