"""How many connections that stay one address has open at a process: WebSockets and event streams together.

Whoever opens them signs in only later, or as many different people; what all of them come from is one address, or one network of IPv6.
"""

from collections import Counter
from collections.abc import Callable

from gateway.limits.rates import LIMITED, network
from gateway.limits.refusals import RateLimited

RETRY_AFTER_S = 10


class Connections:
    """Counts them, and lets no address have more than *limit*; 0: as many as it likes."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    def open(self, address: str) -> Callable[[], None]:
        """One more from *address*; call what this returns when it is over. Raises RateLimited, which names the limit."""
        who = network(address)
        if self._limit and self._open[who] >= self._limit:
            LIMITED.labels("connections").inc()
            raise RateLimited(
                f"{self._limit} connections are open from your address already; end one of them first",
                retryAfter=RETRY_AFTER_S,
                limit=self._limit,
            )
        self._open[who] += 1

        def closed() -> None:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

        return closed

    @property
    def addresses(self) -> int:
        """How many addresses are remembered: those that have any."""
        return sum(count > 0 for count in self._open.values())
