"""The files of entries: attached by editors, read by those who read the fields in which they stand."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from chassis.aggregates import Aggregates, Kept
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
from services.repositories import storage
from services.repositories.definitions import Definitions
from services.repositories.domain.entries import Entry, files_of
from services.repositories.readers import actor, shown
from vocabulary import ids
from vocabulary.refusals import Forbidden

# A file belongs to one entry, or to all for which it holds. So many entries are read at a time, until what is asked is found out.
READ_BATCH = 50


class EntryFiles(Uploads):
    """The files of entries."""

    prefix = ids.ENTRY_FILE

    def __init__(
        self,
        uploads: Aggregates[Upload],
        entries: Aggregates[Entry],
        definitions: Definitions,
        stored: Files,
        contents: Contents,
        timers: Timers,
        now: Callable[[], datetime],
        *,
        unscanned_downloads: bool = True,
    ) -> None:
        super().__init__(uploads, stored, contents, timers, now, unscanned_downloads=unscanned_downloads)
        self._entries = entries
        self._definitions = definitions

    def require_writer(self, caller: Caller) -> None:
        if not any(actor(caller, one, self._now()).areas for one in self._definitions.values()):
            raise Forbidden("only people who write entries of a repository may upload files for them")

    async def attached(self, ids_: Sequence[str]) -> set[str]:
        left = set(ids_)
        async for page in self._having(ids_):
            left -= {file.id for kept in page for file in files_of(kept.state)}
            if not left:
                break
        return set(ids_) - left

    async def shown(self, ids_: Sequence[str], caller: Caller) -> set[str]:
        left = set(ids_)
        async for page in self._having(ids_):
            for kept in page:
                definition = await self._definitions.of(kept.state)
                cut = shown(kept, definition, actor(caller, definition, self._now()))
                left -= {file.id for file in files_of(cut.state)} if cut else set()
            if not left:
                break
        return set(ids_) - left

    def _having(self, ids_: Sequence[str]) -> AsyncIterator[list[Kept[Entry]]]:
        return self._entries.pages({"file_ids": AnyOf(ids_)}, size=READ_BATCH)


def filing(
    settings: ServiceSettings,
    documents: Documents,
    outbox: Outbox,
    entries: Aggregates[Entry],
    definitions: Definitions,
    stored: Files,
    now: Callable[[], datetime],
) -> tuple[EntryFiles, list[Callable[[], Coroutine[Any, Any, None]]]]:
    """The files of *entries*, and what has to run so that they are scanned and removed."""
    timers = Timers(documents, storage.FILE_TIMERS, now)
    contents = Contents(documents, stored, open_scanner(settings.scanner_url), timers, now)
    allowed = settings.unscanned_downloads == "allowed"
    uploads = keeping.uploads(documents, outbox)
    files = EntryFiles(uploads, entries, definitions, stored, contents, timers, now, unscanned_downloads=allowed)
    return files, [partial(timers.run, files.fire), contents.keep_scanning]
