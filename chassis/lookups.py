"""Looking names up: in threads of its own, of which each who asks has a share.

A name server that hangs keeps a thread for as long as the machine's resolver waits for it, whoever has given up meanwhile. So it is
counted until the thread is free again, and what hangs holds up no more than the others of whoever asked for it.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from weakref import WeakValueDictionary

# These are not the threads that others wait for.
LOOKUPS_AT_ONCE = 16
# So many of them for one who asks.
SHARE = 4

Resolve = Callable[[str], Awaitable[list[str]]]


@contextmanager
def looking_up() -> Iterator[Resolve]:
    """Looks names up with the machine's resolver."""
    threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, thread_name_prefix="egress-names")

    async def resolve(host: str) -> list[str]:
        look = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(threads, look)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    try:
        yield resolve
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


class Shares:
    """What each who asks has under way with *resolve*: a `SHARE` at a time, the rest waits."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        # Kept as long as somebody looks up, or waits.
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._under_way: set[asyncio.Future[list[str]]] = set()

    def of(self, asker: str) -> Resolve:
        """Looks names up for *asker*."""
        return partial(self._look, asker)

    async def _look(self, asker: str, host: str) -> list[str]:
        places = self._places.setdefault(asker, asyncio.Semaphore(SHARE))
        await places.acquire()
        look = asyncio.ensure_future(self._resolve(host))
        self._under_way.add(look)

        def ended(look: asyncio.Future[list[str]]) -> None:
            self._under_way.discard(look)
            places.release()

        look.add_done_callback(ended)
        # Whoever gives up leaves it, and its place is taken until it ends.
        return await asyncio.shield(look)
