"""Files in and out: streamed, limited, recognised by what they contain, and read by those who may see where they are attached."""

import asyncio
import hashlib
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import PurePath
from typing import IO

import puremagic

from chassis import archives
from vocabulary.refusals import Invalid

SIZE_LIMIT_BYTES = 25 * 1024 * 1024
NAME_LIMIT = 200
HEAD_BYTES = 4096
CHUNK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1024 * 1024

PDF, PNG, JPEG, TIFF, TEXT = "application/pdf", "image/png", "image/jpeg", "image/tiff", "text/plain"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
ALLOWED = (PDF, PNG, JPEG, TIFF, TEXT, DOCX, ODT)
# What clients send when they do not know.
UNDECLARED = ("", "application/octet-stream")

_SIGNED = (PDF, PNG, JPEG, TIFF)
_PACKED = {DOCX: "word/document.xml", ODT: "content.xml"}
_ZIP = b"PK\x03\x04"
# What reading a damaged archive raises.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
# HTML, SVG and XML, RTF, PostScript, scripts: readable characters, but not what a reader would be shown.
_OTHER_THAN_PLAIN = re.compile(r"\ufeff?\s*(<[a-z!?/]|\{\\rtf|%!|#!)", re.IGNORECASE)


def name(given: str) -> str:
    """A file's name without folders; raises Invalid if nothing is left or it is too long."""
    found = PurePath(given.replace("\\", "/")).name.strip()
    if not found or found in (".", ".."):
        raise Invalid("the file needs a name", field="name", reason="EMPTY")
    if len(found) > NAME_LIMIT or not found.isprintable():
        raise Invalid(f"a file name has at most {NAME_LIMIT} printable characters", field="name", reason="FILE_NAME")
    return found


# Lets a content in whose hash is known, or raises a refusal.
Admit = Callable[[str, AsyncIterator[bytes]], Awaitable[None]]


class Inspection:
    """Lets a content pass through while looking at it: `media_type` is known at the end."""

    def __init__(self, declared: str, admit: Admit) -> None:
        self._declared = declared.partition(";")[0].strip().lower()
        self._admit = admit
        self.media_type = ""

    async def through(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """*chunks* as they come; raises Invalid at the first byte too many, or at the end for a content that is not allowed or not
        admitted.
        """
        size = 0
        digest = hashlib.sha256()
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as copy:
            async for chunk in chunks:
                size += len(chunk)
                if size > SIZE_LIMIT_BYTES:
                    limit = SIZE_LIMIT_BYTES // 1024 // 1024
                    raise Invalid(f"a file has at most {limit} MB", field="file", reason="FILE_TOO_LARGE")
                digest.update(chunk)
                copy.write(chunk)
                yield chunk
            if size == 0:
                raise Invalid("the file is empty", field="file", reason="EMPTY")
            self.media_type = await asyncio.to_thread(recognised, copy)
            self._require_allowed()
            await self._admit(digest.hexdigest(), _again(copy))

    def _require_allowed(self) -> None:
        if not self.media_type:
            raise Invalid(
                "this kind of file is not accepted; send PDF, PNG, JPEG, TIFF, plain text, DOCX or ODT",
                field="file",
                reason="FILE_TYPE",
            )
        if self._declared not in (*UNDECLARED, self.media_type):
            raise Invalid(
                f"the file says it is {self._declared}, but it contains {self.media_type}",
                field="file",
                reason="FILE_TYPE_MISMATCH",
            )


async def _again(copy: IO[bytes]) -> AsyncIterator[bytes]:
    copy.seek(0)
    while chunk := copy.read(CHUNK_BYTES):
        yield chunk


def recognised(content: IO[bytes]) -> str:
    """The allowed media type that *content* is; empty if it is none of them. What it calls itself does not matter."""
    content.seek(0)
    head = content.read(HEAD_BYTES)
    if head.startswith(_ZIP):
        return _packed(content)
    try:
        found = {match.mime_type for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        found = set()
    for media_type in _SIGNED:
        if media_type in found:
            return media_type
    content.seek(0)
    return TEXT if _is_text(content) else ""


def _packed(content: IO[bytes]) -> str:
    """Office documents are archives: what they are is what they hold. Those with macros are not allowed."""
    try:
        with archives.opened(content) as archive:
            names = set(archive.namelist())
            if any(map(_is_macro, names)):
                return ""
            if "[Content_Types].xml" in names and _PACKED[DOCX] in names:
                return DOCX
            if "mimetype" in names and _PACKED[ODT] in names:
                with archive.open("mimetype") as declared:  # never more of it: what is packed small may unpack large
                    return ODT if declared.read(len(ODT) + 1) == ODT.encode() else ""
    except _DAMAGED:
        return ""
    return ""


def _is_macro(name: str) -> bool:
    """Whether a part of an office document is a program: Visual Basic in DOCX, StarBasic and others in ODT."""
    return PurePath(name).name.lower() == "vbaproject.bin" or name.startswith(("Basic/", "Scripts/"))


def _is_text(content: IO[bytes]) -> bool:
    try:
        text = content.read().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not _CONTROL_CHARACTER.search(text) and not _OTHER_THAN_PLAIN.match(text)
