"""Following a repository: every change that one may know of, in order, once, from any cursor; and nothing of the others."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.wire import field_values
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.changes import Seal
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.rpc import watching
from tests.builders import doctors
from tests.repositories.conftest import Asking, an_editor
from tests.repositories.registers import a_draft, on_wire, refers, written
from tests.repositories.test_publishing import FIELDS, a_definition, publish
from vocabulary import pages
from vocabulary.refusals import Invalid

ITALY, HUNGARY, FRANCE = an_editor("IT"), an_editor("HU"), an_editor("FR")
ADDED, UPDATED, REMOVED = pb.ENTRY_CHANGE_KIND_ADDED, pb.ENTRY_CHANGE_KIND_UPDATED, pb.ENTRY_CHANGE_KIND_REMOVED


class Following:
    """What comes for somebody, one change after the other."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self._stream = stream
        self.cursor = ""

    async def item(self) -> pb.WatchRepositoryResponse:
        async with asyncio.timeout(30):
            item: pb.WatchRepositoryResponse = await anext(self._stream)
        self.cursor = item.cursor
        return item

    async def change(self) -> tuple[str, int, int]:
        while not (item := await self.item()).HasField("change"):
            pass
        return item.change.entry_id, item.change.kind, item.change.version


@asynccontextmanager
async def following(asking: Asking, caller: Caller, code: str, after: str = "") -> AsyncIterator[Following]:
    async with aclosing(asking.watch(caller, code, after)) as stream:  # type: ignore[type-var]
        found = Following(stream)
        assert not (await found.item()).HasField("change")
        yield found


@pytest.fixture(scope="module")
async def hosted(asking: Asking) -> str:
    """The code of a repository whose entries the authority reads that stands in them."""
    audience = Audience(visibility=Visibility.EXPLICIT, authority_fields=("holder",))
    await publish(asking, a_definition(*FIELDS, code="hosted", audience=audience), "hosted")
    return "hosted"


def about(country: str, name: str = "Uno") -> Any:
    return field_values({"name": written(name), "holder": refers(doctors(country))})


async def a_hosted(asking: Asking, code: str, country: str) -> str:
    made = await asking.do(ITALY, "CreateEntry", repository=code, values=about(country))
    await asking.do(ITALY, "PublishEntry", id=made.id)
    return made.id


async def rewritten(asking: Asking, id_: str, values: Any) -> None:
    await asking.do(ITALY, "EditEntry", id=id_, values=values)
    await asking.do(ITALY, "PublishEntry", id=id_)


async def test_what_is_published_changed_and_withdrawn_comes_in_order(asking: Asking) -> None:
    async with following(asking, HUNGARY, "registers") as hungary:
        draft = await a_draft(asking)
        await asking.do(ITALY, "PublishEntry", id=draft.id)
        await rewritten(asking, draft.id, on_wire("Albo nuovo"))
        await asking.do(ITALY, "WithdrawEntry", id=draft.id, reason="soppresso")
        assert [await hungary.change() for _ in range(3)] == [
            (draft.id, ADDED, 1),
            (draft.id, UPDATED, 2),
            (draft.id, REMOVED, 0),
        ]


async def test_whoever_comes_back_with_a_cursor_misses_nothing_and_hears_nothing_twice(
    asking: Asking, hosted: str
) -> None:
    async with following(asking, HUNGARY, hosted) as hungary:
        start = hungary.cursor
        ids = [await a_hosted(asking, hosted, "HU") for _ in range(3)]
        assert await hungary.change() == (ids[0], ADDED, 1)
        middle = hungary.cursor
        assert [(await hungary.change())[0] for _ in range(2)] == ids[1:]
    async with following(asking, HUNGARY, hosted, middle) as again:
        assert [(await again.change())[0] for _ in range(2)] == ids[1:]
    async with following(asking, HUNGARY, hosted, start) as whole:
        assert [(await whole.change())[0] for _ in range(3)] == ids


async def test_a_change_is_told_to_those_who_may_know_of_it_and_shows_to_nobody_else(
    asking: Asking, hosted: str
) -> None:
    """Between two changes that a reader is told there may be any number of others: the reader receives nothing for them."""
    async with following(asking, HUNGARY, hosted) as hungary, following(asking, FRANCE, hosted) as france:
        for_hungary = await a_hosted(asking, hosted, "HU")
        for_france = [await a_hosted(asking, hosted, "FR") for _ in range(3)]
        await rewritten(asking, for_hungary, about("FR", "Due"))
        assert await hungary.change() == (for_hungary, ADDED, 1)
        item = await hungary.item()
        # What is no longer for them is removed, as if it had been withdrawn.
        assert (item.change.entry_id, item.change.kind, item.change.version) == (for_hungary, REMOVED, 0)
        assert [await france.change() for _ in range(4)] == [
            *((id_, ADDED, 1) for id_ in for_france),
            (for_hungary, ADDED, 2),
        ]
        await asking.do(ITALY, "WithdrawEntry", id=for_hungary, reason="x")
        assert await france.change() == (for_hungary, REMOVED, 0)


async def test_silence_is_broken_by_the_clock_alone(
    asking: Asking, hosted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "WATERMARK_EVERY_S", 0.2)
    async with following(asking, HUNGARY, hosted) as hungary:
        before = hungary.cursor
        hidden = await a_hosted(asking, hosted, "FR")
        assert not (await hungary.item()).HasField("change")
        assert hungary.cursor != before
        seen = await a_hosted(asking, hosted, "HU")
        assert await hungary.change() == (seen, ADDED, 1)
        assert seen != hidden


async def test_a_cursor_says_nothing_to_whoever_holds_it_and_no_other_is_taken(asking: Asking, hosted: str) -> None:
    async with following(asking, HUNGARY, hosted) as hungary:
        cursor = hungary.cursor
    for part in cursor.split("."):
        assert b"hosted" not in base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    for wrong in ("x", cursor[:-3] + "abc", "WyJyZXBvc2l0b3JpZXMiLCAiaG9zdGVkIiwgMV0"):
        with pytest.raises(Invalid) as refused:
            await anext(asking.watch(HUNGARY, hosted, wrong))
        assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")
    with pytest.raises(Invalid) as refused:
        await anext(asking.watch(HUNGARY, "registers", cursor))
    assert (refused.value.field, refused.value.reason) == ("after", "CURSOR")
    with pytest.raises(Invalid) as unknown:
        await anext(asking.watch(HUNGARY, "nothing"))
    assert (unknown.value.field, unknown.value.reason) == ("repository", "UNKNOWN_REPOSITORY")


def test_a_seal_is_opened_with_its_own_key_and_a_former_one() -> None:
    old, new, other = Seal([b"old"]), Seal([b"new", b"old"]), Seal([b"other"])
    assert new.opened(old.closed("a"), field="after") == new.opened(new.closed("a"), field="after") == "a"
    assert new.closed("a") != new.closed("a")
    # Nor does its length say how far it is.
    assert len({len(new.closed(pages.cursor("repositories", "hosted", place))) for place in (1, 10**6, 10**12)}) == 1
    for cursor in (new.closed("a"), "", "a.b.c.d.e", "é"):
        with pytest.raises(Invalid):
            other.opened(cursor, field="after")
