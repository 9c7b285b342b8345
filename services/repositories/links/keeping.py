"""What is known of the addresses in each entry: beside it, so that looking at them never stands in the way of whoever edits it.

Each entry has a timer. It is set by what is published, and again each time that it has fired; a check that fails is one that the timer
repeats. An entry that readers do not see any more is not looked at, and nothing of its addresses is kept.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from chassis.aggregates import Aggregates, Kept
from chassis.outbox import topic
from chassis.reactions import Reactions
from chassis.timers import Timer, Timers
from chassis.wire import EnumOnWire, timestamp
from engines.documents import AlreadyExists, Document, Documents, RevisionChanged
from engines.events import Event, Events
from protos.repositories.v1 import events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.entries import Entry
from services.repositories.links.checks import Check, State, again_at, checked
from services.repositories.links.looking import Looking
from services.repositories.storage import LINK_TIMERS, LINKS

KIND = "links"
STATE = EnumOnWire(State, pb.LinkState)
_CHANGED = events_pb2.EntryChanged.DESCRIPTOR.full_name


class LinkChecks:
    """Checks and shows the addresses of entries; without *looking*, it only shows."""

    def __init__(
        self,
        entries: Aggregates[Entry],
        documents: Documents,
        looking: Looking | None,
        now: Callable[[], datetime],
    ) -> None:
        self._entries = entries
        self._documents = documents
        self._looking = looking
        self._now = now
        self._timers = Timers(documents, LINK_TIMERS, now)

    def follow(self, events: Events, service: str) -> Reactions:
        """Look at what is published as it is; doing it again has no effect."""

        async def changed(seen: Sequence[Event]) -> None:
            told = [events_pb2.EntryChanged.FromString(event.data) for event in seen]
            about = dict.fromkeys(one.entry_id for one in told if one.version_before != one.version_now)
            for kept in await self._entries.get_many(list(about)):
                if kept.state.published:
                    due = kept.state.published.at
                    await self._timers.set(Timer(subject=kept.id, kind=KIND, due=due), version=kept.revision)
                else:
                    await self._timers.cancel(kept.id, KIND, version=kept.revision)
                    await self._keep(kept.id, {})

        return Reactions(events, f"{service}-links", [topic(service)], {_CHANGED: changed})

    async def run(self) -> None:
        """Look at what is due, for ever."""
        await self._timers.run(self.fire)

    async def fire(self, timer: Timer) -> None:
        """Look at the addresses of one entry, and set its timer again."""
        kept = await self._entries.get(timer.subject)
        if kept is None or not kept.state.published or self._looking is None:
            return
        links = _links(kept.state)
        if not links:
            await self._keep(kept.id, {})
            return
        looking = self._looking
        found = await asyncio.gather(*(looking.look(link, asker=kept.state.owner_id) for link in links.values()))
        before, now = await self._known([kept.id]), self._now()
        after = {
            code: checked(before.get(kept.id, {}).get(code), link, state, status, now)
            for (code, link), (state, status) in zip(links.items(), found, strict=True)
        }
        await self._keep(kept.id, after)
        there = await self._entries.get(kept.id)
        if there is None or not there.state.published:
            # It was withdrawn meanwhile, and what was known of it has been forgotten already.
            await self._keep(kept.id, {})
            return
        # The sooner, the worse they are.
        spread = random.random()  # noqa: S311  # nobody gains by guessing it
        due = min(again_at(check.state, now, spread=spread) for check in after.values())
        await self._timers.set(Timer(subject=kept.id, kind=KIND, due=due), version=kept.revision)

    async def of(self, shown: Sequence[Kept[Entry]]) -> dict[str, list[pb.LinkCheck]]:
        """What is known of the addresses in what is published of *shown*, cut down to what their reader sees, by entry."""
        links = {kept.id: _links(kept.state) for kept in shown if kept.state.published}
        known = await self._known([id_ for id_, codes in links.items() if codes])
        return {
            id_: [_on_wire(code, link, known.get(id_, {}).get(code)) for code, link in there.items()]
            for id_, there in links.items()
        }

    async def _known(self, ids: Sequence[str]) -> dict[str, Mapping[str, Check]]:
        found = await self._documents.get_many(LINKS, ids)
        return {document.id: _checks(document) for document in found}

    async def _keep(self, id_: str, checks: Mapping[str, Check]) -> None:
        """Store *checks*, or nothing if there are none; whoever was first has looked at the same moment, and knows as much."""
        before = await self._documents.get(LINKS, id_)
        if not checks:
            await self._documents.remove(LINKS, [before] if before else [])
            return
        body: dict[str, Any] = {"checks": msgspec.to_builtins(dict(checks))}
        try:
            if before is not None:
                await self._documents.compare_and_set(LINKS, Document(id_, body, before.revision))
            else:
                await self._documents.insert(LINKS, Document(id_, body))
        except (AlreadyExists, RevisionChanged):
            return


def _links(entry: Entry) -> dict[str, str]:
    """The addresses in what is published of *entry*, by field."""
    assert entry.published
    return {code: value.link for code, value in entry.published.values.items() if value.link is not None}


def _checks(document: Document) -> dict[str, Check]:
    return msgspec.convert(document.body["checks"], dict[str, Check])


def _on_wire(code: str, link: str, check: Check | None) -> pb.LinkCheck:
    """*check*, if it is of this address; one that was changed since has not been looked at yet."""
    if check is None or check.link != link:
        check = Check(link=link)
    return pb.LinkCheck(
        field_code=code,
        link=link,
        state=STATE.to_wire(check.state),
        checked_at=timestamp(check.checked_at),
        http_status=check.http_status,
        since=timestamp(check.since),
    )
