"""How inboxes are stored, in buckets of `BUCKET` entries, and what is written next.

Position p always stands in bucket (p - 1) // BUCKET, and a bucket is begun when the one before it is full: one that has room is the
last. Full ones are removed as a whole when they are old (`removal`), but never the last: it says how far the inbox goes. Where the
last one of an inbox was, is remembered, so that many inboxes are one question by ids; what others have written since is noticed when
the next write is refused, and then the last bucket is looked for.
"""

import asyncio
from collections.abc import Collection as Some
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chassis.lists import sortable
from chassis.removing import Removal, older
from engines.documents import AnyOf, Collection, Condition, Document, Documents, Index, Json, Range

BUCKET = 64

FULL_AT = "full_at"
INBOX = Collection(
    "inbox",
    (Index(("recipient", "bucket")), Index(("recipient", "entry_ids")), Index((FULL_AT,))),
    tells=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one recipient is told: about which subject, what kind of news."""

    id: str
    subject: str
    kind: str
    at: datetime
    status: str = ""


def removal(kept: timedelta) -> Removal:
    """Removes the buckets whose entries are all older than *kept*."""
    return replace(older(INBOX, FULL_AT, kept), choose=_followed)


async def _followed(documents: Documents, found: Sequence[Document]) -> list[Document]:
    """Those of the buckets *found* that are not their inbox's last."""

    async def is_followed(bucket: Document) -> bool:
        later: dict[str, Condition] = {
            "recipient": str(bucket.body["recipient"]),
            "bucket": Range(at_least=number_of(bucket) + 1),
        }
        return await documents.count(INBOX, later, at_most=1) > 0

    return [bucket for bucket in found if await is_followed(bucket)]


@dataclass(frozen=True, slots=True)
class Step:
    """One write in an inbox: *entries* behind the first *position* ones."""

    document: Document
    position: int
    entries: Sequence[Entry]
    # Whether more are due, for which there is no room in this bucket.
    more: bool


class Buckets:
    """The buckets of all inboxes of a service."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        # The number of the last bucket seen, where it is not the first one: at most one for each authority.
        self._seen: dict[str, int] = {}

    async def get_many(self, ids: Sequence[str]) -> dict[str, Document]:
        return {one.id: one for one in await self._documents.get_many(INBOX, ids)}

    async def last(self, recipient: str) -> Document | None:
        """The last bucket of one inbox."""
        found = await self._documents.find(INBOX, {"recipient": recipient}, sort="bucket", descending=True, limit=1)
        return found[0] if found else None

    async def first(self, recipient: str) -> Document | None:
        """The first bucket of one inbox that is still there."""
        found = await self._documents.find(INBOX, {"recipient": recipient}, sort="bucket", limit=1)
        return found[0] if found else None

    async def next_steps(self, due: Mapping[str, Sequence[Entry]], contested: Some[str]) -> dict[str, Step]:
        """What to write so that inboxes get as many of their *due* entries as one write can; nothing for those that have all.

        A step can be taken only if nobody was first: an entry that comes after the last buckets were looked at changes one of them.
        Those of the *contested* recipients are looked for one by one.
        """
        last = await self._last(due, contested)
        new = await self._not_there(due, last)
        return {recipient: _step(recipient, entries, last.get(recipient)) for recipient, entries in new.items()}

    async def take(self, steps: Sequence[Step]) -> list[bool]:
        """Write them; says which were."""
        return await self._documents.write_many(INBOX, [(step.document, ()) for step in steps])

    async def _last(self, recipients: Some[str], contested: Some[str]) -> dict[str, Document]:
        """The last bucket of each that has one."""
        numbers = {one: self._seen.get(one, 0) for one in recipients if one not in contested}
        ids = [bucket_id(one, number + more) for one, number in numbers.items() for more in (0, 1)]
        there = await self.get_many(ids)
        last: dict[str, Document] = {}
        slow = dict.fromkeys(one for one in recipients if one in contested)
        nothing: list[str] = []
        for recipient, number in numbers.items():
            before, after = (there.get(bucket_id(recipient, number + more)) for more in (0, 1))
            if after is not None and is_full(after):
                slow[recipient] = None
            elif found := after or before:
                last[recipient] = found
            else:
                nothing.append(recipient)
        # What is no longer kept was there nevertheless.
        kept = await self._find({"recipient": AnyOf(nothing)}, len(nothing))
        slow |= dict.fromkeys(str(bucket.body["recipient"]) for bucket in kept)
        if len(kept) == len(nothing):
            slow |= dict.fromkeys(nothing)
        looked = zip(slow, await asyncio.gather(*map(self.last, slow)), strict=True)
        last |= {recipient: bucket for recipient, bucket in looked if bucket}
        self._seen |= {recipient: number for recipient, bucket in last.items() if (number := number_of(bucket))}
        return last

    async def _not_there(
        self, due: Mapping[str, Sequence[Entry]], last: Mapping[str, Document]
    ) -> dict[str, list[Entry]]:
        """Those of the *due* entries that are not there yet, each once; only inboxes with earlier buckets are looked through."""
        new = {recipient: {entry.id: entry for entry in entries} for recipient, entries in due.items()}
        older = [recipient for recipient, bucket in last.items() if number_of(bucket)]
        asked = dict.fromkeys(id_ for recipient in older for id_ in new[recipient])
        there = await self._find({"recipient": AnyOf(older), "entry_ids": AnyOf([*asked])}, len(older) * len(asked))
        for bucket in (*last.values(), *there):
            entries = new[str(bucket.body["recipient"])]
            for id_ in _ids(bucket):
                entries.pop(id_, None)
        return {recipient: [*entries.values()] for recipient, entries in new.items() if entries}

    async def _find(self, where: Mapping[str, Condition], limit: int) -> list[Document]:
        return await self._documents.find(INBOX, where, limit=limit) if limit else []


def bucket_id(recipient: str, number: int) -> str:
    return f"{recipient}:{number}"


def number_of(bucket: Document) -> int:
    number = bucket.body["bucket"]
    assert isinstance(number, int)
    return number


def entries_of(bucket: Document, skip: int = 0) -> list[Entry]:
    """The entries in it but for the first *skip*."""
    there: Any = bucket.body["entries"]
    return msgspec.convert(there[skip:], list[Entry])


def end_of(bucket: Document | None) -> int:
    """How many entries an inbox has whose last bucket this is."""
    return 0 if bucket is None else number_of(bucket) * BUCKET + len(_ids(bucket))


def is_full(bucket: Document) -> bool:
    return len(_ids(bucket)) >= BUCKET


def _ids(bucket: Document) -> list[Any]:
    ids = bucket.body["entry_ids"]
    assert isinstance(ids, list)
    return ids


def _step(recipient: str, new: Sequence[Entry], last: Document | None) -> Step:
    number = 0 if last is None else number_of(last)
    if last is not None and is_full(last):
        last, number = None, number + 1
    if last is None:
        empty: dict[str, Json] = {"recipient": recipient, "bucket": number, "entry_ids": [], "entries": []}
        last = Document(bucket_id(recipient, number), empty)
    fitting = new[: BUCKET - len(_ids(last))]
    there: Any = last.body["entries"]
    body: dict[str, Json] = {
        **last.body,
        "entry_ids": [*_ids(last), *(entry.id for entry in fitting)],
        "entries": [*there, *msgspec.to_builtins(fitting)],
    }
    if len(_ids(last)) + len(fitting) == BUCKET:
        body[FULL_AT] = sortable(max(entry.at for entry in (*entries_of(last), *fitting)))
    return Step(Document(last.id, body, last.revision), end_of(last), fitting, len(new) > len(fitting))
