"""A workbook of Office Open XML (ISO/IEC 29500) with one sheet, written as it goes."""

import zipfile
from collections.abc import Iterable
from typing import IO, Any, cast


class Sheet:
    """Writes a workbook with one sheet whose cells are all texts, so that none is ever calculated; in pieces, as it grows."""

    def __init__(self) -> None:
        self._out = _Pieces()
        # It only writes, and never goes back.
        self._archive = zipfile.ZipFile(cast("IO[bytes]", self._out), "w", zipfile.ZIP_DEFLATED)
        self._sheet: IO[bytes] | None = None
        self._number = 0

    def begin(self) -> bytes:
        for name, content in _AROUND.items():
            self._archive.writestr(name, content)
        self._sheet = self._archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write(_SHEET_BEGINS)
        return self._out.taken()

    def row(self, texts: Iterable[str]) -> bytes:
        assert self._sheet is not None
        self._number += 1
        cells = "".join(
            f'<c r="{_name(at)}{self._number}" t="inlineStr"><is><t xml:space="preserve">{_escaped(text)}</t></is></c>'
            for at, text in enumerate(texts)
            if text
        )
        self._sheet.write(f'<row r="{self._number}">{cells}</row>'.encode())
        return self._out.taken()

    def end(self) -> bytes:
        assert self._sheet is not None
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._archive.close()
        return self._out.taken()


class _Pieces:
    """A file that is written from its beginning to its end, and taken away as it goes."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, piece: Any) -> int:
        self._written += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        found = bytes(self._written)
        self._written.clear()
        return found


def _name(at: int) -> str:
    """The letters of the column at this place, from 0."""
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _escaped(text: str) -> str:
    """*text* in XML, in which there is no way to write most control characters."""
    kept = "".join(one for one in text if one >= " " or one in "\t\n\r")
    return (
        (kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;"))
        .replace("\ufffe", "")
        .replace("\uffff", "")
    )


_XML = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = b"http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
_AROUND = {
    "[Content_Types].xml": _XML
    + b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    + b'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    + b'<Default Extension="xml" ContentType="application/xml"/>'
    + b'<Override PartName="/xl/workbook.xml" ContentType="'
    + _TYPE
    + b'sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="'
    + _TYPE
    + b'worksheet+xml"/></Types>',
    "_rels/.rels": _XML
    + b'<Relationships xmlns="'
    + _RELATIONS
    + b'"><Relationship Id="rId1" Type="'
    + _OFFICE
    + b'/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": _XML
    + b'<workbook xmlns="'
    + _MAIN
    + b'" xmlns:r="'
    + _OFFICE
    + b'"><sheets><sheet name="Entries" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": _XML
    + b'<Relationships xmlns="'
    + _RELATIONS
    + b'"><Relationship Id="rId1" Type="'
    + _OFFICE
    + b'/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET_BEGINS = _XML + b'<worksheet xmlns="' + _MAIN + b'"><sheetData>'
