"""How much one person, or one address, may ask in a short time.

Counted in a window that slides, in this process or, where replicas are to count together, in Redis.
"""

import time
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string
from prometheus_client import Counter

from gateway.limits.refusals import RateLimited

# Of an IPv6 address: what a client is given (RFC 6177 says no less).
CLIENT_BITS = 64

LIMITED = Counter("imi_gateway_rate_limited_total", "What was refused because there was too much of it.", ["of"])
UNCOUNTED = Counter("imi_gateway_rate_uncounted_total", "What was let in because its count was away.", ["of"])


class Rates:
    """Counts what is asked, and refuses what is too much.

    *people* and *addresses* are such as ``6000/minute``; an empty one limits nothing. *storage* is ``memory://`` or ``redis://…``.
    """

    def __init__(self, people: str = "", addresses: str = "", storage: str = "memory://") -> None:
        self._people = parse(people) if people else None
        self._addresses = parse(addresses) if addresses else None
        self._limiter = SlidingWindowCounterRateLimiter(_kept(storage))

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
            if await self._limiter.hit(limit, of, who):
                return
            stats = await self._limiter.get_window_stats(limit, of, who)
        except StorageError:
            # Better too much for a while than nothing at all: what one operation may cost is limited without it.
            UNCOUNTED.labels(of).inc()
            return
        LIMITED.labels(of).inc()
        wait = max(1, int(stats.reset_time - time.time()) + 1)
        message = f"more than {limit.amount} in {limit.multiples} {limit.GRANULARITY.name}; go on in {wait} s"
        raise RateLimited(message, retryAfter=wait, limit=limit.amount)


def _kept(storage: str) -> Storage:
    if storage == "memory://":
        return MemoryStorage()
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
