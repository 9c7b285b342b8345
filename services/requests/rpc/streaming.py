"""Streams: files in and out, and the changes of an authority's requests as they happen."""

from collections.abc import AsyncIterator

from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import chunks_of, header_of, timestamp
from chassis.wire import file as file_on_wire
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire
from services.requests.rpc.commands import Commands, visible


class Streaming(Commands):
    async def UploadFile(
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Call
    ) -> pb.UploadFileResponse:
        caller = current_person()
        first = await anext(aiter(request_iterator), pb.UploadFileRequest())
        header = header_of(first, "an upload")
        file, content = await self._attachments.upload(
            header.name, header.media_type, chunks_of(request_iterator), caller, language=header.language
        )
        return pb.UploadFileResponse(
            file=file_on_wire(file), scan=wire.file_scan(file.id, content.scan, content.scanned_at)
        )

    async def DownloadFile(
        self, request: pb.DownloadFileRequest, context: Call
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        caller = current_person()
        file, content = await self._attachments.download(request.id, caller)
        await self._attachments.note(file.id, caller)
        yield pb.DownloadFileResponse(header=file_on_wire(file))
        async for chunk in content:
            yield pb.DownloadFileResponse(chunk=chunk)

    async def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Call
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        caller = current_person()
        self._lists.require_reader(caller)
        async for delivered in self._inbox.watch(caller.authority_id, request.after_cursor):
            message = pb.WatchChangesResponse(cursor=delivered.cursor, at=timestamp(delivered.at))
            entry = delivered.entry
            # A change the person may not see still moves the cursor on.
            if entry and visible(await self._requests.get_many([entry.subject]), caller):
                message.change.CopyFrom(wire.change(entry))
            yield message
