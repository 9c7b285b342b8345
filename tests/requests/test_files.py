"""Files: recognised by what they contain, limited, kept whole or not at all, read by those who see where they are attached."""

import asyncio
import hashlib
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.caller import Caller, Signer
from chassis.keys import KeyRing
from chassis.uploads import inspection as files
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2 as pb
from services.requests.domain.lifecycle import Status
from tests.builders import a_handler, doctors
from tests.requests.exchanges import (
    HUNGARY,
    ITALY,
    PDF,
    Asking,
    a_draft,
    a_request,
    an_upload,
    codes,
    downloaded,
    nurses,
)
from vocabulary.refusals import Invalid, NotFound, Refusal

CHUNK_BYTES = 64 * 1024
COLLEAGUE = a_handler("IT", *ITALY.user_roles["professional-qualifications/requests"], authority=doctors("IT"))
FRANCE = a_handler("FR")


def a_png() -> bytes:
    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff")
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", pixel) + part(b"IEND", b"")


def a_jpeg() -> bytes:
    """One grey pixel."""
    application = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    quantisation = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    huffman = b"\xff\xc4\x00\x14\x00\x01" + b"\x00" * 16 + b"\xff\xc4\x00\x14\x10\x01" + b"\x00" * 16
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x3f"
    return b"\xff\xd8" + application + quantisation + frame + huffman + scan + b"\xff\xd9"


def a_tiff(order: str) -> bytes:
    """One black pixel, in little (<) or big (>) endian."""
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1)]
    packed = [struct.pack(f"{order}HHI", *entry[:3]) + _padded(order, entry[1], entry[3]) for entry in entries]
    directory = struct.pack(f"{order}H", len(entries)) + b"".join(packed) + struct.pack(f"{order}I", 0)
    return (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 10) + b"\x00\x00" + directory


def _padded(order: str, kind: int, value: int) -> bytes:
    return struct.pack(f"{order}I", value) if kind == 4 else struct.pack(f"{order}HH", value, 0)


def packed(parts: dict[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


DOCX_PARTS: dict[str, str | bytes] = {
    "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
    "word/document.xml": "<w:document/>",
}
ODT_PARTS: dict[str, str | bytes] = {"mimetype": files.ODT, "content.xml": "<office:document-content/>"}
ACCEPTED = {
    "pdf": (PDF, files.PDF),
    "png": (a_png(), files.PNG),
    "jpeg": (a_jpeg(), files.JPEG),
    "tiff, little endian": (a_tiff("<"), files.TIFF),
    "tiff, big endian": (a_tiff(">"), files.TIFF),
    "text": ("Igazolás — čísla, αριθμοί\r\n\tвсё\f".encode(), files.TEXT),
    "text with a mark": ("\ufeffIgazolás".encode(), files.TEXT),
    "text that compares": (b"3 < 4 and <3", files.TEXT),
    "docx": (packed(DOCX_PARTS), files.DOCX),
    "odt": (packed(ODT_PARTS), files.ODT),
}
REFUSED = {
    "html": b"<!DOCTYPE html><html><body>x</body></html>",
    "html in capitals, after space": b"\n  <HTML><SCRIPT>alert(1)</SCRIPT></HTML>",
    "html after a mark": b"\xef\xbb\xbf<html></html>",
    "a comment, then html": b"<!-- --><html></html>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg as xml": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "rtf": b"{\\rtf1 x}",
    "postscript": b"%!PS-Adobe-3.0\nshowpage",
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "exe": b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 48 + b"PE\x00\x00",
    "elf": b"\x7fELF\x02\x01\x01" + b"\x00" * 57,
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "zip": packed({"a.txt": "x"}),
    "an empty archive": packed({}),
    "xlsx": packed({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}),
    "jar": packed({"META-INF/MANIFEST.MF": "Main-Class: A"}),
    "docx with a macro": packed({**DOCX_PARTS, "word/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
    "docx with a macro elsewhere": packed({**DOCX_PARTS, "docProps/VBAPROJECT.BIN": b"\xd0\xcf\x11\xe0"}),
    "odt with a macro": packed({**ODT_PARTS, "Basic/Standard/Module1.xml": "<script:module/>"}),
    "odt with a script": packed({**ODT_PARTS, "Scripts/python/a.py": "import os"}),
    "a spreadsheet": packed({**ODT_PARTS, "mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
    "odt in name, and more": packed({**ODT_PARTS, "mimetype": files.ODT + "-template"}),
    "a cut archive": packed(ODT_PARTS)[:-30],
    "the beginning of an archive": b"PK\x03\x04",
    "text in another encoding": "Igazolás".encode("utf-16"),
    "latin text": "Igazolás".encode("latin-1"),
    "a zero": b"Igazol\x00s",
    "noise": bytes(range(128, 256)) * 8,
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_an_accepted_kind_is_recognised_by_its_content(kind: str) -> None:
    content, media_type = ACCEPTED[kind]
    assert files.recognised(io.BytesIO(content)) == media_type


@pytest.mark.parametrize("kind", REFUSED)
def test_every_other_kind_is_not(kind: str) -> None:
    assert files.recognised(io.BytesIO(REFUSED[kind])) == ""


@given(
    st.sampled_from([packed(DOCX_PARTS), packed(ODT_PARTS), packed(ODT_PARTS, zipfile.ZIP_LZMA)]),
    st.lists(st.tuples(st.integers(4, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(4, 10_000),
)
@settings(deadline=None)
def test_a_damaged_archive_is_recognised_or_not_but_never_a_fault(
    whole: bytes, damage: list[tuple[int, int]], length: int
) -> None:
    content = bytearray(whole)
    for place, byte in damage:
        content[4 + place % (len(content) - 4)] = byte
    if length < len(content):
        content = content[:length]
    assert files.recognised(io.BytesIO(content)) in (files.DOCX, files.ODT, "")


def test_what_is_packed_small_is_not_unpacked_to_see_what_it_is() -> None:
    content = io.BytesIO(packed({**ODT_PARTS, "mimetype": files.ODT + "0" * 20_000_000}))
    tracemalloc.start()
    try:
        assert files.recognised(content) == ""
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_part_is_refused_however_it_is_packed(compression: int) -> None:
    whole = packed(ODT_PARTS, compression)
    assert files.recognised(io.BytesIO(whole)) == files.ODT
    start = 30 + len("mimetype")
    damaged = whole[:start] + bytes(byte ^ 0x55 for byte in whole[start : start + 20]) + whole[start + 20 :]
    assert files.recognised(io.BytesIO(damaged)) == ""


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../x", "x"),
        ("..\\..\\x.pdf", "x.pdf"),
        ("/etc/passwd", "passwd"),
        ("C:\\Temp\\diploma.pdf", "diploma.pdf"),
        (" diploma di laurea.pdf ", "diploma di laurea.pdf"),
        ("δίπλωμα.pdf", "δίπλωμα.pdf"),
        ("a/", "a"),
        ("x" * files.NAME_LIMIT, "x" * files.NAME_LIMIT),
    ],
)
def test_a_name_is_kept_without_its_folders(given_name: str, kept: str) -> None:
    assert files.name(given_name) == kept


BAD_NAMES = [
    ("", "EMPTY"),
    ("  ", "EMPTY"),
    ("/", "EMPTY"),
    (".", "EMPTY"),
    ("../..", "EMPTY"),
    ("a\nb.pdf", "FILE_NAME"),
    ("a\x00b.pdf", "FILE_NAME"),
    ("fdp.\u202eexe", "FILE_NAME"),
    ("x" * (files.NAME_LIMIT + 1), "FILE_NAME"),
]


def kept(asking: Asking) -> set[Path]:
    """What is in the file store, half-written files among it."""
    folder = asking.settings.data_dir / "requests" / "files"
    return {path for path in folder.rglob("*") if path.is_file()}


async def refused(
    asking: Asking,
    content: bytes | Iterable[bytes],
    kind: type[Refusal] = Invalid,
    caller: Caller = ITALY,
    name: str = "file.pdf",
    media_type: str = "",
) -> Refusal:
    """How an upload is refused, having left nothing in the file store."""
    before = kept(asking)
    with pytest.raises(kind) as found:
        await an_upload(asking, caller, content, name, media_type)
    assert kept(asking) == before
    return found.value


@pytest.mark.parametrize("kind", ACCEPTED)
async def test_what_is_uploaded_comes_back_byte_for_byte(asking: Asking, kind: str) -> None:
    content, media_type = ACCEPTED[kind]
    file = await an_upload(asking, ITALY, [content[:3], b"", content[3:]], name=f"../{kind}")
    assert file.id.startswith("fil_")
    assert (file.name, file.media_type, file.size_bytes) == (kind, media_type, len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert await downloaded(asking, ITALY, file.id) == (file, content)


@pytest.mark.parametrize("kind", ["html", "svg", "exe", "zip", "docx with a macro", "noise"])
async def test_another_kind_is_refused_and_leaves_nothing(asking: Asking, kind: str) -> None:
    found = await refused(asking, REFUSED[kind], media_type="application/pdf")
    assert (found.field, found.reason) == ("file", "FILE_TYPE")


@pytest.mark.parametrize("declared", ["image/png", "text/html", "application/x-pdf"])
async def test_what_says_it_is_something_else_is_refused(asking: Asking, declared: str) -> None:
    found = await refused(asking, PDF, media_type=declared)
    assert (found.field, found.reason) == ("file", "FILE_TYPE_MISMATCH")


@pytest.mark.parametrize(
    "declared", ["", "application/octet-stream", "Application/PDF", "application/pdf; version=1.7"]
)
async def test_what_says_what_it_is_or_nothing_is_taken(asking: Asking, declared: str) -> None:
    assert (await an_upload(asking, ITALY, PDF, media_type=declared)).media_type == "application/pdf"


async def test_an_empty_file_is_refused(asking: Asking) -> None:
    for content in ([], [b""], [b"", b""]):
        found = await refused(asking, content)
        assert (found.field, found.reason) == ("file", "EMPTY")


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES)
async def test_an_unfit_name_is_refused(asking: Asking, name: str, reason: str) -> None:
    found = await refused(asking, PDF, name=name)
    assert (found.field, found.reason) == ("name", reason)


async def test_a_file_has_at_most_25_megabytes(asking: Asking) -> None:
    first, more = PDF + b"\0" * (CHUNK_BYTES - len(PDF)), b"\0" * CHUNK_BYTES
    chunks = [first, *[more] * (25 * 16 - 1)]
    found = await refused(asking, [*chunks, b"\0"])
    assert (found.field, found.reason) == ("file", "FILE_TOO_LARGE")
    file = await an_upload(asking, ITALY, chunks)
    assert file.size_bytes == 25 * 1024 * 1024


@pytest.mark.parametrize("parts", [[], [pb.UploadFileRequest(chunk=PDF)], [pb.UploadFileRequest()]])
async def test_an_upload_begins_with_its_header(asking: Asking, parts: list[pb.UploadFileRequest]) -> None:
    before = kept(asking)

    async def stream() -> AsyncIterator[pb.UploadFileRequest]:
        for part in parts:
            yield part

    with pytest.raises(Invalid) as found:
        await asking.peer(ITALY).upload(asking.stub.UploadFile, stream())
    assert (found.value.field, found.value.reason) == ("header", "MISSING_FIELD")
    assert kept(asking) == before


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


async def test_an_upload_that_breaks_off_leaves_nothing(asking: Asking) -> None:
    before = kept(asking)
    token = Signer(KeyRing(asking.settings.keys), "gateway").for_person(ITALY)
    call = asking.stub.UploadFile(metadata=(("imi-caller", token),))
    await call.write(pb.UploadFileRequest(header=pb.UploadHeader(name="half.pdf")))
    await call.write(pb.UploadFileRequest(chunk=PDF))
    await until(lambda: kept(asking) != before)
    call.cancel()
    await until(lambda: kept(asking) == before)


async def reads(asking: Asking, caller: Caller, file: common_pb2.File) -> bool:
    """Whether *caller* gets the content of *file*; if not, it is as if there were none."""
    try:
        assert await downloaded(asking, caller, file.id) == (file, PDF)
    except NotFound as hidden:
        return (hidden.message, hidden.field) != (f"there is no file {file.id!r}", "id")
    return True


async def test_a_file_is_read_by_those_who_see_where_it_is_attached(asking: Asking) -> None:
    """Before it is attached, by who uploaded it; the responder once it has accepted; others never."""
    diploma = await an_upload(asking, ITALY)
    request = await a_request(asking, Status.DRAFT)

    async def readers() -> set[str]:
        people = {"uploader": ITALY, "colleague": COLLEAGUE, "responder": HUNGARY, "third": FRANCE}
        return {name for name, caller in people.items() if await reads(asking, caller, diploma)}

    assert await readers() == {"uploader"}
    await asking.do(ITALY, "EditRequest", id=request.id, draft=a_draft(file_ids=[diploma.id]))
    assert await readers() == {"uploader", "colleague"}
    await asking.do(ITALY, "EditRequest", id=request.id, draft=a_draft())
    assert await readers() == {"uploader"}
    asked = [pb.AskedQuestionDraft(code="PQ1", file_ids=[diploma.id])]
    await asking.do(ITALY, "EditRequest", id=request.id, draft=a_draft(questions=asked))
    await asking.do(ITALY, "SendRequest", id=request.id)
    assert await readers() == {"uploader", "colleague"}
    await asking.do(HUNGARY, "AcceptRequest", id=request.id)
    assert await readers() == {"uploader", "colleague", "responder"}
    reason = common_pb2.FreeText(text="non serve", language="it")
    await asking.do(ITALY, "WithdrawRequest", id=request.id, reason=reason)
    assert await readers() == {"uploader", "colleague", "responder"}
    with pytest.raises(NotFound) as absent:
        await downloaded(asking, ITALY, "fil_nobody")
    assert (absent.value.message, absent.value.field) == ("there is no file 'fil_nobody'", "id")


async def test_the_file_of_an_answer_is_read_by_the_requester_once_it_is_sent(asking: Asking) -> None:
    request = await a_request(asking, Status.ACCEPTED)
    extract = await an_upload(asking, HUNGARY)
    answer = pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), file_ids=[extract.id])
    await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[answer])
    with pytest.raises(NotFound):
        await downloaded(asking, ITALY, extract.id)
    last = pb.AnswerDraft(question_code="PQ3", value=codes("YES"))
    await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[last])
    assert await downloaded(asking, ITALY, extract.id) == (extract, PDF)


async def test_the_file_of_another_authority_cannot_be_attached(asking: Asking) -> None:
    """Not even by the one to which it was shown."""
    diploma = await an_upload(asking, ITALY)
    request = await a_request(asking, Status.ACCEPTED, file_ids=[diploma.id])
    answer = pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), file_ids=[diploma.id])
    with pytest.raises(Invalid) as found:
        await asking.do(HUNGARY, "SaveAnswers", id=request.id, answers=[answer])
    assert (found.value.field, found.value.reason) == ("answers[0].fileIds[0]", "UNKNOWN_FILE")
    with pytest.raises(Invalid) as found:
        await asking.do(FRANCE, "CreateRequest", draft=a_draft(file_ids=[diploma.id]))
    assert (found.value.field, found.value.reason) == ("draft.fileIds[0]", "UNKNOWN_FILE")
    assert await asking.do(COLLEAGUE, "CreateRequest", draft=a_draft(file_ids=[diploma.id]))


async def test_the_same_content_twice_is_two_files(asking: Asking) -> None:
    """Each is its uploader's own: that somebody has the same content tells nobody anything."""
    mine, theirs = await an_upload(asking, ITALY), await an_upload(asking, HUNGARY)
    assert (mine.sha256, mine.id == theirs.id) == (theirs.sha256, False)
    with pytest.raises(NotFound):
        await downloaded(asking, HUNGARY, mine.id)


async def test_access_is_checked_anew_at_each_download(asking: Asking) -> None:
    """Who had the request before no longer reads its files; whoever has it now reads them once it has accepted."""
    diploma = await an_upload(asking, ITALY)
    request = await a_request(asking, Status.ACCEPTED, file_ids=[diploma.id])
    colleague = a_handler("HU", *HUNGARY.user_roles["professional-qualifications/requests"], authority=nurses("HU"))
    assert await reads(asking, HUNGARY, diploma)
    assert not await reads(asking, colleague, diploma)
    reason = common_pb2.FreeText(text="nem hozzánk tartozik", language="hu")
    await asking.do(HUNGARY, "ForwardRequest", id=request.id, responder_id=nurses("HU"), reason=reason)
    assert not await reads(asking, HUNGARY, diploma)
    assert not await reads(asking, colleague, diploma)
    await asking.do(colleague, "AcceptRequest", id=request.id)
    assert await reads(asking, colleague, diploma)
    assert not await reads(asking, HUNGARY, diploma)


async def test_several_files_go_with_a_request_a_question_and_an_answer(asking: Asking) -> None:
    sent = [await an_upload(asking, ITALY, name=f"{n}.pdf") for n in range(6)]
    given_ = [await an_upload(asking, HUNGARY, name=f"{n}.pdf") for n in range(3)]
    asked = [pb.AskedQuestionDraft(code="PQ1", file_ids=[file.id for file in sent[3:]])]
    request = await a_request(asking, Status.ACCEPTED, file_ids=[file.id for file in sent[:3]], questions=asked)
    answer = pb.AnswerDraft(question_code="PQ1", value=codes("GENUINE"), file_ids=[file.id for file in given_])
    answered = await asking.do(HUNGARY, "AnswerRequest", id=request.id, answers=[answer])
    assert list(answered.files) == sent[:3]
    assert list(answered.questions[0].files) == sent[3:]
    assert list(answered.answers[0].files) == given_
    for file in (*sent, *given_):
        assert await reads(asking, ITALY, file)
        assert await reads(asking, HUNGARY, file)


async def test_what_was_scanned_is_told_of_the_files_that_the_caller_may_read(asking: Asking) -> None:
    mine, theirs = await an_upload(asking, ITALY), await an_upload(asking, HUNGARY)
    answer = await asking(ITALY, "BatchGetFileScans", ids=[mine.id, theirs.id, "fil_nobody", mine.id])
    assert list(answer.scans) == [pb.FileScan(id=mine.id, state=pb.SCAN_STATE_NOT_SCANNED)]
    with pytest.raises(Invalid):
        await asking(ITALY, "BatchGetFileScans", ids=[f"fil_{n}" for n in range(1_001)])
