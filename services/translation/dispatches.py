"""What engines that call back have been given: which texts of which jobs, under which secret token.

Stored before it is sent, so that no callback can be faster. The token itself is not stored: a dispatch goes by its digest.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chassis.lists import sortable
from engines.documents import Collection, Document, Documents, Index, RevisionChanged
from services.translation.batching import Item

EXPIRES_AT = "expires_at"
DISPATCHES = Collection("translation_dispatches", (Index((EXPIRES_AT,)),), tells=False)
TOKEN_BYTES = 16
# A text is sent twice at most, each time with a deadline; one that comes later than that is still taken while its job is open.
DEADLINES = 2
TAKEN_LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """A batch at an engine: the *counts* of texts of each job, in their order. The reference is empty until the engine has said it."""

    engine: str
    source: str
    target: str
    jobs: tuple[str, ...]
    counts: tuple[int, ...]
    reference: str = ""
    delivered: bool = False


class Dispatches:
    """The dispatches in the store, each for as long as its engine may call back; a token of one that is gone is nobody's."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    async def begin(
        self, engine: str, source: str, target: str, items: Sequence[Item], deadline: timedelta
    ) -> tuple[str, str]:
        """A new dispatch to an engine that has to call back within *deadline*: its id, and the token for its callback address."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        dispatch = Dispatch(
            engine=engine,
            source=source,
            target=target,
            jobs=tuple(item.job_id for item in items),
            counts=tuple(len(item.texts) for item in items),
        )
        expires_at = sortable(self._now() + DEADLINES * deadline + TAKEN_LATE)
        body = {**msgspec.to_builtins(dispatch), EXPIRES_AT: expires_at}
        await self._documents.insert(DISPATCHES, Document(_id(token), body))
        return _id(token), token

    async def find(self, token: str) -> tuple[str, Dispatch] | None:
        """The dispatch that *token* was made for, and its id."""
        document = await self._documents.get(DISPATCHES, _id(token))
        return (document.id, _dispatch(document)) if document else None

    async def refer(self, id_: str, reference: str) -> None:
        """The engine calls this dispatch *reference*."""
        await self._change(id_, reference=reference)

    async def deliver(self, id_: str) -> None:
        """The engine has called back, and what it said is stored."""
        await self._change(id_, delivered=True)

    async def _change(self, id_: str, **changes: Any) -> None:
        while True:
            document = await self._documents.get(DISPATCHES, id_)
            if document is None:
                return  # it has expired: nobody asks what became of it
            body = {**document.body, **changes}
            try:
                await self._documents.compare_and_set(DISPATCHES, Document(id_, body, document.revision))
            except RevisionChanged:
                continue
            return


def _id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _dispatch(document: Document) -> Dispatch:
    return msgspec.convert(dict(document.body), Dispatch)
