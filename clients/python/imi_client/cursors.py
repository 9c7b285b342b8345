"""Where a reader remembers how far it has come."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Protocol


class CursorStore(Protocol):
    """Keeps one cursor of one reader, through whatever happens to the reader's process.

    `save` is called after the program has dealt with everything up to the cursor, and returns when the cursor is kept. A store in the
    database that the program writes its results to may save both in one transaction.
    """

    async def load(self) -> str:
        """The cursor that was saved last; empty if there is none."""
        ...

    async def save(self, cursor: str) -> None:
        """Keep *cursor* in the place of the one before."""
        ...


class FileCursor:
    """A cursor in a file of its own, which is whole at any moment. One reader a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def load(self) -> str:
        return await asyncio.to_thread(self._load)

    async def save(self, cursor: str) -> None:
        await asyncio.to_thread(self._save, cursor)

    def _load(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def _save(self, cursor: str) -> None:
        descriptor, name = tempfile.mkstemp(dir=self._path.resolve().parent, prefix=f".{self._path.name}-")
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{cursor}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            os.unlink(name)
            raise
