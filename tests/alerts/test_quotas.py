"""Nobody has more than they may, however many are made at once; and nothing that failed keeps a place for long."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engines.documents import Documents, open_documents
from services.alerts.quotas import QUOTAS, TAKEN_FOR, Quota
from tests.chassis.ticking import Clock
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict, Refusal

LIMIT = 3
OWNER, NEIGHBOUR = "aut_hu_labour", "aut_hu_trade"
INSTANT = timedelta(seconds=1)


class Things:
    """What an authority has, and how it makes one more: *pause* is what there is to do between the decision and the write."""

    def __init__(self, quota: Quota) -> None:
        self.there: dict[str, set[str]] = {}
        self._quota = quota

    async def make(self, id_: str, *, owner: str = OWNER, pause: int = 0, fails: bool = False) -> None:
        async def existing() -> list[str]:
            return sorted(self.there.get(owner, ()))

        async with self._quota.place(owner, id_, existing) as others:
            if others >= LIMIT:
                raise Conflict("too many", reason="TOO_MANY")
            for _ in range(pause):
                await asyncio.sleep(0)
            if fails:
                raise Conflict("not this one", reason="ALREADY_EXISTS")
            self.there.setdefault(owner, set()).add(id_)

    async def tried(self, id_: str, *, owner: str = OWNER, pause: int = 0, fails: bool = False) -> str:
        try:
            await self.make(id_, owner=owner, pause=pause, fails=fails)
        except Refusal as refusal:
            return refusal.reason
        return ""


@asynccontextmanager
async def an_authority() -> AsyncIterator[tuple[Things, Documents, Clock]]:
    with tempfile.TemporaryDirectory() as folder:
        async with open_documents(f"sqlite:///{folder}/documents.db", [QUOTAS]) as documents:
            clock = Clock()
            yield Things(Quota(documents, "things", LIMIT, clock)), documents, clock


attempts = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from([OWNER, NEIGHBOUR]), st.integers(0, 5), st.booleans()),
    max_size=20,
)


@settings(deadline=None, max_examples=30)
@given(attempts)
async def test_of_any_number_that_are_made_at_once_there_are_never_more_than_the_limit(
    made: list[tuple[str, str, int, bool]],
) -> None:
    """And not fewer, either: whoever is refused for that met as many that were there or about to be."""
    async with an_authority() as (things, _, _):
        said = await asyncio.gather(
            *(things.tried(id_, owner=owner, pause=pause, fails=fails) for id_, owner, pause, fails in made)
        )
        for owner in (OWNER, NEIGHBOUR):
            assert len(things.there.get(owner, ())) <= LIMIT
            own = [reason for (_, whose, _, _), reason in zip(made, said, strict=True) if whose == owner]
            wanted = {id_ for id_, whose, _, fails in made if whose == owner and not fails}
            if "ALREADY_EXISTS" not in own:
                assert len(things.there.get(owner, ())) == min(len(wanted), LIMIT)
        # What failed keeps no place.
        for id_ in "xyz":
            await things.tried(id_)
        assert len(things.there[OWNER]) == LIMIT


async def test_what_is_removed_makes_room_at_once() -> None:
    async with an_authority() as (things, _, _):
        for id_ in "abc":
            await things.make(id_)
        assert await things.tried("d") == "TOO_MANY"
        things.there[OWNER].remove("a")
        await things.make("d")
        assert await things.tried("e") == "TOO_MANY"


async def test_the_same_one_again_is_no_other() -> None:
    async with an_authority() as (things, _, _):
        for id_ in "abccc":
            await things.make(id_)


async def test_the_place_of_one_who_died_is_free_again_after_a_while() -> None:
    async with an_authority() as (things, documents, clock):
        for id_ in "ab":
            await things.make(id_)
        dying = asyncio.create_task(things.make("c", pause=1_000_000))

        async def has_a_place() -> bool:
            book = await documents.get(QUOTAS, f"things {OWNER}")
            return book is not None and len(book.body) == 1

        await until(has_a_place)
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert await things.tried("d") == "TOO_MANY", "it may have been written"
        clock.at += TAKEN_FOR + INSTANT
        await things.make("d")
        book = await documents.get(QUOTAS, f"things {OWNER}")
        assert book is not None
        assert book.body == {}, "old places leave the book"
