"""Who was invited and who has applied is forgotten some weeks after it was decided, or the invitation has expired: by then the first
user is one like any other, or a stranger again.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from google.protobuf.empty_pb2 import Empty

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.lists import sortable
from chassis.reactions import once_available
from chassis.removing import LOOK_EVERY_S
from engines.documents import Range
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory.applicants import Applicants
from services.directory.domain.applying import forgotten
from services.directory.domain.authorities import Authority
from services.directory.rpc.recording import changed
from services.directory.storage import OVER_SINCE
from vocabulary.refusals import Stale

READ_BATCH = 100

log = structlog.get_logger(__name__)


class Forgetting:
    """Forgets the persons behind registrations and invitations that have been over for as long as *kept*."""

    def __init__(
        self, authorities: Aggregates[Authority], applicants: Applicants, kept: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._authorities = authorities
        self._applicants = applicants
        self._kept = kept
        self._now = now

    async def run(self) -> None:
        """Forget whom it is time to, for ever."""
        while True:
            await once_available(self.forget_all)
            await asyncio.sleep(LOOK_EVERY_S)

    async def forget_all(self) -> int:
        """Forget whom it is time to; returns of how many authorities that was. Begun again, it goes on with what is left."""
        count = 0
        over = {OVER_SINCE: Range(below=sortable(self._now() - self._kept))}
        while found := await self._authorities.find(over, sort=OVER_SINCE, limit=READ_BATCH):
            for one in found:
                # While it is still known whose sign-in that was.
                await self._applicants.release_rejected(one.id)
                await self._forget(one)
            count += len(found)
        if count:
            log.info("applicants_forgotten", authorities=count)
        return count

    async def _forget(self, found: Kept[Authority]) -> None:
        async def decided(before: Kept[Authority]) -> tuple[Authority, Sequence[AuthorityChanged]]:
            after = forgotten(before.state)
            return after, [changed(before.id, before.revision + 1, after)]

        key = CommandKey(key=f"forget {found.id} {found.revision}", fingerprint="", expected_revision=found.revision)
        # What was changed since it was read is not over: the invitation has been renewed, say.
        with suppress(Stale):
            # The answers to earlier commands name them, too; whoever sends one of those again has done so long before.
            await self._authorities.change(found.id, key, decided, lambda _: Empty(), Empty, forget=True)
