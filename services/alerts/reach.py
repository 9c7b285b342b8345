"""Whom a delivery reaches, asked once: inboxes, receipts and the topics of countries go by the same answer."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from chassis.participants import Participants
from services.alerts.domain.alerts import Delivery
from services.alerts.recipients import Recipients

# An event comes to everybody who follows it at about the same time. What is dealt with later is asked anew.
KEPT_S = 60.0
# So many ids are remembered together, each in as many answers as it is in.
IDS_KEPT = 200_000


@dataclass(slots=True)
class _Asked:
    at: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: Mapping[str, str] | None = None


class Reach:
    """The recipients of deliveries. Raises Unavailable while what is asked is away; then the next one asks again."""

    def __init__(
        self, recipients: Recipients, participants: Participants, now: Callable[[], float] = monotonic
    ) -> None:
        self._recipients = recipients
        self._participants = participants
        self._now = now
        self._asked: OrderedDict[tuple[str, str], _Asked] = OrderedDict()
        self._ids = 0

    async def of(self, alert_id: str, due: Delivery, module: str) -> Mapping[str, str]:
        """The authorities whose inboxes *due* of an alert goes into, with their countries; none for one that does not take part."""
        self._forget()
        asked = self._asked.setdefault((alert_id, due.id), _Asked(self._now()))
        async with asked.turn:
            if asked.found is None:
                asked.found = await self._ask(due, module)
                if self._asked.get((alert_id, due.id)) is asked:
                    self._ids += len(asked.found)
        return asked.found

    async def _ask(self, due: Delivery, module: str) -> Mapping[str, str]:
        by_country = await self._recipients.coordinators(module, due.countries, besides=due.besides)
        coordinators = {id_: country for country, ids in by_country.items() for id_ in ids}
        nationals = await self._recipients.nationals(due.national)
        named = await self._participants.get_many(due.authority_ids)
        return {
            **{id_: named[id_].country if id_ in named else "" for id_ in due.authority_ids},
            **coordinators,
            **{one.id: one.country for one in nationals},
        }

    def _forget(self) -> None:
        """Drop what is old, and the oldest of what is too much."""
        since = self._now() - KEPT_S
        while self._asked and (next(iter(self._asked.values())).at < since or self._ids > IDS_KEPT):
            _, oldest = self._asked.popitem(last=False)
            self._ids -= len(oldest.found or ())
