"""How many live streams one person, or one system that signs in as a person, has open at a process at the same time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from vocabulary.refusals import Conflict


class Places:
    """Counts them, and lets nobody have more than *limit*; 0: as many as they like."""

    def __init__(self, limit: int = 0) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    def take(self, user_id: str) -> None:
        """One more for *user_id*; raises Conflict (TOO_MANY_STREAMS), which names the limit."""
        if self._limit and self._taken[user_id] >= self._limit:
            raise Conflict(
                f"you have {self._limit} live streams open here already; end one of them first",
                reason="TOO_MANY_STREAMS",
            )
        self._taken[user_id] += 1

    def give_back(self, user_id: str) -> None:
        """One less. Nobody is remembered who has none."""
        self._taken[user_id] -= 1
        if not self._taken[user_id]:
            del self._taken[user_id]

    @contextmanager
    def one(self, user_id: str) -> Iterator[None]:
        """A place for as long as this lasts."""
        self.take(user_id)
        try:
            yield
        finally:
            self.give_back(user_id)
