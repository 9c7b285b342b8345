"""TransferService: entries of one repository as a file, in and out."""

import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import IO

from chassis.aggregates import Aggregates, CommandKey
from chassis.audit import noting
from chassis.caller import current_person
from chassis.imports import Incoming, content_of, read
from chassis.references import References
from chassis.server import Call
from chassis.tables.csv_files import CsvReader, CsvWriter
from chassis.tables.json_lines import JsonReader, JsonWriter
from chassis.tables.rows import ROWS_MAX, Row, Table
from chassis.tables.xlsx_files import XlsxReader, XlsxWriter
from chassis.wire import header_of
from protos.repositories.v1 import transfer_pb2 as pb
from protos.repositories.v1.transfer_pb2_grpc import TransferServiceServicer
from services.repositories.definitions import Definitions
from services.repositories.domain.entries import Entry
from services.repositories.index import EntryIndex
from services.repositories.readers import actor, current_reader
from services.repositories.search.answering import Searching
from services.repositories.transfer import columns, reports
from services.repositories.transfer.exporting import Exporting
from services.repositories.transfer.importing import Importing, Order
from vocabulary import languages
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Invalid

PROGRESS_ROWS = 500
IN_MEMORY_BYTES = 1024 * 1024
READ_BYTES = 64 * 1024

Reader = CsvReader | JsonReader | XlsxReader
Writer = CsvWriter | JsonWriter | XlsxWriter
Parts = AsyncIterator[pb.ImportEntriesRequest]


class TransferRpc(TransferServiceServicer):
    def __init__(
        self,
        definitions: Definitions,
        entries: Aggregates[Entry],
        index: EntryIndex,
        searching: Searching,
        references: References,
        now: Callable[[], datetime],
    ) -> None:
        self._definitions = definitions
        self._entries = entries
        self._index = index
        self._searching = searching
        self._references = references
        self._now = now

    async def ImportEntries(self, request_iterator: Parts, context: Call) -> AsyncIterator[pb.ImportEntriesResponse]:
        first = await anext(aiter(request_iterator), pb.ImportEntriesRequest())
        order = await self._order(first)
        header = first.header
        table = columns.table(order.definition)
        self._importing(order).importer()
        if not header.all_or_nothing:
            async for response in self._imported(order, content_of(request_iterator), header.format, table):
                yield response
            return
        # The same bytes twice: first without doing anything.
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            trial = self._importing(order, is_trial=True)
            counts = pb.EntryImportCounts()
            incoming = _incoming(header.format, table)
            async for rows in read(_kept(content_of(request_iterator), file), incoming):
                async for report in trial.results(rows):
                    reports.count(counts, report)
                    if report.outcome == pb.ENTRY_IMPORT_OUTCOME_REFUSED or order.dry_run:
                        yield pb.ImportEntriesResponse(row=report)
                incoming.check()
            if counts.refused or order.dry_run:
                if not order.dry_run:
                    counts = pb.EntryImportCounts(rows=counts.rows, refused=counts.refused)
                yield _summary(counts, order)
                return
            file.seek(0)
            async for response in self._imported(order, _read(file), header.format, table):
                yield response

    async def ExportEntries(
        self, request: pb.ExportEntriesRequest, context: Call
    ) -> AsyncIterator[pb.ExportEntriesResponse]:
        caller = current_reader()
        await self._definitions.ensure([request.repository] if request.repository else [])
        require = self._definitions.require_public if caller.service else self._definitions.require
        definition = require(request.repository)
        language = languages.require(request.language, field="language") if request.language else ""
        who = actor(caller, definition, self._now())
        exporting = await Exporting.of(self._index, self._searching, definition, who, request)
        writer = _writer(request, columns.table(definition, exporting.fields, labels=bool(language)))
        noting.shown(Kind.REPOSITORY, definition.code, 0, Part.CONTENT, Part.EXPORT)
        name = f"{definition.code}.{writer.suffix}"
        yield pb.ExportEntriesResponse(header=pb.EntryExportHeader(file_name=name, media_type=writer.media_type))
        yield pb.ExportEntriesResponse(chunk=writer.begin())
        async for page in exporting.pages(language):
            yield pb.ExportEntriesResponse(chunk=b"".join(map(writer.row, page)))
        yield pb.ExportEntriesResponse(chunk=writer.end())

    async def _order(self, first: pb.ImportEntriesRequest) -> Order:
        header, caller = header_of(first, "an import"), current_person()
        if header.command.HasField("expected_revision"):
            raise Invalid("an import is about many entries", field="expectedRevision", reason="UNEXPECTED")
        await self._definitions.ensure([header.repository] if header.repository else [])
        return Order(
            caller=caller,
            command=CommandKey.of(header, caller),
            definition=self._definitions.require(header.repository),
            newest=partial(self._definitions.require, header.repository),
            dry_run=header.dry_run,
            publish=header.publish,
            language=languages.require(header.language or caller.language or languages.FALLBACK, field="language"),
        )

    def _importing(self, order: Order, *, is_trial: bool = False) -> Importing:
        order = replace(order, dry_run=order.dry_run or is_trial)
        return Importing(self._entries, self._references, self._now, order)

    async def _imported(
        self, order: Order, chunks: AsyncIterator[bytes], format_: pb.TransferFormat.ValueType, table: Table
    ) -> AsyncIterator[pb.ImportEntriesResponse]:
        importing, incoming = self._importing(order), _incoming(format_, table)
        counts = pb.EntryImportCounts()
        async for rows in read(chunks, incoming):
            async for report in importing.results(rows):
                reports.count(counts, report)
                yield pb.ImportEntriesResponse(row=report)
                if counts.rows % PROGRESS_ROWS == 0:
                    yield pb.ImportEntriesResponse(progress=pb.EntryImportProgress(counts=counts, bytes=incoming.bytes))
            incoming.check()
        yield _summary(counts, order)


def _incoming(format_: pb.TransferFormat.ValueType, table: Table) -> Incoming[Row]:
    return Incoming(_reader(format_, table), most=ROWS_MAX, called="rows", reason="TOO_MANY_ROWS")


def _summary(counts: pb.EntryImportCounts, order: Order) -> pb.ImportEntriesResponse:
    return pb.ImportEntriesResponse(summary=pb.EntryImportSummary(counts=counts, dry_run=order.dry_run))


async def _kept(chunks: AsyncIterator[bytes], file: IO[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        file.write(chunk)
        yield chunk


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := file.read(READ_BYTES):
        yield chunk


def _reader(format_: pb.TransferFormat.ValueType, table: Table) -> Reader:
    match format_:
        case pb.TRANSFER_FORMAT_CSV:
            return CsvReader(table)
        case pb.TRANSFER_FORMAT_JSON_LINES:
            return JsonReader(table)
        case pb.TRANSFER_FORMAT_XLSX:
            return XlsxReader(table)
    raise _unknown_format()


def _writer(request: pb.ExportEntriesRequest, table: Table) -> Writer:
    match request.format:
        case pb.TRANSFER_FORMAT_CSV:
            return CsvWriter(table, request.separator or ";")
        case pb.TRANSFER_FORMAT_JSON_LINES:
            return JsonWriter(table)
        case pb.TRANSFER_FORMAT_XLSX:
            return XlsxWriter(table)
    raise _unknown_format()


def _unknown_format() -> Invalid:
    return Invalid("the format is CSV, JSON_LINES or XLSX", field="format", reason="UNKNOWN_VALUE")
