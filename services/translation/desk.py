"""One engine, used with care: what it may see, how many calls at a time, how long, how much a month, and not while it fails.

Texts come job by job and go out in batches. A batch that is refused as a whole is sent job by job, so that one text spoils no other's
translation; a call that may work in a moment is made again, twice at most.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from services.translation.batching import Batches, Item, Kind, Sent
from services.translation.budgets import Budgets
from services.translation.dispatches import Dispatches
from services.translation.domain import policy
from services.translation.domain.breaker import Breaker
from services.translation.domain.pairs import Pair
from services.translation.domain.routes import Capability, Engine
from services.translation.metrics import CALL_SECONDS, CHARACTERS
from services.translation.providers.port import (
    Accepted,
    Batch,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Retryable,
    Spent,
    Unsupported,
)
from services.translation.tasks import Tasks
from vocabulary.refusals import Unavailable

RETRIES = 2
FIRST_PAUSE_S = 0.2
# Capabilities are asked for again after this long, and sooner by an engine that could not be asked.
CAPABILITIES_S = 600.0
CAPABILITIES_UNKNOWN_S = 30.0
# Whoever asks how an engine is waits for it no longer.
HEALTH_S = 3.0
NOT_USED = "the engine is left alone for a while"

log = structlog.get_logger(__name__)


class TimedOut(Retryable):
    """It did not answer in time."""


class LeftAlone(ProviderError):
    """It has failed too often, and is not asked now."""


class Desk:
    """An engine at work. `serve` runs beside whoever uses it."""

    def __init__(
        self,
        provider: Provider,
        budgets: Budgets,
        dispatches: Dispatches,
        now: Callable[[], datetime],
        tasks: Tasks,
    ) -> None:
        self.provider = provider
        self.breaker = Breaker()
        self._budgets = budgets
        self._dispatches = dispatches
        self._now = now
        self._free = asyncio.Semaphore(provider.settings.at_once)
        self._batches = Batches(tasks, self._send, always_linger=provider.asynchronous)
        self._capabilities: Mapping[Pair, Capability] | None = None
        self.asked = asyncio.Event()
        # Texts that wait for the engine, or for its answer.
        self.waiting = 0

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def deadline(self) -> timedelta:
        """How long an engine that calls back is waited for."""
        return timedelta(seconds=self.provider.settings.deadline_s)

    def described(self) -> Engine:
        """What is known of the engine now."""
        return Engine(
            name=self.name,
            data_class_max=self.provider.data_class_max,
            asynchronous=self.provider.asynchronous,
            capabilities=self._capabilities,
        )

    async def serve(self) -> None:
        """Keep up with what the engine can do, for ever."""
        while True:
            try:
                async with asyncio.timeout(self.provider.settings.timeout_s):
                    self._capabilities = await self.provider.capabilities()
            except (ProviderError, TimeoutError) as error:
                log.warning("capabilities_unknown", engine=self.name, error=str(error) or "no answer in time")
            finally:
                # Whatever came of it: nobody waits for this engine any more.
                self.asked.set()
            await asyncio.sleep(CAPABILITIES_UNKNOWN_S if self._capabilities is None else CAPABILITIES_S)

    async def is_healthy(self) -> bool:
        """Whether the engine would translate now; one that does not say so soon would not."""
        try:
            async with asyncio.timeout(HEALTH_S):
                return await self.provider.healthy()
        except (ProviderError, TimeoutError):
            return False

    async def translate(self, kind: Kind, job_id: str, texts: Sequence[str]) -> Sequence[Outcome] | Sent:
        """One outcome for each of *texts*, or that the engine will call back; raises ProviderError."""
        if not policy.may_see(self.provider.data_class_max, kind.data_class):
            raise Rejected(f"{self.name} may not see texts of class {kind.data_class}")
        self.waiting += len(texts)
        try:
            return await self._batches.add(kind, job_id, texts)
        finally:
            self.waiting -= len(texts)

    async def _send(self, kind: Kind, items: Sequence[Item]) -> None:
        """Settle every one of *items*."""
        try:
            await self._send_together(kind, items)
        except (Rejected, Unsupported) as error:
            if len(items) == 1:
                _fail(items, error)
            else:
                for item in items:
                    await self._send(kind, [item])
        except ProviderError as error:
            _fail(items, error)
        except Unavailable as away:
            _fail(items, Retryable(f"the batch was not sent: {away.reason}"))
        except Exception as error:
            # One batch that meets a fault of ours does not take the others with it. Told without its traceback: with that goes what it
            # was about.
            log.error("batch_failed", engine=self.name, error=type(error).__name__)
            _fail(items, Retryable("the batch was not sent"))

    async def _send_together(self, kind: Kind, items: Sequence[Item]) -> None:
        texts = tuple(text for item in items for text in item.texts)
        if not texts:
            return
        dispatch = token = ""
        if self.provider.asynchronous:
            dispatch, token = await self._dispatches.begin(self.name, *kind.pair, items, self.deadline)
        batch = Batch(
            pair=kind.pair, texts=texts, data_class=kind.data_class, area=kind.area, terms=kind.terms, token=token
        )
        answer = await self._called(batch)
        if isinstance(answer, Accepted):
            await self._dispatches.refer(dispatch, answer.reference)
            for item in items:
                _settle(item, Sent(dispatch))
            return
        start = 0
        for item in items:
            _settle(item, answer[start : start + len(item.texts)])
            start += len(item.texts)

    async def _called(self, batch: Batch) -> Sequence[Outcome] | Accepted:
        """The engine's answer, asked for again where that may help."""
        for attempt in range(RETRIES + 1):
            try:
                return await self._call(batch)
            except Retryable as error:
                if attempt == RETRIES or error.after is not None or not self._is_used():
                    raise
            # With some chance in it, so that those who failed together do not come back together.
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError("the last attempt answers or raises")

    async def _call(self, batch: Batch) -> Sequence[Outcome] | Accepted:
        settings = self.provider.settings
        async with self._free:
            if not self.breaker.let_through(self._now()):
                raise Spent(NOT_USED) if self.breaker.for_quota else LeftAlone(NOT_USED)
            try:
                # Counted for each attempt: whoever charges for it charges for each.
                await self._budgets.spend(self.name, batch.characters, settings.characters_per_month)
            except Spent:
                self.breaker.released()
                raise
            try:
                async with asyncio.timeout(settings.timeout_s):
                    CHARACTERS.labels(self.name).inc(batch.characters)
                    with CALL_SECONDS.labels(self.name).time():
                        answer = await self.provider.translate(batch)
            except TimeoutError:
                self.breaker.failed(self._now())
                raise TimedOut("it did not answer in time") from None
            except Spent as error:
                self.breaker.spent(self._now(), error.until)
                raise
            except Retryable as error:
                self.breaker.failed(self._now(), error.after)
                raise
            except Unsupported:
                self.breaker.succeeded()
                raise
            except ProviderError:
                self.breaker.failed(self._now())
                raise
            except BaseException:
                self.breaker.released()
                raise
            self.breaker.succeeded()
            return answer

    def _is_used(self) -> bool:
        return self.breaker.is_closed(self._now())


def _settle(item: Item, outcome: Sequence[Outcome] | Sent) -> None:
    if not item.done.done():
        item.done.set_result(outcome)


def _fail(items: Sequence[Item], error: ProviderError) -> None:
    for item in items:
        if not item.done.done():
            item.done.set_exception(error)
