"""Files in and out, for the fields of entries."""

from collections.abc import AsyncIterator

from chassis.audit import noting
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import batch, chunks_of, file, header_of
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import wire
from services.repositories.readers import current_reader
from services.repositories.rpc.commands import Commands
from vocabulary.audit import Kind, Part


class Filing(Commands):
    async def UploadEntryFile(
        self, request_iterator: AsyncIterator[pb.UploadEntryFileRequest], context: Call
    ) -> pb.UploadEntryFileResponse:
        caller = current_person()
        first = await anext(aiter(request_iterator), pb.UploadEntryFileRequest())
        header = header_of(first, "an upload")
        kept, content = await self._files.upload(
            header.name, header.media_type, chunks_of(request_iterator), caller, language=header.language
        )
        return pb.UploadEntryFileResponse(
            file=file(kept), scan=wire.file_scan(kept.id, content.scan, content.scanned_at)
        )

    async def DownloadEntryFile(
        self, request: pb.DownloadEntryFileRequest, context: Call
    ) -> AsyncIterator[pb.DownloadEntryFileResponse]:
        found, content = await self._files.download(request.id, current_reader())
        noting.shown(Kind.FILE, found.id, 0, Part.FILE)
        yield pb.DownloadEntryFileResponse(header=file(found))
        async for chunk in content:
            yield pb.DownloadEntryFileResponse(chunk=chunk)

    async def BatchGetEntryFileScans(
        self, request: pb.BatchGetEntryFileScansRequest, context: Call
    ) -> pb.BatchGetEntryFileScansResponse:
        found = await self._files.scans(batch(request.ids), current_reader())
        return pb.BatchGetEntryFileScansResponse(scans=[wire.file_scan(id_, *said) for id_, said in found.items()])
