"""The files of requests: attached by those who draft or answer, read by those who may see where they are attached."""

from collections.abc import Callable, Coroutine, Sequence
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

# A file belongs to one case; a handful of requests may share one that was attached before.
REQUESTS_PER_FILE = 100


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
        return {file.id for kept in await self._having(ids_) for file in kept.state.files}

    async def shown(self, ids_: Sequence[str], caller: Caller) -> set[str]:
        return {id_ for kept in await self._having(ids_) for id_ in _shown(kept.state, caller)}

    async def note(self, id_: str, caller: Caller) -> None:
        """Note in the audit that *caller* is given a file, and whose it is of those that they see."""
        noting.shown(Kind.FILE, id_, 0, Part.FILE)
        for kept in await self._having([id_]):
            if id_ in _shown(kept.state, caller):
                noting.shown(Kind.REQUEST, kept.id, 0, Part.FILE)

    async def withheld(self, ids_: Sequence[str]) -> set[str]:
        """A file that only blocked requests have would be read again in another one."""
        having = [kept.state for kept in await self._having(ids_)]
        said = {file.id for request in having for file in disclosed(request).files}
        return {file.id for request in having for file in request.files} - said

    async def _having(self, ids_: Sequence[str]) -> list[Kept[Request]]:
        return await self._requests.find({"file_ids": AnyOf(ids_)}, limit=REQUESTS_PER_FILE * len(ids_))


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
