"""What works on jobs: way after way until one comes to something, or none is left.

A job that its process has left, by its end or its failure, is taken over by whoever looks next; so is one whose engine has not called
back in time, which is sent once more and then goes on its next way. Nothing here holds anybody up: whoever asks waits as long as they
like, and finds the job again.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from services.translation.batching import Sent
from services.translation.desk import Desk
from services.translation.domain import jobs as rules
from services.translation.domain.jobs import Job, Made
from services.translation.domain.pairs import Pair
from services.translation.domain.routes import Engine, Route, first_route, routes
from services.translation.domain.translations import Reason
from services.translation.jobs import Jobs
from services.translation.metrics import WAYS
from services.translation.providers.port import Outcome, ProviderError, Spent
from services.translation.rendering import Faulty, Renderer, reason_of, said_of
from services.translation.tasks import Tasks
from vocabulary.refusals import Unavailable
from vocabulary.values import DataClass

# Jobs that are worked on at a time, and those that this process remembers besides; it finds the others again.
AT_ONCE = 200
REMEMBERED = 5_000
# Jobs that a process that ends leaves to others at once; of more, they wait for the lease.
LET_GO = 500
LOOK_EVERY_S = 2.0

log = structlog.get_logger(__name__)


class Worker:
    """Works on the jobs of this process, and on those that nobody works on."""

    def __init__(
        self,
        jobs: Jobs,
        desks: Mapping[str, Desk],
        renderer: Renderer,
        now: Callable[[], datetime],
        tasks: Tasks,
    ) -> None:
        self._jobs = jobs
        self._desks = desks
        self._renderer = renderer
        self._now = now
        self._tasks = tasks
        self._free = asyncio.Semaphore(AT_ONCE)
        # Since when each job here is known to be looked after.
        self._at_work: dict[str, datetime] = {}

    def engines(self) -> list[Engine]:
        """What is known of the engines, in the order of preference."""
        return [desk.described() for desk in self._desks.values()]

    def routes(self, pair: Pair, data_class: DataClass) -> list[Route] | Reason:
        """The ways for a text, or why there is none."""
        return routes(self.engines(), pair, data_class)

    def capabilities(self, pairs: Sequence[Pair], data_class: DataClass) -> list[Route]:
        """The best way for each of *pairs* that there is one for."""
        engines = self.engines()
        return [way for pair in pairs if (way := first_route(engines, pair, data_class))]

    async def ready(self, seconds: float) -> None:
        """Return once every engine has been asked what it can do, or after *seconds*."""
        if all(desk.asked.is_set() for desk in self._desks.values()):
            return
        asked = [asyncio.ensure_future(desk.asked.wait()) for desk in self._desks.values()]
        try:
            await asyncio.wait(asked, timeout=seconds)
        finally:
            for one in asked:
                one.cancel()

    def take(self, jobs: Sequence[Job]) -> None:
        """Work on *jobs*, which are this process's; on those that it works on already, it goes on."""
        for job in jobs:
            if job.id not in self._at_work and len(self._at_work) < REMEMBERED:
                self._at_work[job.id] = self._now()
                self._tasks.start(self._work(job))

    async def run(self) -> None:
        """Keep what is worked on, take over what nobody works on, and forget what is too old, for ever."""
        for desk in self._desks.values():
            await desk.asked.wait()
        while True:
            await self._keep()
            while len(self._at_work) < AT_ONCE and (due := await self._jobs.claim_due()):
                self.take(due)
            await self._jobs.expire()
            await asyncio.sleep(LOOK_EVERY_S)

    async def let_go(self) -> None:
        """Before this process ends: others need not wait until they may take its jobs over."""
        for id_ in list(self._at_work)[:LET_GO]:
            await self._jobs.change(id_, lambda one: rules.let_go(one, self._now()))

    async def _keep(self) -> None:
        """Say of jobs that wait for their engine longer than others wait for a job that somebody still works on them."""
        now = self._now()
        for id_, since in list(self._at_work.items()):
            if now >= since + rules.LEASE / 2 and id_ in self._at_work:
                self._at_work[id_] = now
                # What an engine calls back for is looked after at its own time.
                await self._jobs.change(id_, lambda one: None if one.waiting else rules.kept_alive(one, now))

    async def received(
        self, job_id: str, dispatch: str, pair: Pair, engine: str, said: Sequence[Outcome] | ProviderError
    ) -> None:
        """Go on with a job that its engine has called back about; nothing, for one that is no longer open.

        A translation counts from an earlier dispatch, too; a failure counts from the last one only.
        """
        job = (await self._jobs.get_many([job_id])).get(job_id)
        found = self.routes(pair, job.data_class) if job else Reason.NO_ENGINE
        route = (
            None if isinstance(found, Reason) else next((one for one in found if one.id == f"{engine}:{pair}"), None)
        )
        if job is None or not job.is_open or route is None:
            return
        try:
            if isinstance(said, ProviderError):
                raise said
            with _giving_up(job, route):
                made = await self._renderer.received(route, job, said)
        except (ProviderError, Faulty) as error:
            if isinstance(error, Spent):
                self._desks[engine].breaker.spent(self._now(), error.until)
            reason = reason_of(error)

            def failed(one: Job) -> Job | None:
                # An engine can be faster than we are to note that it has the text, and it can say the same twice.
                is_last = one.waiting is None or one.waiting.dispatch == dispatch
                return (
                    rules.failed_way(one, route.id, reason, self._now())
                    if is_last and not one.has_tried(route.id)
                    else None
                )

            if after := await self._jobs.change(job.id, failed):
                _audit("translation_failed", job, route, said_of(error))
                self.take([after])
        else:
            await self._finish(job, route, made)

    async def _work(self, job: Job) -> None:
        try:
            waits = self._free.locked()
            async with self._free:
                # What was erased while it waited goes to no engine.
                there = (await self._jobs.get_many([job.id])).get(job.id) if waits else job
                if there is not None and there.is_open:
                    await self._go_on(there)
        except Unavailable as away:
            # It is found again when its lease is over.
            log.warning("translation_waits", job=job.id, reason=away.reason)
        finally:
            del self._at_work[job.id]

    async def _go_on(self, job: Job) -> None:
        """Try the ways that are left, best first."""
        found = self.routes(job.pair, job.data_class)
        if isinstance(found, Reason):
            await self._jobs.change(job.id, lambda one: rules.failed(one, self._now(), None if one.tried else found))
            return
        for route in found:
            if job.has_tried(route.id):
                continue
            if job.waiting is not None and job.waiting.route == route.id and job.waiting.resubmitted:
                _audit("translation_not_called_back", job, route, "NOT_CALLED_BACK")
                after = await self._tried(job, route, Reason.TIMEOUT)
                if after is None:
                    return
                job = after
                continue
            try:
                outcome = await self._follow(route, job)
            except (ProviderError, Faulty) as error:
                after = await self._fail(job, route, error)
                if after is None:
                    return
                job = after
                continue
            if isinstance(outcome, Sent):
                called_back = await self._wait(job, route, outcome)
                if called_back is None:
                    return
                job = called_back
                continue
            await self._finish(job, route, outcome)
            return
        ended = await self._jobs.change(job.id, lambda one: rules.failed(one, self._now()))
        if ended:
            log.info("translation_unavailable", job=job.id, pair=str(job.pair), reason=ended.reason)

    async def _follow(self, route: Route, job: Job) -> Made | Sent:
        """What comes of *job* on the way *route*."""
        with _giving_up(job, route):
            return await self._renderer.follow(route, job)

    async def _wait(self, job: Job, route: Route, sent: Sent) -> Job | None:
        """Note that the engine has the text; returns the job if it has already called back that it will not translate it."""
        deadline = self._desks[route.steps[0].engine].deadline
        _audit("translation_sent", job, route, "SENT")

        def noted(one: Job) -> Job | None:
            return None if one.has_tried(route.id) else rules.sent(one, route.id, sent.dispatch, deadline, self._now())

        if await self._jobs.change(job.id, noted):
            return None
        now = (await self._jobs.get_many([job.id])).get(job.id)
        return now if now is not None and now.is_open else None

    async def _finish(self, job: Job, route: Route, made: Made) -> None:
        await self._jobs.change(job.id, lambda one: rules.translated(one, made, self._now()))
        _audit("translation_made", job, route, "MADE")

    async def _fail(self, job: Job, route: Route, error: ProviderError | Faulty) -> Job | None:
        _audit("translation_failed", job, route, said_of(error))
        return await self._tried(job, route, reason_of(error))

    async def _tried(self, job: Job, route: Route, reason: Reason) -> Job | None:
        """*job* after a way that failed; none, if it is no longer open."""
        return await self._jobs.change(job.id, lambda one: rules.failed_way(one, route.id, reason, self._now()))


@contextmanager
def _giving_up(job: Job, route: Route) -> Iterator[None]:
    """Have a fault of ours end the way, as those of engines do: it would be tried again for ever, and the rest of a batch with it."""
    try:
        yield
    except (ProviderError, Faulty, Unavailable):
        raise
    except Exception as error:
        # Without its traceback: with that go the values that it was about.
        log.error("way_failed", job=job.id, route=route.id, error=type(error).__name__)
        raise ProviderError(f"the way was given up: {type(error).__name__}") from None


def _audit(event: str, job: Job, route: Route, outcome: str) -> None:
    """Which engines have seen a text of which class, and what came of it, without a word of it."""
    WAYS.labels(route.engine, outcome).inc()
    log.info(event, job=job.id, route=route.id, data_class=job.data_class, outcome=outcome)
