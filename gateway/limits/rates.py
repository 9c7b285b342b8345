"""How much one person, or one address, may ask in a short time.

Counted in a window that slides, in this process or, where replicas are to count together, in Redis.
"""

import asyncio
import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, WindowStats, parse
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from prometheus_client import Counter

from gateway.limits.refusals import RateLimited

MEMORY = "memory://"
# Of an IPv6 address: what a client is given (RFC 6177 says no less).
CLIENT_BITS = 64
# What is asked waits no longer for its count.
COUNTED_WITHIN_S = 1.0

LIMITED = Counter("imi_gateway_rate_limited_total", "What was refused because there was too much of it.", ["of"])
UNCOUNTED = Counter("imi_gateway_rate_uncounted_total", "What was let in because its count was away.", ["of"])


class Rates:
    """Counts what is asked, and refuses what is too much.

    *people* and *addresses* are such as ``6000/minute``; an empty one limits nothing. *storage* is ``memory://`` or ``redis://…``.
    """

    def __init__(self, people: str = "", addresses: str = "", storage: str = MEMORY) -> None:
        self._people = parse(people) if people else None
        self._addresses = parse(addresses) if addresses else None
        self._within_s = None if storage == MEMORY else COUNTED_WITHIN_S
        self._limiter = Windows() if storage == MEMORY else SlidingWindowCounterRateLimiter(_shared(storage))

    async def person(self, user_id: str) -> None:
        """Count something that a person asks. Raises RateLimited if it is too much."""
        await self._count("person", self._people, user_id)

    async def address(self, address: str) -> None:
        """Count something that nobody in particular asks, from *address*. Raises RateLimited if it is too much."""
        await self._count("address", self._addresses, network(address))

    async def _count(self, of: str, limit: RateLimitItem | None, who: str) -> None:
        if limit is None:
            return
        try:
            async with asyncio.timeout(self._within_s):
                if await self._limiter.hit(limit, of, who):
                    return
                stats = await self._limiter.get_window_stats(limit, of, who)
        except (StorageError, TimeoutError):
            # Better too much for a while than nothing at all: what one operation may cost is limited without it.
            UNCOUNTED.labels(of).inc()
            return
        LIMITED.labels(of).inc()
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        message = f"more than {limit.amount} in {limit.multiples} {limit.GRANULARITY.name}; go on in {wait} s"
        raise RateLimited(message, retryAfter=wait, limit=limit.amount)


class Windows:
    """Counts in this process: in windows one after the other, of which the last counts for the part that the sliding one covers.

    As `limits` counts in Redis, without what it costs to wait for nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # Who → when both windows are over, the later one, its count, and the count of the one before.
        self._counts: dict[tuple[str, str], tuple[float, int, int, int]] = {}
        self._swept = 0.0

    async def hit(self, limit: RateLimitItem, of: str, who: str) -> bool:
        """Count one more; False if that is too much, and then it is not counted."""
        now, length = self._clock(), limit.get_expiry()
        window, into = divmod(now, length)
        self._sweep(now, length)
        current, before = self._count(of, who, int(window))
        if before * (1 - into / length) + current + 1 > limit.amount:
            return False
        self._counts[of, who] = ((window + 2) * length, int(window), current + 1, before)
        return True

    async def get_window_stats(self, limit: RateLimitItem, of: str, who: str) -> WindowStats:
        """When there is room for more, if not before the window ends, and for how much there is now."""
        now, length = self._clock(), limit.get_expiry()
        window, into = divmod(now, length)
        current, before = self._count(of, who, int(window))
        left = length - into
        # So much of the last window may still count when there is room for one more.
        room = limit.amount - 1 - current
        wait = left - room * length / before if before and room >= 0 else left
        return WindowStats(now + max(0.0, wait), max(0, limit.amount - int(before * left / length + current)))

    def _count(self, of: str, who: str, window: int) -> tuple[int, int]:
        _, at, count, before = self._counts.get((of, who), (0.0, window, 0, 0))
        if at == window:
            return count, before
        return 0, count if at == window - 1 else 0

    def _sweep(self, now: float, length: float) -> None:
        """Forget, once a window, whom nothing is known of any more."""
        if self._swept + length > now:
            return
        self._swept = now
        gone = [key for key, (until, _, _, _) in self._counts.items() if until <= now]
        for key in gone:
            del self._counts[key]


def _shared(storage: str) -> Storage:
    found = storage_from_string(f"async+{storage}", implementation="redispy", wrap_exceptions=True)
    assert isinstance(found, Storage)
    return found


def network(address: str) -> str:
    """What *address* is counted as: of IPv6, where each client has as many as it likes, the network that one client has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ip_network((int(found), CLIENT_BITS), strict=False))
