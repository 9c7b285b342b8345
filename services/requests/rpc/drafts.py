"""DraftsService: many drafts at once."""

from collections.abc import AsyncIterator

from chassis.aggregates import Aggregates
from chassis.caller import Caller, current_person
from chassis.imports import content_of, read
from chassis.server import Call
from chassis.wire import header_of
from protos.requests.v1 import drafts_pb2 as pb
from protos.requests.v1.drafts_pb2_grpc import DraftsServiceServicer
from services.requests.bulk.importing import Importing, count, incoming
from services.requests.domain.requests import Request
from services.requests.readers import writes
from services.requests.rpc.drafting import Drafting
from vocabulary.refusals import Forbidden

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
        dry_run = header_of(first, "an import").dry_run
        importing = Importing(self._drafting, self._requests, caller, dry_run=dry_run)
        file, counts = incoming(), pb.ImportDraftsCounts()
        async for lines in read(content_of(request_iterator), file):
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
