"""Where the delivery of each webhook stands: one document each, which one replica at a time holds.

Who holds it has written its name into it, and writes again before its lease runs out; then another may. Whoever finds, writing, that
somebody else has written holds nothing any more, unless it was only a call to look again, which leaves the name as it was.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chassis.lists import sortable
from engines.documents import (
    AlreadyExists,
    AnyOf,
    Collection,
    Document,
    Documents,
    Index,
    Range,
    RevisionChanged,
    pages,
)
from services.alerts.domain.deliveries import Attempt, Progress, begun
from services.alerts.domain.webhooks import Webhook
from vocabulary.refusals import Unavailable

# Longer than one message takes, from one note to the next.
LEASE = timedelta(seconds=30)
# A call to look that was lost with a replica costs at most this.
LOOK_AGAIN = timedelta(minutes=5)
# Until somebody calls, begins or resumes.
NEVER = "9999"
CALLED_AT_ONCE = 500
TRIES_KEPT = 10
RACES_LOST_LIMIT = 16

BOOK = Collection("webhook_deliveries", (Index(("wakes_at",)), Index(("authority",))), tells=False)


@dataclass(slots=True)
class Held:
    """The delivery of a webhook, as its holder last wrote it. The book keeps it so."""

    document: Document
    progress: Progress

    @property
    def id(self) -> str:
        return self.document.id


class Book:
    """The deliveries of all webhooks."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    async def get_many(self, ids: Sequence[str]) -> dict[str, tuple[Progress, list[Attempt]]]:
        """How far each of the webhooks *ids* is, and its last pings and challenges; one without either is not there."""
        found = await self._documents.get_many(BOOK, ids)
        return {one.id: (_progress(one), msgspec.convert(one.body["tries"], list[Attempt])) for one in found}

    async def begin(self, id_: str, webhook: Webhook) -> None:
        """Have the last run of *webhook* deliver, now, unless it or a later one does."""

        def change(body: dict[str, Any], progress: Progress) -> dict[str, Any] | None:
            if progress.run >= webhook.run:
                return None
            return {**body, **_told(begun(progress, webhook)), "wakes_at": self._in(), "held_by": ""}

        await self._change(id_, webhook.authority_id, change)

    async def end(self, id_: str, webhook: Webhook) -> None:
        """Have nothing delivered until it is begun again, unless a later run than the last of *webhook* has begun already."""

        def change(body: dict[str, Any], progress: Progress) -> dict[str, Any] | None:
            if progress.run > webhook.run:
                return None
            return {**body, "wakes_at": NEVER, "held_by": ""}

        await self._change(id_, webhook.authority_id, change)

    async def note(self, id_: str, authority_id: str, attempt: Attempt) -> None:
        """Remember a ping or a challenge, beside what a holder writes."""

        def change(body: dict[str, Any], _: Progress) -> dict[str, Any]:
            tries = [msgspec.to_builtins(attempt), *body["tries"]]
            return {**body, "tries": tries[:TRIES_KEPT]}

        await self._change(id_, authority_id, change)

    async def call(self, authority_ids: Iterable[str]) -> int:
        """Something new is in these inboxes: have it delivered now. Returns how many webhooks that concerns."""
        wanted = list(authority_ids)
        called = 0
        for start in range(0, len(wanted), CALLED_AT_ONCE):
            where = {"authority": AnyOf(wanted[start : start + CALLED_AT_ONCE])}
            async for page in pages(self._documents, BOOK, where, size=CALLED_AT_ONCE):
                for document in page:
                    if document.body["wakes_at"] != NEVER:
                        await self._change(document.id, str(document.body["authority"]), self._called)
                        called += 1
        return called

    def _called(self, body: dict[str, Any], progress: Progress) -> dict[str, Any] | None:
        if body["held_by"]:
            return body  # written as it is: its holder finds that, and looks again
        # One that failed is tried when its pause is over, whatever else is there.
        waits = body["wakes_at"] == NEVER or progress.attempts > 0
        return None if waits else {**body, "wakes_at": min(body["wakes_at"], self._in())}

    async def due(self, limit: int) -> list[Document]:
        """The deliveries that nobody holds and that have waited the longest."""
        where = {"wakes_at": Range(below=self._in(timedelta(microseconds=1)))}
        return await self._documents.find(BOOK, where, sort="wakes_at", limit=limit)

    async def claim(self, document: Document, by: str) -> Held | None:
        """Hold the delivery in the name *by*, which is used once; None if somebody else was faster."""
        body = {**document.body, "wakes_at": self._in(LEASE), "held_by": by}
        written = await self._written(document, body)
        return None if written is None else Held(written, _progress(written))

    async def hold(self, held: Held, progress: Progress) -> bool:
        """Note *progress* and go on holding; whether it is still held."""
        return await self._noted(held, progress, {"wakes_at": self._in(LEASE)})

    async def release(self, held: Held, progress: Progress, until: datetime | None) -> None:
        """Note *progress*, and have it looked at again at *until*; None: when somebody calls."""
        wakes_at = NEVER if until is None else sortable(until)
        await self._noted(held, progress, {"wakes_at": wakes_at, "held_by": ""})

    async def rest(self, held: Held, progress: Progress) -> bool:
        """Note *progress* and let go, because there is nothing more; whether it is held still, somebody having called meanwhile."""
        body = {**held.document.body, **_told(progress), "wakes_at": self._in(LOOK_AGAIN), "held_by": ""}
        held.progress = progress
        return await self._written(held.document, body) is None and await self._is_still(held)

    async def _noted(self, held: Held, progress: Progress, changed: dict[str, Any]) -> bool:
        held.progress = progress
        for _ in range(RACES_LOST_LIMIT):
            written = await self._written(held.document, {**held.document.body, **_told(progress), **changed})
            if written is not None:
                held.document = written
                return True
            if not await self._is_still(held):
                break
        return False

    async def _is_still(self, held: Held) -> bool:
        """Whether it is held by whoever held it; then it is known again as it is stored."""
        there = await self._documents.get(BOOK, held.id)
        if there is None or there.body["held_by"] != held.document.body["held_by"]:
            return False
        held.document = there
        return True

    async def _written(self, before: Document, body: dict[str, Any]) -> Document | None:
        try:
            return await self._documents.compare_and_set(BOOK, Document(before.id, body, before.revision))
        except RevisionChanged:
            return None

    async def _change(
        self, id_: str, authority_id: str, change: Callable[[dict[str, Any], Progress], dict[str, Any] | None]
    ) -> None:
        for _ in range(RACES_LOST_LIMIT):
            there = await self._documents.get(BOOK, id_)
            new = {"authority": authority_id, "wakes_at": NEVER, "held_by": "", "tries": [], **_told(Progress())}
            body = change(dict(there.body) if there else new, _progress(there) if there else Progress())
            if body is None:
                return
            try:
                if there is None:
                    await self._documents.insert(BOOK, Document(id_, body))
                else:
                    await self._documents.compare_and_set(BOOK, Document(id_, body, there.revision))
            except (AlreadyExists, RevisionChanged):
                continue
            return
        raise Unavailable("the delivery is being written by too many at once", reason="BUSY")

    def _in(self, time: timedelta = timedelta()) -> str:
        return sortable(self._now() + time)


def _told(progress: Progress) -> dict[str, Any]:
    return {"progress": msgspec.to_builtins(progress)}


def _progress(document: Document) -> Progress:
    return msgspec.convert(document.body["progress"], Progress)
