"""Reading many things in one call: whatever one operation asks of a batch read at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

BATCH_LIMIT = 500

Known = tuple[Any, Exception | None]


class Asker(Protocol):
    """Whoever would rather be told than wait."""

    def answered(self, key: Any, value: Any, error: Exception | None) -> None:
        """There is *value* under *key*, or *error* says why nobody knows."""
        ...

    def advance(self) -> None:
        """All of one call has been told."""
        ...

    def is_wanted(self) -> bool:
        """Whether it still matters."""
        ...

    def given_up(self) -> None:
        """It did not matter any more: nothing will be told."""
        ...


Waiting = asyncio.Future[Any] | Asker


class Loader:
    """Key → thing, for one operation. Each key is read once; who asks while the call is under way waits for the same answer."""

    def __init__(self, read: Callable[[list[Any]], Awaitable[Sequence[Any]]], limit: int = BATCH_LIMIT) -> None:
        self._read = read
        self._limit = limit
        self._known: dict[Any, Known] = {}
        self._waiting: dict[Any, list[Waiting]] = {}
        self._next: list[Any] = []
        # Each call with its keys, once it has been made.
        self._calls: dict[asyncio.Task[None], list[Any]] = {}

    def load(self, key: Any) -> "asyncio.Future[Any]":
        """The thing under *key*, to be awaited; whoever stops waiting stops nobody else."""
        future = asyncio.get_running_loop().create_future()
        if (known := self._known.get(key)) is not None:
            _tell(future, *known)
        else:
            self._wait(key, future)
            future.add_done_callback(self._left)
        return future

    def ask(self, key: Any, asker: Asker) -> Known | None:
        """What is known under *key*. If nothing is yet, *asker* will be told."""
        known = self._known.get(key)
        if known is None:
            self._wait(key, asker)
        return known

    def forget(self) -> None:
        """Tell only those to whom it matters, and read only what they wait for."""
        given_up: dict[int, Asker] = {}
        for waiting in self._waiting.values():
            left: list[Waiting] = []
            for one in waiting:
                if isinstance(one, asyncio.Future) or one.is_wanted():
                    left.append(one)
                else:
                    given_up[id(one)] = one
            waiting[:] = left
        for asker in given_up.values():
            asker.given_up()
        self._end_unwanted()

    def _wait(self, key: Any, one: Waiting) -> None:
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append(one)
            return
        self._waiting[key] = [one]
        if not self._next:
            asyncio.get_running_loop().call_soon(self._begin)
        self._next.append(key)

    def _begin(self) -> None:
        task = asyncio.create_task(self._call())
        self._calls[task] = []
        task.add_done_callback(self._calls.pop)

    async def _call(self) -> None:
        # Taken only now, so that whoever runs in the same turn of the loop is in the same call.
        keys, self._next = self._next[: self._limit], self._next[self._limit :]
        if self._next:
            self._begin()
        wanted = [key for key in keys if self._waiting[key]]
        for key in keys:
            if not self._waiting[key]:
                del self._waiting[key]
        if not wanted:
            return
        task = asyncio.current_task()
        assert task is not None
        self._calls[task] = wanted
        try:
            values = await self._read(wanted)
        except Exception as error:  # whatever it is, it is what those who asked are told
            self._tell(wanted, [None] * len(wanted), error)
        else:
            self._tell(wanted, values, None)

    def _tell(self, keys: list[Any], values: Sequence[Any], error: Exception | None) -> None:
        told: list[Asker] = []
        for key, value in zip(keys, values, strict=True):
            self._known[key] = (value, error)
            for one in self._waiting.pop(key, ()):
                if isinstance(one, asyncio.Future):
                    _tell(one, value, error)
                else:
                    told.append(one)
                    one.answered(key, value, error)
        for asker in told:
            asker.advance()

    def _left(self, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled():
            return
        for waiting in self._waiting.values():
            waiting[:] = [one for one in waiting if one is not future]
        self._end_unwanted()

    def _end_unwanted(self) -> None:
        for task, keys in list(self._calls.items()):
            if keys and not any(self._waiting.get(key) for key in keys):
                for key in keys:
                    self._waiting.pop(key, None)
                task.cancel()


def _tell(future: "asyncio.Future[Any]", value: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(value)
        return
    future.set_exception(error)
    # Who asked for several and was refused the first looks at no other.
    future.exception()
