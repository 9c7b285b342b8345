"""The directory's training data, loaded once for all directories that begin with them."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from tests.chassis.waiting import until
from tests.once import made_once

SETTLES_S = 120.0


async def a_directory(base: Path, target: Path) -> Path:
    """What a directory has some time after its first start, in *target*. It is made at the first call, in *base*: pytest's folder."""
    return Path(shutil.copytree(await made_once(base / "directory", _made), target, dirs_exist_ok=True))


async def _made(folder: Path) -> None:
    async with directory(DirectorySettings(data_dir=folder, training_data=True, listen_address="127.0.0.1:0")):
        await settled(folder, ["directory-authorities"])


async def settled(folder: Path, groups: Iterable[str]) -> None:
    """Return when *groups*, by what their names begin with, and all others that have begun, have read all that is published."""

    async def has_been_read() -> bool:
        with closing(sqlite3.connect(f"file:{folder}/events.db?mode=ro", uri=True)) as log:
            last = dict(log.execute("SELECT topic, max(position) FROM events GROUP BY topic"))
            read = {name: position >= last[topic] for name, topic, position in log.execute("SELECT * FROM groups")}
        return all(read.values()) and all(any(name.startswith(one) for name in read) for one in groups)

    await until(has_been_read, SETTLES_S)
