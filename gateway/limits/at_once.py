"""How much of something each has under way at a process at the same time."""

from collections import Counter
from collections.abc import Callable

from gateway.limits.rates import LIMITED
from gateway.limits.refusals import RateLimited

RETRY_AFTER_S = 10


class AtOnce:
    """Counts it, and lets nobody have more than *limit*; 0: as much as they like. *name* is that of the metric's label.

    *refusal* says that there is no more, behind the limit.
    """

    def __init__(self, limit: int, name: str, refusal: str) -> None:
        self._limit = limit
        self._name = name
        self._refusal = refusal
        self._under_way: Counter[str] = Counter()

    def begin(self, who: str) -> Callable[[], None]:
        """One more of *who*; call what this returns when it is over. Raises RateLimited, which names the limit."""
        if self._limit and self._under_way[who] >= self._limit:
            LIMITED.labels(self._name).inc()
            raise RateLimited(f"{self._limit} {self._refusal}", retryAfter=RETRY_AFTER_S, limit=self._limit)
        self._under_way[who] += 1

        def ended() -> None:
            self._under_way[who] -= 1
            if not self._under_way[who]:
                del self._under_way[who]

        return ended

    @property
    def counted(self) -> int:
        """How many are remembered: those that have any."""
        return sum(count > 0 for count in self._under_way.values())
