"""A clock that waits for nothing: time passes only while all wait for a service, so that what happens does so on any machine."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any


class Clock(asyncio.SelectorEventLoop):
    """An event loop on which waiting takes no time."""

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__(_Selector(self._pass))

    def time(self) -> float:
        return self._passed

    def run_in_executor(  # type: ignore[override]
        self,
        executor: Any,
        func: Callable[..., Any],
        *args: Any,
    ) -> "asyncio.Future[Any]":
        """What a thread would do is done at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _pass(self, seconds: float) -> None:
        self._passed += seconds


class _Selector(selectors.DefaultSelector):
    def __init__(self, pass_: Callable[[float], None]) -> None:
        super().__init__()
        self._pass = pass_

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits, and for nothing")
        if timeout > 0:
            self._pass(timeout)
        return super().select(0)


def on_clock(work: Callable[[], Awaitable[Any]]) -> Any:
    """What *work* gives, on a clock of its own, when all that it has begun has ended."""
    with asyncio.Runner(loop_factory=Clock) as runner:

        async def working() -> Any:
            result = await work()
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                await asyncio.wait(others)
            return result

        return runner.run(working())
