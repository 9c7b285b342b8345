"""DraftsService: many drafts at once."""

from collections.abc import AsyncIterator, Iterator

from chassis.aggregates import Aggregates
from chassis.caller import Caller, current_person
from chassis.imports import Incoming
from chassis.server import Call
from protos.requests.v1 import drafts_pb2 as pb
from protos.requests.v1.drafts_pb2_grpc import DraftsServiceServicer
from services.requests.bulk.importing import Importing, count, incoming
from services.requests.bulk.lines import Line
from services.requests.domain.requests import Request
from services.requests.readers import writes
from services.requests.rpc.drafting import Drafting
from vocabulary.refusals import Forbidden, Invalid

PROGRESS_LINES = 500


class DraftsRpc(DraftsServiceServicer):
    def __init__(self, drafting: Drafting, requests: Aggregates[Request]) -> None:
        self._drafting = drafting
        self._requests = requests

    async def ImportDrafts(
        self, request_iterator: AsyncIterator[pb.ImportDraftsRequest], context: Call
    ) -> AsyncIterator[pb.ImportDraftsResponse]:
        caller = _importer()
        first = await anext(aiter(request_iterator), pb.ImportDraftsRequest())
        if not first.HasField("header"):
            raise Invalid("an import begins with its header", field="header", reason="MISSING_FIELD")
        dry_run = first.header.dry_run
        importing = Importing(self._drafting, self._requests, caller, dry_run=dry_run)
        file, counts = incoming(), pb.ImportDraftsCounts()
        async for lines in _lines(request_iterator, file):
            async for result in importing.results(lines):
                count(counts, result)
                yield pb.ImportDraftsResponse(line=result)
                if counts.lines % PROGRESS_LINES == 0:
                    progress = pb.ImportDraftsProgress(counts=counts, bytes=file.bytes)
                    yield pb.ImportDraftsResponse(progress=progress)
            file.check()
        yield pb.ImportDraftsResponse(summary=pb.ImportDraftsSummary(counts=counts, dry_run=dry_run))


def _importer() -> Caller:
    """The person who imports; raises Forbidden for anybody who writes no requests. Each line is looked at by its own area besides."""
    caller = current_person()
    if not writes(caller):
        raise Forbidden("only people who write requests import drafts")
    return caller


async def _lines(parts: AsyncIterator[pb.ImportDraftsRequest], file: Incoming[Line]) -> AsyncIterator[Iterator[Line]]:
    """The lines of the file, as its *parts* come."""
    async for part in parts:
        if part.HasField("header"):
            raise Invalid("an import has one header, and then the file", field="header", reason="REPEATED")
        yield file.feed(part.chunk)
    yield file.end()
