"""One SQLite file: a writer thread, reader threads, and errors said in our words.

WAL with ``synchronous=FULL``: a committed transaction survives a power cut, readers never wait for the writer, and several
processes may share the file.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self, TypeVar

from vocabulary.refusals import Unavailable

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

BUSY_TIMEOUT_S = 10.0
READERS = 4


class Database:
    """Runs functions inside transactions, off the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncIterator[Self]:
        """The database at *path*, made with its folder if it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        database = cls(path)
        try:
            yield database
        finally:
            await asyncio.to_thread(database._close)

    async def write(self, work: Work[Result]) -> Result:
        """Run *work* in one write transaction: all of it is durable when this returns, or none of it happened.

        Raises what *work* raises, and Unavailable if the file cannot be written (full disk, lock held too long).
        """
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._run, work, "BEGIN IMMEDIATE")

    async def read(self, work: Work[Result]) -> Result:
        """Run *work* on one snapshot. It must not write."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, work, "BEGIN")

    def _run(self, work: Work[Result], begin: str) -> Result:
        with _in_our_words():
            connection = self._connection()
            connection.execute(begin)
            try:
                result = work(connection)
                # What happens to a cursor elsewhere, and be it that it is thrown away, happens to the statement that runs here next.
                assert not isinstance(result, sqlite3.Cursor), "a cursor stays in its thread"
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            # What was erased is overwritten, and does not stay in pages that are free.
            connection.execute("PRAGMA secure_delete=ON")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        for connection in self._connections:
            connection.close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Constraint violations are the engines' own to understand.
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise Unavailable("the store cannot be used now; try again later", reason="STORE_UNAVAILABLE") from error
