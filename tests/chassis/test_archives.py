"""An archive that says a lot of itself is not looked through: ten megabytes of names take seconds and hundreds of megabytes."""

import io
import struct
import zipfile

import pytest

from chassis import archives
from chassis.archives import LIST_BYTES_MAX
from chassis.tables.workbooks_read import Workbook
from chassis.uploads.inspection import DOCX, recognised
from vocabulary.refusals import Invalid

NAME = b"name"
LISTED = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 0, 20, 0, 0, 0, 0, 0x21, 0, 0, 0, len(NAME), *[0] * 6) + NAME
END = struct.Struct("<4s4H2LH")


def an_archive(*, more: int) -> bytes:
    """A document of words, with so many names besides in the list of what is in it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml"):
            archive.writestr(name, "<x/>")
    whole = written.getvalue()
    signature, *disks, here, _, size, start, comment = END.unpack(whole[-END.size :])
    count = (here + more) & 0xFFFF
    end = END.pack(signature, *disks, count, count, size + more * len(LISTED), start, comment)
    return whole[: -END.size] + more * LISTED + end


def test_as_many_names_as_documents_have_are_looked_through() -> None:
    assert recognised(io.BytesIO(an_archive(more=0))) == DOCX
    few = an_archive(more=2_000)
    assert recognised(io.BytesIO(few)) == DOCX
    with archives.opened(io.BytesIO(few)) as archive:
        assert len(archive.infolist()) == 2_002
        assert archive.read("word/document.xml") == b"<x/>"


def test_a_list_that_is_too_long_is_not() -> None:
    many = an_archive(more=LIST_BYTES_MAX // len(LISTED))
    with pytest.raises(zipfile.BadZipFile, match="too long"):
        archives.opened(io.BytesIO(many))
    assert recognised(io.BytesIO(many)) == ""
    workbook = Workbook()
    workbook.feed(many)
    with pytest.raises(Invalid) as refused:
        list(workbook.rows())
    assert refused.value.reason == "WORKBOOK"
