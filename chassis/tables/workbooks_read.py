"""The first sheet of a workbook of Office Open XML (ISO/IEC 29500), read cell by cell.

A workbook is a ZIP archive of XML, whose end tells what is in it: it is kept on disk until all of it is there. What it unpacks to is
limited, nothing in it is ever calculated, and a document type, which could define entities, is refused.
"""

import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import IO, Any
from xml.parsers import expat

from chassis import archives
from chassis.tables.sheet_cells import Cells, Said
from vocabulary.refusals import Invalid

IN_MEMORY_BYTES = 1024 * 1024
# What a file of the largest size may unpack to: what people write packs to a tenth.
UNPACKED_BYTES_MAX = 256 * 1024 * 1024
SHARED_BYTES_MAX = 64 * 1024 * 1024
# An empty one takes a few bits of a file and a microsecond of a processor; 10,000 rows of 100 cells are some 3 million.
ELEMENTS_MAX = 8_000_000
PARTS_MAX = 2_000
READ_BYTES = 64 * 1024

# Formats of dates among those that every workbook has.
_DATES = frozenset({14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47})
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_LETTERS = frozenset("ymdhs")


def no_workbook() -> Invalid:
    return Invalid("this is not a workbook that can be read; save it as .xlsx", field="file", reason="WORKBOOK")


def too_large(limit: str = "") -> Invalid:
    limit = limit or f"{UNPACKED_BYTES_MAX // 1024 // 1024} MB"
    return Invalid(f"the workbook has more than {limit} in it", field="file", reason="FILE_TOO_LARGE")


class Workbook:
    """Takes a workbook in pieces, and gives the rows of its first sheet once it has ended: each with its number, from 1."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115  # closed when it was read
        # Or when nobody reads it any more.
        weakref.finalize(self, self._file.close)

    def feed(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def rows(self) -> Generator[tuple[int, Sequence[Said]]]:
        """Rows without any cell are left out. Raises Invalid for what is no workbook, or unpacks to too much."""
        try:
            with _readable(), archives.opened(self._file) as archive:
                yield from _Reading(archive).rows()
        finally:
            self._file.close()


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        NotImplementedError,
        RuntimeError,  # what is encrypted
        EOFError,
        OSError,
        LookupError,
        ValueError,
        OverflowError,
        expat.ExpatError,
        zlib.error,
    ) as error:
        raise no_workbook() from error


class _Reading:
    """One archive, read."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        parts = archive.infolist()
        if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
            raise too_large()
        self._elements = 0
        self._epoch = _EPOCH
        self._shared: list[str] = []
        self._dates: set[int] = set()

    def rows(self) -> Iterator[tuple[int, Sequence[Said]]]:
        sheet = self._first_sheet()
        if "xl/sharedStrings.xml" in self._archive.namelist():
            self._shared = self._shared_strings("xl/sharedStrings.xml")
        if "xl/styles.xml" in self._archive.namelist():
            self._dates = self._date_styles("xl/styles.xml")
        yield from self._sheet(sheet)

    def _first_sheet(self) -> str:
        sheets: list[str] = []
        targets: dict[str, str] = {}

        def workbook(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet":
                sheets.append(next(value for key, value in attributes.items() if _local(key) == "id"))
            if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
                self._epoch = _EPOCH_1904

        def relation(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship":
                targets[attributes["Id"]] = attributes["Target"]

        self._each("xl/workbook.xml", workbook)
        self._each("xl/_rels/workbook.xml.rels", relation)
        if not sheets:
            raise no_workbook()
        target = targets[sheets[0]]
        return target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    def _shared_strings(self, part: str) -> list[str]:
        found: list[str] = []
        texts: list[str] = []
        length = 0
        inside = phonetic = False

        def start(name: str, _: dict[str, str]) -> None:
            nonlocal inside, phonetic
            if name == "si":
                texts.clear()
            inside = name == "t" and not phonetic
            phonetic = phonetic or name == "rPh"

        def end(name: str) -> None:
            nonlocal inside, phonetic, length
            inside = False
            if name == "rPh":
                phonetic = False
            if name == "si":
                found.append("".join(texts))
                length += len(found[-1])
                if length > SHARED_BYTES_MAX:
                    raise too_large()

        def text(said: str) -> None:
            if inside:
                texts.append(said)

        self._each(part, start, end, text)
        return found

    def _date_styles(self, part: str) -> set[int]:
        """The styles whose numbers are dates."""
        formats = set(_DATES)
        styles: list[int] = []
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt" and _is_date(attributes.get("formatCode", "")):
                formats.add(int(attributes["numFmtId"]))
            elif name == "cellXfs":
                inside = True
            elif name == "xf" and inside:
                styles.append(int(attributes.get("numFmtId", "0")))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and name != "cellXfs"

        self._each(part, start, end)
        return {number for number, format_ in enumerate(styles) if format_ in formats}

    def _sheet(self, part: str) -> Iterator[tuple[int, Sequence[Said]]]:
        """The rows of a sheet, as they are read."""
        cells = Cells(self._shared, self._dates, self._epoch)
        parser = self._parser(cells.start, cells.end, cells.text)
        with self._archive.open(part) as file:
            while piece := file.read(READ_BYTES):
                parser.Parse(piece, False)  # the C API takes no keyword
                yield from cells.taken()
            parser.Parse(b"", True)
            yield from cells.taken()

    def _each(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        parser = self._parser(start, end or (lambda _: None), text or (lambda _: None))
        with self._archive.open(part) as file:
            while piece := file.read(READ_BYTES):
                parser.Parse(piece, False)
            parser.Parse(b"", True)

    def _parser(
        self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
    ) -> expat.XMLParserType:
        def begin(name: str, attributes: dict[str, str]) -> None:
            self._elements += 1
            if self._elements > ELEMENTS_MAX:
                raise too_large(f"{ELEMENTS_MAX:,} elements")
            start(_local(name), attributes)

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = begin
        parser.EndElementHandler = lambda name: end(_local(name))
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse
        return parser


def _refuse(*_: Any) -> None:
    raise no_workbook()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _is_date(code: str) -> bool:
    """Whether a format shows a number as a date: it has letters of one outside of what it says literally."""
    bare, quoted, skipped = "", False, False
    for character in code.partition(";")[0]:
        if skipped:
            skipped = False
        elif character == '"':
            quoted = not quoted
        elif character in "\\_*":
            skipped = True
        elif not quoted:
            bare += character
    while "[" in bare and "]" in bare:
        before, _, rest = bare.partition("[")
        bare = before + rest.partition("]")[2]
    return any(letter in _LETTERS for letter in bare.lower().replace("general", ""))
