"""How many imports one person has under way at a process: each file is kept on its disk until it has been passed on."""

from collections import Counter
from collections.abc import Callable

from gateway.limits.rates import LIMITED
from gateway.limits.refusals import RateLimited

AT_ONCE = 4
RETRY_AFTER_S = 10


class Imports:
    """Counts them, and lets nobody have more than *limit*."""

    def __init__(self, limit: int = AT_ONCE) -> None:
        self._limit = limit
        self._under_way: Counter[str] = Counter()

    def begin(self, user_id: str) -> Callable[[], None]:
        """One more of *user_id*; call what this returns when it is over. Raises RateLimited, which names the limit."""
        if self._under_way[user_id] >= self._limit:
            LIMITED.labels("imports").inc()
            raise RateLimited(
                f"{self._limit} imports of yours are under way already; wait for one of them to end",
                retryAfter=RETRY_AFTER_S,
                limit=self._limit,
            )
        self._under_way[user_id] += 1

        def ended() -> None:
            self._under_way[user_id] -= 1
            if not self._under_way[user_id]:
                del self._under_way[user_id]

        return ended
