"""The chains as they are kept: one document for each link, none of which is ever changed.

A link's id is that of its alert and its place, so of two that would be the next one, the store takes one: a chain cannot fork, and
whoever lost looks again. What was appended before, by the event and whom it reached, is not appended again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from chassis.chains import instant
from engines.documents import AnyOf, Collection, Document, Documents, Index, RevisionChanged, pages
from services.alerts.receipts import chain
from services.alerts.receipts.chain import Delivery, Entry, Secrets
from vocabulary.refusals import Unavailable
from vocabulary.values import Value

RECEIPTS = Collection("receipts", (Index(("alert", "sequence")), Index(("alert", "event"))), tells=False)
SECRETS = Collection("receipt_secrets", tells=False)
# A link tells of at most so many deliveries. What reached more authorities is several links.
PER_LINK = 1_000
PAGE = 500
# So many full links are 20,000 deliveries.
READ_AT_ONCE = 20
LOOKED_AT_ONCE = 50
SECRET_BYTES = 32
RACES_LOST_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A step of an alert, whom it has reached, and what the alert said then: *values* in their *version*, None for nothing to keep."""

    alert_id: str
    type_id: str
    event: str
    revision: int
    what: str
    authority: str
    country: str
    at: datetime
    version: int = 0
    values: Mapping[str, Value] | None = None
    deliveries: tuple[Delivery, ...] = ()


@dataclass(slots=True)
class _Growing:
    """A chain that links are added to: its last one, and whom each event has reached that is in it."""

    alert_id: str
    happened: Sequence[Happened]
    secrets: Secrets
    last: Entry | None
    reached: dict[str, set[str]]

    def grow(self, entry: Entry) -> None:
        self.last = entry
        self.reached.setdefault(entry.event, set()).update(one.authority for one in entry.deliveries)


class Ledger:
    """The chains of one service's alerts."""

    def __init__(self, documents: Documents, random: Callable[[int], bytes], now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._random = random
        self._now = now

    async def append(self, happened: Sequence[Happened]) -> None:
        """Add what *happened*, in its order for each alert, without what is there already.

        Raises Unavailable if too many others append at once. What was appended until then is not appended again.
        """
        by_alert: dict[str, list[Happened]] = {}
        for one in happened:
            by_alert.setdefault(one.alert_id, []).append(one)
        secrets = await self._secrets_of(list(by_alert))
        growing = await asyncio.gather(*(self._look(id_, each, secrets[id_]) for id_, each in by_alert.items()))
        lost = 0
        # One link of a chain at a time: one that stands on a link which another took the place of must never be stored.
        while new := [(chain_, entry) for chain_ in growing if (entry := self._next(chain_))]:
            stored = [(_stored(chain_.alert_id, entry), ()) for chain_, entry in new]
            written = await self._documents.write_many(RECEIPTS, stored)
            for (chain_, entry), was_first in zip(new, written, strict=True):
                if was_first:
                    chain_.grow(entry)
                else:
                    chain_.last, chain_.reached = await self._there(chain_.alert_id, chain_.happened)
            lost += not all(written)
            if lost >= RACES_LOST_LIMIT:
                raise Unavailable("receipts are being written by too many at once", reason="BUSY")

    async def entries(self, alert_id: str) -> AsyncIterator[list[Entry]]:
        """The whole chain of an alert, from its first link on, some at a time: together they may be too much to hold."""
        after: tuple[int, str] | None = None
        while page := await self._documents.find(
            RECEIPTS, {"alert": alert_id}, sort="sequence", after=after, limit=READ_AT_ONCE
        ):
            yield (found := [_entry(document) for document in page])
            after = (found[-1].sequence, page[-1].id)

    async def lasts(self, alert_ids: Sequence[str]) -> AsyncIterator[tuple[str, Entry]]:
        """The alerts that have any links, each with its last one; few at a time, since a link may tell of many deliveries."""
        for start in range(0, len(alert_ids), LOOKED_AT_ONCE):
            some = alert_ids[start : start + LOOKED_AT_ONCE]
            for alert_id, last in zip(some, await asyncio.gather(*map(self._last, some)), strict=True):
                if last:
                    yield alert_id, last

    async def secrets(self, alert_id: str) -> Secrets:
        """What an alert's salts are made of; made when first asked for."""
        return (await self._secrets_of([alert_id]))[alert_id]

    async def _secrets_of(self, alert_ids: Sequence[str]) -> dict[str, Secrets]:
        found = await self._stored_secrets(alert_ids)
        if missing := [id_ for id_ in alert_ids if id_ not in found]:
            made = {id_: Secrets(*(self._random(SECRET_BYTES).hex() for _ in range(2))) for id_ in missing}
            await self._documents.write_many(
                SECRETS, [(Document(id_, msgspec.to_builtins(one)), ()) for id_, one in made.items()]
            )
            # Where another was first, the other's are the alert's.
            found |= await self._stored_secrets(missing)
        return found

    async def _stored_secrets(self, alert_ids: Sequence[str]) -> dict[str, Secrets]:
        found = await self._documents.get_many(SECRETS, alert_ids)
        return {one.id: msgspec.convert(one.body, Secrets) for one in found}

    async def forget(self, alert_id: str) -> None:
        """Give up what opens the commitments to an alert's content, which then say nothing for ever; the chain stays as it is."""
        await self.secrets(alert_id)
        for _ in range(RACES_LOST_LIMIT):
            kept = await self._documents.get(SECRETS, alert_id)
            assert kept is not None  # made above, and never removed
            without = replace(msgspec.convert(kept.body, Secrets), content="")
            try:
                await self._documents.compare_and_set(
                    SECRETS, Document(alert_id, msgspec.to_builtins(without), kept.revision)
                )
            except RevisionChanged:
                continue
            return
        raise Unavailable("the secrets of an alert are being written by too many at once", reason="BUSY")

    async def _look(self, alert_id: str, happened: Sequence[Happened], secrets: Secrets) -> "_Growing":
        last, reached = await self._there(alert_id, happened)
        return _Growing(alert_id, happened, secrets, last, reached)

    async def _there(self, alert_id: str, happened: Sequence[Happened]) -> tuple[Entry | None, dict[str, set[str]]]:
        """The last link of a chain; and of what *happened*, the events that have links, each with whom it reached."""
        # In this order: a link that arrives between the two looks makes the write fail, and is seen at the next attempt.
        last = await self._last(alert_id)
        events = AnyOf(list(dict.fromkeys(one.event for one in happened)))
        reached: dict[str, set[str]] = {}
        async for page in pages(self._documents, RECEIPTS, {"alert": alert_id, "event": events}, size=PAGE):
            for entry in map(_entry, page):
                reached.setdefault(entry.event, set()).update(one.authority for one in entry.deliveries)
        return last, reached

    async def _last(self, alert_id: str) -> Entry | None:
        found = await self._documents.find(RECEIPTS, {"alert": alert_id}, sort="sequence", descending=True, limit=1)
        return _entry(found[0]) if found else None

    def _next(self, chain_: "_Growing") -> Entry | None:
        """The next link for what happened; None if all of it is there."""
        for one in chain_.happened:
            reached = chain_.reached.get(one.event)
            new = tuple(each for each in one.deliveries if each.authority not in (reached or ()))
            if reached is None or new:
                return self._linked(replace(one, deliveries=new[:PER_LINK]), chain_.last, chain_.secrets)
        return None

    def _linked(self, one: Happened, last: Entry | None, secrets: Secrets) -> Entry:
        sequence = last.sequence + 1 if last else 1
        previous = last.hash if last else chain.start(one.alert_id)
        content = ""
        if one.values is not None:
            content = chain.commitment(one.type_id, one.values, secrets.content_salt(one.version))
        entry = Entry(
            sequence=sequence,
            event=one.event,
            revision=one.revision,
            what=one.what,
            authority=one.authority,
            country=one.country,
            at=instant(one.at),
            recorded=instant(self._now()),
            content=content,
            deliveries=one.deliveries,
            previous=previous,
            hash="",
        )
        return replace(entry, hash=chain.link(sequence, previous, chain.closed(entry, secrets)))


def _stored(alert_id: str, entry: Entry) -> Document:
    return Document(f"{alert_id}:{entry.sequence}", {"alert": alert_id, **msgspec.to_builtins(entry)})


def _entry(document: Document) -> Entry:
    return msgspec.convert(document.body, Entry)
