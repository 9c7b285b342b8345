"""What every file store promises, held against each engine."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from engines.files import Files, open_files
from vocabulary.refusals import NotFound

KIND = "files"


@pytest.fixture
async def files(url: str) -> AsyncIterator[Files]:
    async with open_files(url) as opened:
        yield opened


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def content(files: Files, sha256: str) -> bytes:
    return b"".join([chunk async for chunk in files.read(sha256)])


async def test_a_file_is_read_back_under_its_hash(files: Files) -> None:
    parts = [bytes([n]) * 50_000 for n in range(5)]
    stored = await files.put(chunks(*parts))
    assert stored.size_bytes == 250_000
    assert stored.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()
    assert await content(files, stored.sha256) == b"".join(parts)


async def test_it_is_read_in_small_chunks(files: Files) -> None:
    stored = await files.put(chunks(b"x" * 200_000))
    assert max([len(chunk) async for chunk in files.read(stored.sha256)]) <= 64 * 1024


async def test_the_same_content_is_kept_once(files: Files, tmp_path: Path) -> None:
    results = await asyncio.gather(*(files.put(chunks(b"same")) for _ in range(5)))
    assert len({stored.sha256 for stored in results}) == 1
    assert await content(files, results[0].sha256) == b"same"


async def test_a_broken_upload_leaves_nothing(files: Files, tmp_path: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await files.put(breaking())
    with pytest.raises(NotFound):
        await content(files, hashlib.sha256(b"half").hexdigest())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


async def test_an_unknown_content_is_not_found(files: Files) -> None:
    with pytest.raises(NotFound):
        await content(files, "0" * 64)


async def test_a_removed_content_is_not_found_and_can_be_stored_again(files: Files) -> None:
    kept = await files.put(chunks(b"kept"))
    stored = await files.put(chunks(b"removed"))
    await files.remove(stored.sha256)
    with pytest.raises(NotFound):
        await content(files, stored.sha256)
    assert await content(files, kept.sha256) == b"kept"
    await files.remove(stored.sha256)
    assert await files.put(chunks(b"removed")) == stored
    assert await content(files, stored.sha256) == b"removed"


async def test_an_upload_that_is_cancelled_at_any_moment_leaves_nothing(files: Files, tmp_path: Path) -> None:
    async def slow() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"part"

    for turns in range(30):
        task = asyncio.create_task(files.put(slow()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await asyncio.sleep(0.1)
    stored = hashlib.sha256(b"part" * 50).hexdigest()
    left = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert [path for path in left if path.parent.name + path.name != stored] == []
