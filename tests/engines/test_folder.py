"""What the file store in a folder does about processes that are killed, disks that are full, and power that fails."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engines.files import open_files
from engines.files.folder import BROKEN_OFF_AFTER_S
from tests.cells import cell
from tests.engines.room import room_for
from vocabulary.refusals import Unavailable


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_what_a_killed_process_had_on_its_way_in_does_not_stay(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    async with open_files(f"folder:///{tmp_path}") as files:
        broken_off, on_its_way = incoming / "tmpold", incoming / "tmpnew"
        for path in (broken_off, on_its_way):
            path.write_bytes(b"half of somebody's passport")
        then = broken_off.stat().st_mtime - BROKEN_OFF_AFTER_S - 1
        os.utime(broken_off, (then, then))
        await files.put(chunks(b"another"))
        assert list(incoming.iterdir()) == [on_its_way]


async def test_a_new_folder_is_on_disk_before_what_is_in_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    async with open_files(f"folder:///{tmp_path}") as files:
        stored = await files.put(chunks(b"content"))
    assert synced[-2:] == [tmp_path / stored.sha256[:2], tmp_path]


async def test_where_there_is_no_room_all_of_a_file_is_refused_at_whichever_byte_that_is_noticed(
    tmp_path: Path,
) -> None:
    limit = 100_000
    async with open_files(f"folder:///{tmp_path}") as files:
        for size in (99, 999, 8_192, 65_536):
            with cell(size), pytest.raises(Unavailable), room_for(limit):
                await files.put(chunks(*[b"x" * size] * (limit // size), b"x" * (limit % size + 1)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
