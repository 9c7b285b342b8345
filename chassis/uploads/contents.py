"""The contents of uploaded files: each kept once, scanned once, and removed when no file has it any more.

What the store holds under a hash and what is known of it are two writes. So a content is claimed before it is put in its place, and
one that was claimed a moment ago is not removed: whoever uploads what is being removed waits until it is gone.
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
import structlog

from chassis.reactions import once_available
from chassis.timers import Timer, Timers
from engines.documents import AlreadyExists, Collection, Document, Documents, Index, Json, RevisionChanged, pages
from engines.files import Files
from engines.scanning import TOO_LARGE, Scanned, Scanner, State
from vocabulary.refusals import Invalid, Unavailable

CONTENTS = Collection("contents", (Index(("scan",)),), tells=False)

SCAN, UNUSED = "scan", "unused"
# After this time nobody is about to use it any more: longer than a file that is attached nowhere is kept.
UNUSED_KEPT = timedelta(hours=26)
# Longer than it takes to put a content in its place after it was claimed, whatever two clocks say.
CLAIM = timedelta(hours=1)
RACES_LOST_LIMIT = 16
READ_BATCH = 100
LOOK_EVERY_S = 600.0
log = structlog.get_logger(__name__)


class Presence(StrEnum):
    """Whether a content is in the store. Of one that is gone, nothing is known any more, but for what was found in it."""

    KEPT = "KEPT"
    GOING = "GOING"
    GONE = "GONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is known of a content beside its bytes."""

    scan: State = State.NOT_SCANNED
    detail: str = ""
    scanned_at: datetime | None = None
    presence: Presence = Presence.KEPT
    claimed_at: datetime


class Contents:
    """The contents of all files, by hash."""

    def __init__(
        self, documents: Documents, files: Files, scanner: Scanner, timers: Timers, now: Callable[[], datetime]
    ) -> None:
        self._documents = documents
        self._files = files
        self._scanner = scanner
        self._timers = timers
        self._now = now

    async def of(self, hashes: Sequence[str]) -> dict[str, Content]:
        """What is known of these contents, by hash."""
        found = await self._documents.get_many(CONTENTS, list(dict.fromkeys(hashes)))
        return {document.id: _content(document) for document in found}

    async def admit(self, sha256: str, content: AsyncIterable[bytes]) -> None:
        """Scan *content* and claim its place in the store, into which it is put next; raises Invalid if it is infected."""
        scanned = await self._scanner.scan(content)
        if scanned.state is State.INFECTED:
            await self._change(sha256, lambda before: before and self._with(before, scanned))
            raise _infected(sha256, scanned.detail)
        known = await self._change(sha256, lambda before: self._claimed(sha256, before, scanned), insert=True)
        assert known is not None
        # Whoever claims it may never come to say for which file.
        await self._timers.set(Timer(subject=sha256, kind=UNUSED, due=known.claimed_at + UNUSED_KEPT))
        if known.scan is State.NOT_SCANNED and self._scanner.is_on:
            await self._scan_later(sha256, known)

    async def scan(self, sha256: str) -> None:
        """Scan what has not been scanned; raises Unavailable while the scanner does not do it."""
        known = (await self.of([sha256])).get(sha256)
        if known is None or known.presence is not Presence.KEPT or known.scan is not State.NOT_SCANNED:
            return
        scanned = await self._scanner.scan(self._files.read(sha256))
        if scanned.detail == TOO_LARGE and scanned.state is State.NOT_SCANNED:
            log.error("never_scanned", sha256=sha256, why="it is larger than the scanner takes")
            return
        if scanned.state is State.NOT_SCANNED:
            raise Unavailable(f"the scanner does not answer ({scanned.detail})", reason="NOT_SCANNED")
        if scanned.state is State.INFECTED:
            log.warning("infected_content_found", sha256=sha256, found=scanned.detail)
        await self._change(sha256, lambda before: before and self._with(before, scanned))

    async def keep_scanning(self) -> None:
        """Have scanned what was uploaded while there was no scanner, for ever; with none, nothing happens."""
        while True:
            if self._scanner.is_on:
                await once_available(self.scan_all_later)
            await asyncio.sleep(LOOK_EVERY_S)

    async def scan_all_later(self) -> None:
        """Have scanned whatever has not been; what waits for that already goes on waiting."""
        async for page in pages(self._documents, CONTENTS, {"scan": State.NOT_SCANNED}, size=READ_BATCH):
            for document in page:
                await self._scan_later(document.id, _content(document))

    async def remove(self, sha256: str, used: Callable[[], Awaitable[bool]]) -> None:
        """Remove a content unless it is *used*; raises Unavailable if it may be used in a moment."""
        document = await self._documents.get(CONTENTS, sha256)
        if document is None or _content(document).presence is Presence.GONE:
            return
        known = _content(document)
        if known.presence is Presence.KEPT:
            if await used():
                return
            if self._now() - known.claimed_at < CLAIM:
                raise Unavailable("this content was uploaded again a moment ago", reason="BUSY")
            document = await self._set(document, replace(known, presence=Presence.GOING))
        await self._files.remove(sha256)
        if known.scan is State.INFECTED:
            await self._set(document, replace(known, presence=Presence.GONE))
        elif not await self._documents.remove(CONTENTS, [document]):
            raise _busy()

    async def _scan_later(self, sha256: str, known: Content) -> None:
        await self._timers.set(Timer(subject=sha256, kind=SCAN, due=known.claimed_at))

    def _claimed(self, sha256: str, before: Content | None, scanned: Scanned) -> Content:
        if before is not None and before.presence is Presence.GOING:
            raise Unavailable("the same content is being removed at this moment; try again", reason="BUSY")
        known = before or Content(claimed_at=self._now())
        claimed = self._with(replace(known, presence=Presence.KEPT, claimed_at=self._now()), scanned)
        if claimed.scan is State.INFECTED:
            raise _infected(sha256, claimed.detail)
        return claimed

    def _with(self, known: Content, scanned: Scanned) -> Content:
        """*known* with what the scanner says; where it says nothing, what it said before still holds."""
        if scanned.state is State.NOT_SCANNED:
            return known if known.scan is not State.NOT_SCANNED else replace(known, detail=scanned.detail)
        return replace(known, scan=scanned.state, detail=scanned.detail, scanned_at=self._now())

    async def _change(
        self, sha256: str, decide: Callable[[Content | None], Content | None], *, insert: bool = False
    ) -> Content | None:
        """What *decide* makes of what is known; what nothing is known of is only written if it is to be inserted."""
        for _ in range(RACES_LOST_LIMIT):
            document = await self._documents.get(CONTENTS, sha256)
            after = decide(_content(document) if document else None)
            if after is None or (document is None and not insert):
                return None
            try:
                if document is None:
                    await self._documents.insert(CONTENTS, Document(sha256, _body(after)))
                else:
                    await self._documents.compare_and_set(CONTENTS, Document(sha256, _body(after), document.revision))
            except (AlreadyExists, RevisionChanged):
                continue
            return after
        raise Unavailable("the same content is being uploaded by too many at once", reason="BUSY")

    async def _set(self, document: Document, after: Content) -> Document:
        try:
            return await self._documents.compare_and_set(
                CONTENTS, Document(document.id, _body(after), document.revision)
            )
        except RevisionChanged as error:
            raise _busy() from error


def _busy() -> Unavailable:
    return Unavailable("this content is being uploaded again", reason="BUSY")


def _infected(sha256: str, found: str) -> Invalid:
    log.warning("infected_upload_refused", sha256=sha256, found=found)
    return Invalid("the scanner for malware has found something in it", field="file", reason="INFECTED")


def _content(document: Document) -> Content:
    return msgspec.convert(document.body["state"], Content)


def _body(content: Content) -> dict[str, Json]:
    # Only what is there can be scanned later.
    waiting = content.scan if content.presence is Presence.KEPT else ""
    return {"scan": waiting, "state": msgspec.to_builtins(content)}
