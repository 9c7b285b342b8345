"""Uploaded files: kept, attached by those who uploaded them, and read by those who may see where they are attached.

Access is each file's own: that two have the same content, which is kept once, tells nobody anything. One that was not attached within
a day, or is attached nowhere any more since a day, is removed.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from google.protobuf.message import Message
from ulid import ULID

from chassis import wire
from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.removing import Removal
from chassis.timers import Timer, Timers
from chassis.uploads import inspection
from chassis.uploads.contents import SCAN, UNUSED, Content, Contents
from engines.documents import Collection, Documents, Index
from engines.files import Files
from engines.scanning import State
from protos.common.v1 import common_pb2
from vocabulary import ids, languages
from vocabulary.files import File
from vocabulary.refusals import Forbidden, Invalid, NotFound, Unavailable

FILES = Collection("files", (Index(("sha256",)),), tells=False)
READ_BATCH = 50
# Until then it can be attached. What is not is removed a little later, when no command that attaches it can be under way.
UNATTACHED_KEPT = timedelta(hours=24)
GRACE = timedelta(minutes=15)
UNATTACHED = "unattached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded file's record: it may be attached by the authority that uploaded it.

    `at` is when it was uploaded, or last let go by what had it. `attached` says that it was found attached when its time was up;
    `removed`, that it was not, and nothing is left of it: its record goes, too (`removals`).
    """

    file: File
    authority_id: str
    user_id: str
    at: datetime
    attached: bool = False
    removed: bool = False


def removals() -> Sequence[Removal]:
    """Removes the records of which nothing is left."""
    return (Removal(collection=FILES, over=lambda _: {"sha256": ""}),)


def uploads(documents: Documents, outbox: Outbox) -> Aggregates[Upload]:
    """The records of a service's files."""
    return Aggregates(documents, FILES, Upload, lambda one: {"sha256": one.file.sha256}, outbox)


class Uploads(ABC):
    """The files of one service. *unscanned_downloads* says whether what was not scanned can be read."""

    # What their ids begin with.
    prefix = ids.FILE

    def __init__(
        self,
        uploads: Aggregates[Upload],
        stored: Files,
        contents: Contents,
        timers: Timers,
        now: Callable[[], datetime],
        *,
        unscanned_downloads: bool = True,
    ) -> None:
        self._uploads = uploads
        self._stored = stored
        self._contents = contents
        self._timers = timers
        self._now = now
        self._unscanned_downloads = unscanned_downloads

    @abstractmethod
    def require_writer(self, caller: Caller) -> None:
        """Raises Forbidden for whoever has nothing to attach a file to."""

    @abstractmethod
    async def attached(self, ids_: Sequence[str]) -> set[str]:
        """Those of the files of *ids_* that something has."""

    @abstractmethod
    async def shown(self, ids_: Sequence[str], caller: Caller) -> set[str]:
        """Those of the files of *ids_* that *caller* sees where they are attached."""

    async def withheld(self, ids_: Sequence[str]) -> set[str]:  # noqa: ARG002
        """Those of the files of *ids_* that nobody is shown any more: what has them says nothing of what it holds."""
        return set()

    async def upload(
        self, name: str, media_type: str, chunks: AsyncIterator[bytes], caller: Caller, *, language: str = ""
    ) -> tuple[File, Content]:
        """Keep a content under a new id; says what the scanner said.

        Raises Forbidden for whoever has nothing to attach it to, Invalid for one too large, not of an accepted kind, or infected.
        """
        self.require_writer(caller)
        checked = inspection.name(name)
        spoken = languages.require(language, field="language") if language else ""
        looking = inspection.Inspection(media_type, self._contents.admit)
        stored = await self._stored.put(looking.through(chunks))
        now = self._now()
        file = File(
            id=ids.derived(self.prefix, str(ULID.from_datetime(now))),
            name=checked,
            media_type=looking.media_type,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            language=spoken,
        )
        # First what removes it again: a file that is not known of is removed as well as one that is not attached.
        await self._remove_later(file, now)
        upload = Upload(file=file, authority_id=caller.authority_id, user_id=caller.user_id, at=now)
        await self._uploads.load([(file.id, upload, [])])
        return file, (await self._contents.of([file.sha256]))[file.sha256]

    async def download(self, id_: str, caller: Caller) -> tuple[File, AsyncIterator[bytes]]:
        """A file and its content; raises NotFound for one that *caller* may not see, as for one that is not there.

        Raises Forbidden for one that is infected, or was not scanned where only what was scanned can be read.
        """
        upload = (await self._readable([id_], caller)).get(id_)
        if upload is None:
            raise NotFound(f"there is no file {id_!r}", field="id")
        scan = (await self._scans([upload]))[id_][0]
        if scan is State.INFECTED:
            raise Forbidden("the scanner for malware has found something in this file", field="id", reason="INFECTED")
        if scan is State.NOT_SCANNED and not self._unscanned_downloads:
            raise Forbidden("this file has not been scanned for malware yet", field="id", reason="NOT_SCANNED")
        return upload.file, self._stored.read(upload.file.sha256)

    async def scans(self, ids_: Sequence[str], caller: Caller) -> dict[str, tuple[State, datetime | None]]:
        """What the scanner said, and when, of those of the files that *caller* may see, by id."""
        found: dict[str, tuple[State, datetime | None]] = {}
        for start in range(0, len(ids_), READ_BATCH):
            readable = await self._readable(ids_[start : start + READ_BATCH], caller)
            found |= await self._scans(list(readable.values()))
        return found

    async def found(self, ids_: Sequence[str], caller: Caller) -> "Found":
        """Which of the files of *ids_* may be attached: those that *caller*'s authority uploaded and that are still there."""
        kept = [one.state for one in await self._uploads.get_many(ids_)]
        late, withheld = self._now() - UNATTACHED_KEPT, await self.withheld(ids_)
        own: dict[str, Upload] = {}
        for one in kept:
            if one.authority_id != caller.authority_id or one.removed or one.file.id in withheld:
                continue
            if one.attached or one.at > late or await self._is_attached(one.file.id):
                own[one.file.id] = one
        scans = await self._scans(list(own.values()))
        infected = frozenset(id_ for id_, (state, _) in scans.items() if state is State.INFECTED)
        return Found({id_: one.file for id_, one in own.items()}, infected)

    async def let_go(self, files_: Sequence[File], *, disowned: bool = False) -> None:
        """Give *files_*, which something is about to have no more, the time of new ones. What still has them then keeps them.

        Those that are *disowned* are nobody's from now on: not even who uploaded them reads or attaches them again.
        """
        now = self._now()

        async def decided(before: Kept[Upload]) -> tuple[Upload, Sequence[Message]]:
            after = replace(before.state, attached=False, at=now)
            return replace(after, authority_id="", user_id="") if disowned else after, []

        for file in files_:
            await self._remove_later(file, now)
            await self._change(file.id, ids.derived("let_go", file.id, now.isoformat()), decided)

    async def discard(self, files_: Sequence[File]) -> None:
        """Remove *files_*, which went with something that was erased, at once."""
        # Each time anew: what something else still has stays now, and goes with that.
        now = self._now().isoformat()
        for file in files_:
            await self._remove(file.id, ids.derived("discarded", file.id, now))
            # A content that somebody has just uploaded again is looked at again a day after it was let go of.
            with suppress(Unavailable):
                await self._remove_unused(file.sha256)

    async def fire(self, timer: Timer) -> None:
        """What is due: a scan that was put off, the removal of a file that was never attached, or of a content without a file."""
        if timer.kind == SCAN:
            await self._contents.scan(timer.subject)
        elif timer.kind == UNUSED:
            await self._remove_unused(timer.subject)
        else:
            await self._remove(timer.subject, ids.derived("timer", timer.id, timer.due.isoformat()))
            await self._remove_unused(timer.payload["sha256"])

    async def _remove(self, id_: str, key: str) -> None:
        """Remove a file, unless something has it."""

        async def decided(before: Kept[Upload]) -> tuple[Upload, Sequence[Message]]:
            if await self._is_attached(before.id):
                return replace(before.state, attached=True), []
            nothing = File(id=before.id, name="", media_type="", size_bytes=0, sha256="")
            return replace(before.state, file=nothing, removed=True), []

        await self._change(id_, key, decided)

    async def _remove_later(self, file: File, since: datetime) -> None:
        due = since + UNATTACHED_KEPT + GRACE
        await self._timers.set(Timer(subject=file.id, kind=UNATTACHED, due=due, payload={"sha256": file.sha256}))

    async def _change(
        self, id_: str, key: str, decided: Callable[[Kept[Upload]], Awaitable[tuple[Upload, Sequence[Message]]]]
    ) -> None:
        """Change the record of a file once for each *key*, if there is one."""
        if await self._uploads.get(id_) is not None:
            command = CommandKey(key=key, fingerprint=key, expected_revision=None)
            await self._uploads.change(
                id_, command, decided, lambda after: wire.file(after.state.file), common_pb2.File
            )

    async def _remove_unused(self, sha256: str) -> None:
        async def used() -> bool:
            return bool(await self._uploads.find({"sha256": sha256}, limit=1))

        await self._contents.remove(sha256, used)

    async def _is_attached(self, id_: str) -> bool:
        return bool(await self.attached([id_]))

    async def _readable(self, ids_: Sequence[str], caller: Caller) -> dict[str, Upload]:
        """The files of *ids_* that *caller* may see: where they are attached, or while they are not, their uploader."""
        uploads = [one.state for one in await self._uploads.get_many(ids_) if not one.state.removed]
        if not uploads:
            return {}
        wanted = [one.file.id for one in uploads]
        attached, shown = await self.attached(wanted), await self.shown(wanted, caller)
        return {
            one.file.id: one
            for one in uploads
            if one.file.id in shown or (one.file.id not in attached and one.user_id == caller.user_id)
        }

    async def _scans(self, uploads: Sequence[Upload]) -> dict[str, tuple[State, datetime | None]]:
        known = await self._contents.of([one.file.sha256 for one in uploads])
        found: dict[str, tuple[State, datetime | None]] = {}
        for one in uploads:
            content = known.get(one.file.sha256)
            found[one.file.id] = (content.scan, content.scanned_at) if content else (State.NOT_SCANNED, None)
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """Files that may be attached, by id, and which of them may not because they are infected."""

    files: dict[str, File]
    infected: frozenset[str]


def chosen(found: Found) -> Callable[[Sequence[str], str], tuple[File, ...]]:
    """Picks files by id; raises Invalid naming the id that is not among those *found*, or is of an infected one."""

    def pick(ids_: Sequence[str], at: str) -> tuple[File, ...]:
        for index, id_ in enumerate(ids_):
            where = f"{at}[{index}]"
            if id_ not in found.files:
                raise Invalid(f"your authority has uploaded no file {id_!r}", field=where, reason="UNKNOWN_FILE")
            if id_ in found.infected:
                raise Invalid(f"the scanner for malware has found something in {id_!r}", field=where, reason="INFECTED")
        return tuple(found.files[id_] for id_ in dict.fromkeys(ids_))

    return pick
