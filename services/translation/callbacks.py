"""What comes in at callback addresses, compared with what was sent out: what fits is stored before the engine is told so."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import structlog

from services.translation.desk import Desk
from services.translation.dispatches import Dispatches
from services.translation.domain.pairs import Pair
from services.translation.metrics import CALLBACKS
from services.translation.providers.port import Callback, ProviderError, Rejected
from services.translation.worker import Worker
from vocabulary.refusals import NotFound, Unavailable

# How long a callback waits for an engine that has just been started with to say what it can do.
KNOWN_WITHIN_S = 2.0

log = structlog.get_logger(__name__)


class Callbacks:
    """Takes callbacks."""

    def __init__(self, desks: Mapping[str, Desk], dispatches: Dispatches, worker: Worker) -> None:
        self._desks = desks
        self._dispatches = dispatches
        self._worker = worker

    async def received(self, token: str, callback: Callback) -> None:
        """Take what *callback* says about the batch that *token* was made for; a second time it changes nothing.

        Raises NotFound for a token that nobody was given, Rejected for what does not fit the batch, Unavailable if nobody can tell yet
        how the texts were cut: nothing is changed then.
        """
        found = await self._dispatches.find(token)
        desk = self._desks.get(found[1].engine) if found else None
        if found is None or desk is None:
            CALLBACKS.labels("", "unknown").inc()
            raise NotFound("there is no such address")
        id_, dispatch = found
        said = desk.provider.delivery(callback)
        if said.target not in ("", dispatch.target) or (dispatch.reference and said.reference != dispatch.reference):
            CALLBACKS.labels(dispatch.engine, "does_not_fit").inc()
            log.warning("callback_does_not_fit", engine=dispatch.engine)
            raise Rejected("the callback is about something else")
        if dispatch.delivered:
            CALLBACKS.labels(dispatch.engine, "repeated").inc()
            return
        if not isinstance(said.outcomes, ProviderError) and len(said.outcomes) != sum(dispatch.counts):
            raise Rejected(f"the callback has {len(said.outcomes)} texts for {sum(dispatch.counts)}")
        await _known(desk)
        pair = Pair(dispatch.source, dispatch.target)
        start = 0
        for job_id, count in zip(dispatch.jobs, dispatch.counts, strict=True):
            its = said.outcomes
            if not isinstance(its, ProviderError):
                its = its[start : start + count]
            await self._worker.received(job_id, id_, pair, dispatch.engine, its)
            start += count
        await self._dispatches.deliver(id_)
        CALLBACKS.labels(dispatch.engine, "error" if isinstance(said.outcomes, ProviderError) else "taken").inc()


async def _known(desk: Desk) -> None:
    """Return once it is known what the engine can do; raises Unavailable if that takes too long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(KNOWN_WITHIN_S):
            await desk.asked.wait()
    if desk.described().capabilities is None:
        raise Unavailable("what the engine can do is not known yet", reason="STARTING")
