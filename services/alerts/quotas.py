"""How many of a kind an authority may have, exactly, however many are made at the same moment.

A count alone cannot tell: of two that are made at once, neither sees the other yet. So whoever makes one first takes a place in the
book of its authority, with a compare-and-set; what others are about to make is in the book, and what there is, is found. A place
whose holder died in between is free again after some minutes.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from chassis.lists import sortable
from engines.documents import AlreadyExists, Document, Documents, Json, RevisionChanged
from engines.documents import Collection as Stored
from vocabulary.refusals import Refusal, Unavailable

QUOTAS = Stored("quotas", tells=False)
# Much longer than a command may take.
TAKEN_FOR = timedelta(minutes=5)
RACES_LOST_LIMIT = 50
# The ids of what an authority has.
Existing = Callable[[], Awaitable[Collection[str]]]


class Quota:
    """Places for things of one *kind*, of which an authority has at most *limit*."""

    def __init__(self, documents: Documents, kind: str, limit: int, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._kind = kind
        self._limit = limit
        self._now = now

    @asynccontextmanager
    async def place(self, authority_id: str, id_: str, existing: Existing) -> AsyncIterator[int]:
        """Hold a place for what is made as *id_* within; gives how many others there are, and holds none if these are too many.

        It is given back when that is made or refused; after anything else, it may be made yet. Raises Unavailable if too many take
        places at once.
        """
        # A command that is sent twice at once holds a place twice, and gives back its own.
        holder = f"{id_} {uuid.uuid4()}"
        there = await self._taken(authority_id, id_, holder, existing)
        try:
            yield there
        except Unavailable:
            raise
        except Refusal:
            await self._given_back(authority_id, holder)
            raise
        await self._given_back(authority_id, holder)

    async def _taken(self, authority_id: str, id_: str, holder: str, existing: Existing) -> int:
        for _ in range(RACES_LOST_LIMIT):
            # In this order: what leaves the book is there before, and what comes into it meanwhile makes the write fail.
            book = await self._book(authority_id)
            places = self._fresh(book)
            others = {*await existing(), *(one.partition(" ")[0] for one in places)} - {id_}
            if len(others) >= self._limit or await self._written(book, {**places, holder: sortable(self._now())}):
                return len(others)
        raise Unavailable("too many are made at this moment", reason="BUSY")

    async def _given_back(self, authority_id: str, holder: str) -> None:
        for _ in range(RACES_LOST_LIMIT):
            book = await self._book(authority_id)
            places = self._fresh(book)
            if places.pop(holder, None) is None or await self._written(book, places):
                return
        # Then it is free again later.

    async def _book(self, authority_id: str) -> Document:
        id_ = f"{self._kind} {authority_id}"
        return await self._documents.get(QUOTAS, id_) or Document(id_, {})

    def _fresh(self, book: Document) -> dict[str, str]:
        since = sortable(self._now() - TAKEN_FOR)
        return {holder: str(at) for holder, at in book.body.items() if str(at) > since}

    async def _written(self, book: Document, places: dict[str, str]) -> bool:
        body: dict[str, Json] = {**places}
        try:
            if book.revision:
                await self._documents.compare_and_set(QUOTAS, Document(book.id, body, book.revision))
            else:
                await self._documents.insert(QUOTAS, Document(book.id, body))
        except (AlreadyExists, RevisionChanged):
            return False
        return True
