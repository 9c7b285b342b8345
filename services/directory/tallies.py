"""What statistics count, in memory: read from the store once, when somebody first asks, and kept in step by events.

Counting in the store would read every authority for each question. A process that nobody asks reads nothing; one that was asked
holds a few hundred bytes for each authority and person. Numbers follow what is stored within moments.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.outbox import topic
from engines.events import Event, Events
from protos.directory.v1.events_pb2 import AuthorityChanged, UserChanged
from services.directory.domain.authorities import Authority
from services.directory.domain.statistics import Counted, Scope, Statistics, count, counted
from services.directory.domain.users import RoleInModule, User
from services.directory.reference import Reference
from vocabulary.refusals import Unavailable

READ_BATCH = 100
PATIENCE_S = 5.0

log = structlog.get_logger(__name__)


class Tallies:
    """What is counted of each authority, and of the people at each."""

    def __init__(self, reference: Reference, authorities: Aggregates[Authority], users: Aggregates[User]) -> None:
        self._authorities: dict[str, Counted] = {}
        # Never changed, but replaced: what somebody has taken to count stays as it was.
        self._people: dict[str, Mapping[str, Sequence[RoleInModule]]] = {}
        self._reference = reference
        self._stored_authorities = authorities
        self._stored_users = users
        # What was read last, so that what is read late brings nothing old back.
        self._revisions: dict[str, int] = {}
        self._wanted = asyncio.Event()
        self._complete = asyncio.Event()

    async def count(self, scope: Scope, now: datetime) -> Statistics:
        """The numbers within *scope*; raises Unavailable while reading everything, after a start, takes long."""
        self._wanted.set()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._complete.wait()
        except TimeoutError as late:
            raise Unavailable("the directory is being counted; ask again in a few seconds", reason="COUNTING") from late
        # Twenty thousand authorities take a tenth of a second, in which others want to be answered.
        return await asyncio.to_thread(count, dict(self._authorities), dict(self._people), scope, now)

    async def follow(self, events: Events) -> None:
        """Read everything when somebody first asks, and what each event says has changed, for ever."""
        await self._wanted.wait()
        async with events.tail([topic("directory")]) as changes:
            await self._read()
            self._complete.set()
            async for received in changes:
                await self._changed(received.event)

    async def _read(self) -> None:
        async for authorities in self._stored_authorities.pages(size=READ_BATCH):
            for authority in authorities:
                self._take_authority(authority)
        async for users in self._stored_users.pages(size=READ_BATCH):
            for user in users:
                self._take_user(user)
        log.info("directory_counted", authorities=len(self._authorities))

    async def _changed(self, event: Event) -> None:
        """Take what is stored now: order and repetition of events do not matter."""
        if event.type == AuthorityChanged.DESCRIPTOR.full_name:
            authority = await self._stored_authorities.get(event.subject)
            if authority is not None:
                self._take_authority(authority)
        elif event.type == UserChanged.DESCRIPTOR.full_name:
            user = await self._stored_users.get(event.subject)
            if user is not None:
                self._take_user(user)

    def _take_authority(self, kept: Kept[Authority]) -> None:
        if self._is_newer(kept):
            territories = self._reference.territories(kept.state.country, kept.state.region)
            self._authorities[kept.id] = counted(kept.state, territories)

    def _take_user(self, kept: Kept[User]) -> None:
        if self._is_newer(kept):
            others = self._people.get(kept.state.authority_id, {})
            colleagues = {id_: roles for id_, roles in others.items() if id_ != kept.id}
            if kept.state.active:
                colleagues[kept.id] = kept.state.roles
            self._people[kept.state.authority_id] = colleagues

    def _is_newer(self, kept: Kept[Authority] | Kept[User]) -> bool:
        if self._revisions.get(kept.id, 0) >= kept.revision:
            return False
        self._revisions[kept.id] = kept.revision
        return True
