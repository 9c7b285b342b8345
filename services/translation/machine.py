"""The last link of the chain: the engines, by way of jobs. Whoever asks is answered soon, with a translation or with the job."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from services.translation.domain import jobs as rules
from services.translation.domain.jobs import Job
from services.translation.domain.translations import Reason, Segment, Translation, pending
from services.translation.jobs import Jobs
from services.translation.worker import Worker


class Machine:
    """Translates by engines. *engines* names those that there are; *wait_s* is how long whoever asks waits for a job."""

    def __init__(
        self, jobs: Jobs, worker: Worker, engines: Sequence[str], now: Callable[[], datetime], *, wait_s: float
    ) -> None:
        self._jobs = jobs
        self._worker = worker
        self._engines = " ".join(engines)
        self._now = now
        self._wait_s = wait_s

    async def link(self, segments: Sequence[Segment]) -> list[Translation | Reason]:
        """A link of the chain. What was made before is there at once, even if its engine is away now."""
        if not self._engines:
            return [Reason.NO_ENGINE for _ in segments]
        clock = asyncio.get_running_loop().time
        until = clock() + self._wait_s
        await self._worker.ready(self._wait_s)
        ids = [self._jobs.id_of(segment, self._engines) for segment in segments]
        by_id = dict(zip(ids, segments, strict=True))
        there = await self._jobs.get_many(ids)
        now = self._now()
        reasons: dict[str, Reason] = {}
        wanted: dict[str, Segment] = {}
        for id_, segment in by_id.items():
            if id_ in there and not rules.may_begin_again(there[id_], now):
                continue
            found = self._worker.routes(segment.pair, segment.data_class)
            if isinstance(found, Reason):
                reasons[id_] = found
            else:
                wanted[id_] = segment
        if wanted:
            self._worker.take(await self._jobs.begin(wanted))
        waited = [id_ for id_ in by_id if id_ in wanted or (id_ not in reasons and there[id_].is_open)]
        if waited:
            there |= await self._jobs.wait(waited, max(0.0, until - clock()))
        return [self._said(id_, segment, reasons, there) for id_, segment in zip(ids, segments, strict=True)]

    def _said(
        self, id_: str, segment: Segment, reasons: dict[str, Reason], there: dict[str, Job]
    ) -> Translation | Reason:
        if id_ in reasons:
            return reasons[id_]
        if id_ not in there:
            return pending(segment, id_, self._now())
        return rules.answer(there[id_], segment, self._now())
