"""Uploaded files: kept, attached by those who uploaded them, and read by those who may see where they are attached."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from ulid import ULID

from chassis.aggregates import Aggregates
from chassis.caller import Caller
from engines.files import Files
from services.requests import files
from services.requests.domain.questions import File
from services.requests.domain.requests import Request
from services.requests.domain.views import seen, view
from services.requests.readers import reader, writes
from services.requests.storage import Upload
from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid, NotFound

# A file belongs to one case; a handful of requests may share one that was attached before.
REQUESTS_PER_FILE = 100


class Attachments:
    """The files of requests."""

    def __init__(
        self,
        uploads: Aggregates[Upload],
        requests: Aggregates[Request],
        contents: Files,
        now: Callable[[], datetime],
    ) -> None:
        self._uploads = uploads
        self._requests = requests
        self._contents = contents
        self._now = now

    async def upload(self, name: str, media_type: str, chunks: AsyncIterator[bytes], caller: Caller) -> File:
        """Keep a content under a new id.

        Raises Forbidden for somebody who has no request to attach it to, Invalid for one too large or of a kind not accepted.
        """
        if not writes(caller):
            raise Forbidden("only people who draft or answer requests may upload files for them")
        checked = files.name(name)
        inspection = files.Inspection(media_type)
        stored = await self._contents.put(inspection.through(chunks))
        now = self._now()
        file = File(
            id=ids.derived(ids.FILE, str(ULID.from_datetime(now))),
            name=checked,
            media_type=inspection.media_type,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
        )
        upload = Upload(file=file, authority_id=caller.authority_id, user_id=caller.user_id, at=now)
        await self._uploads.load([(file.id, upload, [])])
        return file

    async def download(self, id_: str, caller: Caller) -> tuple[File, AsyncIterator[bytes]]:
        """A file and its content; raises NotFound for one that *caller* may not see, as for one that is not there."""
        upload = await self._uploads.get(id_)
        if upload is None or not await self._may_read(upload.state, caller):
            raise NotFound(f"there is no file {id_!r}", field="id")
        return upload.state.file, self._contents.read(upload.state.file.sha256)

    async def _may_read(self, upload: Upload, caller: Caller) -> bool:
        attached_to = await self._requests.find({"file_ids": upload.file.id}, limit=REQUESTS_PER_FILE)
        for kept in attached_to:
            request = kept.state
            how = view(request, reader(caller, request.area))
            if how is not None:
                shown = seen(request, how, request.side(caller.authority_id))
                if upload.file.id in {file.id for file in shown.files}:
                    return True
        return not attached_to and upload.user_id == caller.user_id

    async def found(self, ids_: Sequence[str], caller: Caller) -> dict[str, File]:
        """The files of *ids_* that *caller*'s authority uploaded, by id."""
        kept = await self._uploads.get_many(ids_)
        return {one.id: one.state.file for one in kept if one.state.authority_id == caller.authority_id}


def chosen(found: dict[str, File]) -> Callable[[Sequence[str], str], tuple[File, ...]]:
    """Picks files by id; raises Invalid naming the id that is not among those *found*."""

    def pick(ids_: Sequence[str], at: str) -> tuple[File, ...]:
        for index, id_ in enumerate(ids_):
            if id_ not in found:
                raise Invalid(
                    f"your authority has uploaded no file {id_!r}", field=f"{at}[{index}]", reason="UNKNOWN_FILE"
                )
        return tuple(found[id_] for id_ in dict.fromkeys(ids_))

    return pick
