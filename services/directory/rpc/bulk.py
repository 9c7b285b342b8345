"""BulkService: the authorities of a country as a file, in and out."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

from chassis.aggregates import Aggregates, CommandKey
from chassis.caller import current_person
from chassis.imports import Incoming, content_of, read
from chassis.server import Call
from chassis.tables.csv_files import CsvReader, CsvWriter
from chassis.tables.json_lines import JsonReader, JsonWriter
from chassis.tables.rows import ROWS_MAX, Table
from chassis.wire import header_of
from protos.directory.v1 import bulk_pb2 as pb
from protos.directory.v1.bulk_pb2_grpc import BulkServiceServicer
from services.directory.bulk import reports
from services.directory.bulk.columns import EXTERNAL_ID, columns
from services.directory.bulk.exporting import Exporting
from services.directory.bulk.importing import Importing, Order
from services.directory.domain.authorities import Authority
from services.directory.domain.bulk import importer
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from vocabulary import languages
from vocabulary.refusals import Forbidden, Invalid

PROGRESS_ROWS = 500

Reader = CsvReader | JsonReader
Writer = CsvWriter | JsonWriter


class BulkRpc(BulkServiceServicer):
    def __init__(
        self,
        reference: Reference,
        authorities: Aggregates[Authority],
        now: Callable[[], datetime],
        *,
        training: bool = False,
    ) -> None:
        self._training = training
        self._reference = reference
        self._authorities = authorities
        self._now = now
        self._table = Table(columns(reference), described="docs/bulk.md", key=EXTERNAL_ID)

    async def ImportAuthorities(
        self, request_iterator: AsyncIterator[pb.ImportAuthoritiesRequest], context: Call
    ) -> AsyncIterator[pb.ImportAuthoritiesResponse]:
        if self._training:
            raise Forbidden("a training system has invented authorities only: none are imported", reason="TRAINING")
        first = await anext(aiter(request_iterator), pb.ImportAuthoritiesRequest())
        order = _order(first)
        incoming = Incoming(self._reader(first.header.format), most=ROWS_MAX, called="rows", reason="TOO_MANY_ROWS")
        importing = Importing(self._reference, self._authorities, self._now, order)
        await importing.importer()
        counts = pb.ImportCounts()
        async for rows in read(content_of(request_iterator), incoming):
            async for result in importing.results(rows):
                reports.count(counts, result)
                yield pb.ImportAuthoritiesResponse(row=result)
                if counts.rows % PROGRESS_ROWS == 0:
                    yield pb.ImportAuthoritiesResponse(progress=pb.ImportProgress(counts=counts, bytes=incoming.bytes))
            incoming.check()
        yield pb.ImportAuthoritiesResponse(summary=pb.ImportSummary(counts=counts, dry_run=order.dry_run))

    async def ExportAuthorities(
        self, request: pb.ExportAuthoritiesRequest, context: Call
    ) -> AsyncIterator[pb.ExportAuthoritiesResponse]:
        writer = self._writer(request)
        by = await person(current_person(), self._authorities)
        country = importer(by).country
        exporting = Exporting(self._reference, self._authorities, by, country, request)
        name = f"authorities-{country}.{writer.suffix}"
        yield pb.ExportAuthoritiesResponse(header=pb.ExportHeader(file_name=name, media_type=writer.media_type))
        yield pb.ExportAuthoritiesResponse(chunk=writer.begin())
        async for page in exporting.pages():
            yield pb.ExportAuthoritiesResponse(chunk=b"".join(map(writer.row, page)))

    def _reader(self, format_: pb.BulkFormat.ValueType) -> Reader:
        if format_ == pb.BULK_FORMAT_CSV:
            return CsvReader(self._table)
        if format_ == pb.BULK_FORMAT_JSON_LINES:
            return JsonReader(self._table)
        raise _unknown_format()

    def _writer(self, request: pb.ExportAuthoritiesRequest) -> Writer:
        if request.format == pb.BULK_FORMAT_CSV:
            return CsvWriter(self._table, request.separator or ";")
        if request.format == pb.BULK_FORMAT_JSON_LINES:
            return JsonWriter(self._table)
        raise _unknown_format()


def _order(first: pb.ImportAuthoritiesRequest) -> Order:
    header, caller = header_of(first, "an import"), current_person()
    if header.command.HasField("expected_revision"):
        raise Invalid("an import is about many authorities", field="expectedRevision", reason="UNEXPECTED")
    return Order(
        caller=caller,
        command=CommandKey.of(header, caller),
        dry_run=header.dry_run,
        language=languages.require(header.language or caller.language or languages.FALLBACK, field="language"),
    )


def _unknown_format() -> Invalid:
    return Invalid("the format is CSV or JSON_LINES", field="format", reason="UNKNOWN_VALUE")
