"""Sends files to a running repositories service and takes files from it, for whoever is named."""

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chassis.caller import Caller
from chassis.tables.rows import Cell, Kind, Table
from chassis.tables.xlsx_files import XlsxReader, XlsxWriter
from protos.common.v1 import common_pb2
from protos.repositories.v1 import transfer_pb2 as pb
from tests.builders import QUALIFICATIONS, doctors
from tests.repositories.conftest import Asking, an_editor

CSV, JSON, XLSX = pb.TRANSFER_FORMAT_CSV, pb.TRANSFER_FORMAT_JSON_LINES, pb.TRANSFER_FORMAT_XLSX


@dataclass(slots=True)
class Report:
    """What an import answered."""

    rows: list[pb.ImportedEntry] = field(default_factory=list)
    progress: list[pb.EntryImportProgress] = field(default_factory=list)
    summary: pb.EntryImportSummary | None = None

    @property
    def outcomes(self) -> list[str]:
        return [pb.EntryImportOutcome.Name(row.outcome).removeprefix("ENTRY_IMPORT_OUTCOME_") for row in self.rows]

    @property
    def refusals(self) -> list[tuple[int, str, str]]:
        """Row, reason and field of everything that was refused."""
        return [(row.row, one.reason, one.field) for row in self.rows for one in row.refusals]

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Rows, created, changed, unchanged, refused."""
        assert self.summary is not None
        found = self.summary.counts
        return found.rows, found.created, found.changed, found.unchanged, found.refused


async def send(
    asking: Asking,
    content: str | bytes | Iterable[bytes],
    format_: pb.TransferFormat.ValueType = CSV,
    *,
    caller: Caller | None = None,
    stop_after: int = 0,
    **header: Any,
) -> Report:
    """What comes of importing a file; the connection breaks after so many rows, if a number is given."""
    if isinstance(content, str):
        content = content.encode()
    chunks = [content] if isinstance(content, bytes) else content
    report = Report()
    peer = asking.peer(caller or an_editor())
    results = peer.exchange(asking.transfer.ImportEntries, parts(chunks, format_, **header))
    async for message in results:
        match message.WhichOneof("part"):
            case "row":
                report.rows.append(message.row)
            case "progress":
                report.progress.append(message.progress)
            case "summary":
                report.summary = message.summary
        if stop_after and len(report.rows) == stop_after:
            with suppress(RuntimeError):
                await results.aclose()
            break
    return report


async def fetch(asking: Asking, caller: Caller | None, **request: Any) -> tuple[pb.EntryExportHeader, bytes]:
    """A file of the service; nobody in particular is the gateway itself."""
    header, content = pb.EntryExportHeader(), b""
    message = pb.ExportEntriesRequest(**{"format": CSV, "repository": "registers", **request})
    async for part in asking.peer(caller).stream(asking.transfer.ExportEntries, message):
        content += part.chunk
        if part.HasField("header"):
            header = part.header
    return header, content


async def parts(
    chunks: Iterable[bytes], format_: pb.TransferFormat.ValueType, key: str = "", **header: Any
) -> AsyncIterator[pb.ImportEntriesRequest]:
    command = common_pb2.Command(idempotency_key=key or str(uuid.uuid4()))
    fields = {"command": command, "format": format_, "repository": "registers", **header}
    yield pb.ImportEntriesRequest(header=pb.EntryImportHeader(**fields))
    for chunk in chunks:
        yield pb.ImportEntriesRequest(chunk=chunk)


def a_row(key: str = "", **changed: str) -> dict[str, str]:
    """A row that is a register of Italian doctors, unless told otherwise; ``__`` in a name stands for a dot."""
    row = {
        "entry.id": key,
        "name": f"Albo {key}",
        "language_of.name": "it",
        "url": "https://albo.example/medici",
        "area": QUALIFICATIONS,
        "holder": doctors("IT"),
        "subjects": "doctor midwife",
        "content": "PERSONS SANCTIONS",
        "public": "YES",
        "fee": "12.50 EUR",
        "entry.valid_to": "2031-12-31",
    }
    return row | {name.replace("__", "."): cell for name, cell in changed.items()}


def a_file(*rows: dict[str, str], separator: str = ",") -> str:
    """CSV with the columns of the first row, whose cells need no quotation marks."""
    return "\n".join(separator.join(line) for line in [list(rows[0]), *(row.values() for row in rows)]) + "\n"


def a_workbook(rows: Sequence[dict[str, Cell]]) -> bytes:
    """A workbook with the columns of the first row."""
    writer = XlsxWriter(Table(dict.fromkeys(rows[0], Kind.TEXT), described=""))
    return b"".join([writer.begin(), *map(writer.row, rows), writer.end()])


def of_workbook(content: bytes) -> list[dict[str, Cell]]:
    """The rows of a workbook, by the columns that its first row names."""
    reader = XlsxReader(Table(_Every(), described=""))
    return [dict(row.cells) for row in [*reader.feed(content), *reader.end()]]


class _Every(dict[str, Kind]):
    """Whatever column there is, it holds a text."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> Kind:
        return Kind.TEXT
