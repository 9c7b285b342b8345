"""Translations that take longer than a reader waits: told as they are made.

Other than what happens to alerts and requests, a job is over once: there is no cursor to keep. When the service restarts in between,
those that have not been told yet are asked for again.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from gateway.streams.sources import FIRST_PAUSE_S, LONGEST_PAUSE_S, expired
from protos.translation.v1 import translation_pb2 as pb
from vocabulary.refusals import Invalid, Unavailable

if TYPE_CHECKING:
    from gateway.context import Context

JOBS_LIMIT = 1_000


async def deliveries(context: "Context", jobs: Sequence[str]) -> AsyncGenerator[pb.WatchTranslationsResponse, None]:
    """What becomes of each of *jobs*. A service that is away is waited for; raises what it refuses."""
    if not jobs or len(jobs) > JOBS_LIMIT:
        reason = "TOO_MANY" if jobs else "EMPTY"
        raise Invalid(f"name 1 to {JOBS_LIMIT} jobs, not {len(jobs)}", field="jobs", reason=reason)
    person = context.signed_in
    with context.policy.places.one(person.user.id):
        async with aclosing(_delivered(context, jobs, person.expires_at)) as updates:
            async for update in updates:
                await context.still_signed_in()
                yield update


async def _delivered(
    context: "Context", jobs: Sequence[str], expires_at: float
) -> AsyncGenerator[pb.WatchTranslationsResponse, None]:
    open_jobs = dict.fromkeys(jobs)
    pause = FIRST_PAUSE_S
    while open_jobs:
        try:
            async with aclosing(_watched(context, list(open_jobs), expires_at)) as updates:
                async for update in updates:
                    pause = FIRST_PAUSE_S
                    if update.HasField("translation"):
                        open_jobs.pop(update.translation.job_id, None)
                    yield update
        except Unavailable:
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            return  # after the last of those that there are


async def _watched(
    context: "Context", jobs: Sequence[str], expires_at: float
) -> AsyncGenerator[pb.WatchTranslationsResponse, None]:
    backend = context.backends.translation
    request = pb.WatchTranslationsRequest(job_ids=jobs, languages=context.languages)
    async with aclosing(backend.stream(backend.stub.WatchTranslations, request)) as updates:
        while True:
            try:
                async with asyncio.timeout(max(0.0, expires_at - time.time())):
                    update = await anext(updates, None)
            except TimeoutError:
                raise expired() from None
            if update is None:
                return
            yield update
