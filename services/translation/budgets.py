"""What each engine has been sent this month, counted in the store: all replicas spend from one budget."""

from collections.abc import Callable
from datetime import datetime

import structlog

from engines.documents import AlreadyExists, Collection, Document, Documents, Index, Json, RevisionChanged
from services.translation.domain import budget
from services.translation.providers.port import Spent
from vocabulary.refusals import Unavailable

MONTH = "month"
BUDGETS = Collection("translation_budgets", (Index((MONTH,)),), tells=False)
RACES_LOST_LIMIT = 32

log = structlog.get_logger(__name__)


class Budgets:
    """The budgets of all engines."""

    def __init__(self, documents: Documents, now: Callable[[], datetime]) -> None:
        self._documents = documents
        self._now = now

    async def spend(self, engine: str, characters: int, limit: int) -> None:
        """Count *characters* for *engine*; raises Spent, and counts nothing, where that is more than *limit* allows."""
        now = self._now()
        id_ = f"{engine}:{budget.month(now)}"
        for _ in range(RACES_LOST_LIMIT):
            there = await self._documents.get(BUDGETS, id_)
            spent = _characters(there)
            if not budget.fits(spent, characters, limit):
                raise Spent("this month's characters are used up", until=budget.month_end(now))
            try:
                body: dict[str, Json] = {"characters": spent + characters, MONTH: budget.month(now)}
                if there is None:
                    await self._documents.insert(BUDGETS, Document(id_, body))
                else:
                    await self._documents.compare_and_set(BUDGETS, Document(id_, body, there.revision))
            except (AlreadyExists, RevisionChanged):
                continue
            if budget.is_warning(spent, characters, limit):
                log.warning("budget_nearly_spent", engine=engine, characters=spent + characters, limit=limit)
            return
        raise Unavailable("the budget is being counted by too many at once", reason="BUSY")

    async def spent(self, engine: str) -> int:
        """The characters that *engine* has been sent this month."""
        return _characters(await self._documents.get(BUDGETS, f"{engine}:{budget.month(self._now())}"))


def _characters(document: Document | None) -> int:
    characters = document.body["characters"] if document else 0
    assert isinstance(characters, int)
    return characters
