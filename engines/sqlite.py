"""One SQLite file: a writer thread, reader threads, and errors said in our words.

WAL with ``synchronous=FULL``: a committed transaction survives a power cut, readers never wait for the writer, and several
processes may share the file.

What takes long in a write is the disk, which is asked once for all that have come while it was busy: they are one transaction, in
which each is undone by itself if it fails.
"""

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from engines import make_folder
from vocabulary.refusals import Unavailable

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

BUSY_TIMEOUT_S = 10.0
READERS = 4
# Others that share the file wait for as long as so many take.
TOGETHER = 64
# As much as SQLite writes before what is in its log goes to the file itself. A log that has grown does not stay so large: what was
# erased would stand in the rest of it.
LOG_BYTES = 4 * 1024 * 1024

# What is to be written, and who waits for what comes of it.
_Waiting = tuple[Work[Any], "Future[Any]"]


class Database:
    """Runs functions inside transactions, off the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._waiting: deque[_Waiting] = deque()
        # Whether the writer has been told of those that wait.
        self._told = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"write-{path.stem}")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix=f"read-{path.stem}")

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path) -> AsyncIterator[Self]:
        """The database at *path*, made with its folder if it is not there."""
        make_folder(path.parent)
        database = cls(path)
        try:
            yield database
        finally:
            await asyncio.to_thread(database._close)

    async def write(self, work: Work[Result]) -> Result:
        """Run *work* in one write transaction: all of it is durable when this returns, or none of it happened.

        Raises what *work* raises, and Unavailable if the file cannot be written (full disk, lock held too long).
        """
        written: Future[Result] = Future()
        self._waiting.append((work, written))
        if not self._told:
            self._told = True
            try:
                self._writer.submit(self._write_waiting)
            except RuntimeError:
                self._told = False  # it is closed: nobody is to wait for what is not done any more
                raise
        return await asyncio.wrap_future(written)

    async def read(self, work: Work[Result]) -> Result:
        """Run *work* on one snapshot. It must not write."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, work, "BEGIN")

    def _write_waiting(self) -> None:
        # Who comes from now on tells again.
        self._told = False
        while self._waiting:
            batch: list[_Waiting] = []
            while self._waiting and len(batch) < TOGETHER:
                work, written = self._waiting.popleft()
                if written.set_running_or_notify_cancel():
                    batch.append((work, written))
            if batch:
                self._write(batch)

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._run(lambda connection: _each(connection, [work for work, _ in batch]), "BEGIN IMMEDIATE")
        except BaseException as error:  # told to each who waits
            outcomes = [error] * len(batch)
        for (_, written), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, _Done):
                written.set_result(outcome.result)
            else:
                written.set_exception(outcome)

    def _run(self, work: Work[Result], begin: str) -> Result:
        with _in_our_words():
            connection = self._connection()
            connection.execute(begin)
            try:
                result = _done(work, connection)
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
            connection.execute(f"PRAGMA journal_size_limit={LOG_BYTES}")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        for connection in self._connections:
            connection.close()


class _Done:
    """What a write came to, if it came to something."""

    def __init__(self, result: Any) -> None:
        self.result = result


def _each(connection: sqlite3.Connection, works: Sequence[Work[Any]]) -> list[_Done | BaseException]:
    """What each of *works* came to in the transaction of all of them; nothing is left of one that failed."""
    if len(works) == 1:
        return [_Done(_done(works[0], connection))]
    outcomes: list[_Done | BaseException] = []
    for work in works:
        connection.execute("SAVEPOINT work")
        try:
            with _in_our_words():
                outcomes.append(_Done(_done(work, connection)))
        except BaseException as error:  # told to who waits for it
            if not connection.in_transaction:
                raise  # there is no room left, say: nothing of what was written is there
            connection.execute("ROLLBACK TO work")
            outcomes.append(error)
        connection.execute("RELEASE work")
    return outcomes


def _done(work: Work[Result], connection: sqlite3.Connection) -> Result:
    result = work(connection)
    # What happens to a cursor elsewhere, and be it that it is thrown away, happens to the statement that runs here next.
    assert not isinstance(result, sqlite3.Cursor), "a cursor stays in its thread"
    return result


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Constraint violations are the engines' own to understand.
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
            raise
        raise Unavailable("the store cannot be used now; try again later", reason="STORE_UNAVAILABLE") from error
