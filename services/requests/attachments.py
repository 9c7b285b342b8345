"""The files of requests: attached by those who draft or answer, read by those who may see where they are attached."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.settings import ServiceSettings
from chassis.timers import Timers
from chassis.uploads import keeping
from chassis.uploads.contents import Contents
from chassis.uploads.keeping import Upload, Uploads
from engines.documents import AnyOf, Documents
from engines.files import Files
from engines.scanning import open_scanner
from services.requests import storage
from services.requests.domain.requests import Request
from services.requests.domain.retention import disclosed
from services.requests.domain.views import seen, view
from services.requests.readers import reader, writes
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Forbidden

# A file belongs to one case, or to all that an authority asks. So many requests are read at a time, until what is asked is found out.
READ_BATCH = 50
# Of a file that more of them have which its reader sees, so many are noted.
NOTED_MAX = 100


class Attachments(Uploads):
    """The files of requests."""

    def __init__(
        self,
        uploads: Aggregates[Upload],
        requests: Aggregates[Request],
        stored: Files,
        contents: Contents,
        timers: Timers,
        now: Callable[[], datetime],
        *,
        unscanned_downloads: bool = True,
    ) -> None:
        super().__init__(uploads, stored, contents, timers, now, unscanned_downloads=unscanned_downloads)
        self._requests = requests

    def require_writer(self, caller: Caller) -> None:
        if not writes(caller):
            raise Forbidden("only people who draft or answer requests may upload files for them")

    async def attached(self, ids_: Sequence[str]) -> set[str]:
        left = set(ids_)
        async for page in self._having(ids_):
            left -= {file.id for kept in page for file in kept.state.files}
            left -= await self._on_their_way(page, left)
            if not left:
                break
        return set(ids_) - left

    async def _on_their_way(self, having: Sequence[Kept[Request]], wanted: set[str]) -> set[str]:
        """Those of the files *wanted* that go with a request which was split off and is not there yet."""
        children = [child for kept in having for child in kept.state.children]
        going = {child.id: found for child in children if (found := {file.id for file in child.files} & wanted)}
        there = {kept.id for kept in await self._requests.get_many(list(going))}
        return {file_id for id_, found in going.items() if id_ not in there for file_id in found}

    async def shown(self, ids_: Sequence[str], caller: Caller) -> set[str]:
        left = set(ids_)
        async for page in self._having(ids_):
            left -= {id_ for kept in page for id_ in _shown(kept.state, caller)}
            if not left:
                break
        return set(ids_) - left

    async def note(self, id_: str, caller: Caller) -> None:
        """Note in the audit that *caller* is given a file, and whose it is of those that they see."""
        noting.shown(Kind.FILE, id_, 0, Part.FILE)
        noted = 0
        async for page in self._having([id_]):
            for kept in page:
                if id_ in _shown(kept.state, caller) and noted < NOTED_MAX:
                    noting.shown(Kind.REQUEST, kept.id, 0, Part.FILE)
                    noted += 1
            if noted >= NOTED_MAX:
                break

    async def withheld(self, ids_: Sequence[str]) -> set[str]:
        """A file that only blocked requests have would be read again in another one."""
        left, held = set(ids_), set[str]()
        async for page in self._having(ids_):
            held |= {file.id for kept in page for file in kept.state.files} & left
            left -= {file.id for kept in page for file in disclosed(kept.state).files}
            if not left:
                break
        return held & left

    def _having(self, ids_: Sequence[str]) -> AsyncIterator[list[Kept[Request]]]:
        return self._requests.pages({"file_ids": AnyOf(ids_)}, size=READ_BATCH)


def _shown(request: Request, caller: Caller) -> set[str]:
    """The ids of the files of *request* that *caller* sees."""
    by = reader(caller, request.area)
    how = view(request, by)
    return set() if how is None else {file.id for file in seen(request, how, by).files}


def attaching(
    settings: ServiceSettings,
    documents: Documents,
    outbox: Outbox,
    requests: Aggregates[Request],
    stored: Files,
    now: Callable[[], datetime],
) -> tuple[Attachments, list[Callable[[], Coroutine[Any, Any, None]]]]:
    """The files of *requests*, and what has to run so that they are scanned and removed."""
    timers = Timers(documents, storage.FILE_TIMERS, now)
    contents = Contents(documents, stored, open_scanner(settings.scanner_url), timers, now)
    allowed = settings.unscanned_downloads == "allowed"
    uploads = keeping.uploads(documents, outbox)
    attachments = Attachments(uploads, requests, stored, contents, timers, now, unscanned_downloads=allowed)
    return attachments, [partial(timers.run, attachments.fire), contents.keep_scanning]
