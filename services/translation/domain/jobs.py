"""A text on its way through the engines, and what has become of it. One job for each text, pair, class and place, whoever asks.

What is finished is the cache: asked again, it answers at once, until it expires. Personal texts have a job for each authority that
asks and each thing that they belong to, so that nothing of them is shared, and all of it can be erased.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.translation.domain.memory import SHAREABLE
from services.translation.domain.pairs import Pair
from services.translation.domain.translations import (
    Reason,
    Segment,
    Status,
    Tier,
    Translation,
    pending,
    unavailable,
)
from vocabulary import ids
from vocabulary.values import DataClass

KEPT = timedelta(days=30)
# How long whoever works on a job may be silent before somebody else takes it over.
LEASE = timedelta(seconds=60)
# After a failure the engines are left alone about a text for a while: longer if another try would come to the same.
_TRIED_AGAIN = {Reason.VALIDATION_FAILED: timedelta(days=1), Reason.PAIR_UNSUPPORTED: timedelta(days=1)}
_TRIED_AGAIN_SOON = timedelta(minutes=1)
# Where several ways failed, what says most about the text is told.
_MOST_TELLING = (Reason.VALIDATION_FAILED, Reason.TIMEOUT, Reason.QUOTA, Reason.ENGINE_FAILED, Reason.PAIR_UNSUPPORTED)


class State(StrEnum):
    """Where a job stands."""

    PENDING = "PENDING"
    TRANSLATED = "TRANSLATED"
    UNAVAILABLE = "UNAVAILABLE"
    # Erased, or too old: nothing is left of its text.
    FORGOTTEN = "FORGOTTEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that an engine has taken: which way it is on, with which dispatch, and until when the callback is waited for."""

    route: str
    dispatch: str
    until: datetime
    resubmitted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A translation as an engine made it, and what is known of its worth."""

    text: str
    tier: Tier
    engine: str
    pivot: tuple[str, ...] = ()
    low_confidence: bool | None = None
    similarity: float | None = None
    missed_terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A text to translate. `round` counts how often it was begun; `tried` are the ways that failed in this one, and why.

    `tenant` is whose it is, which is nobody of texts that are not personal; `begun_by` is with whose other texts it goes to engines.
    """

    id: str
    source: str
    target: str
    text: str
    data_class: DataClass
    tenant: str = ""
    begun_by: str = ""
    area: str = ""
    context: str = ""
    source_id: str = ""
    state: State = State.PENDING
    round: int = 1
    # When somebody has to look after it next; expires when it is nobody's any more.
    wakes_at: datetime
    expires_at: datetime
    tried: tuple[tuple[str, Reason], ...] = ()
    waiting: Waiting | None = None
    made: Made | None = None
    reason: Reason | None = None
    finished_at: datetime | None = None

    @property
    def pair(self) -> Pair:
        return Pair(self.source, self.target)

    def has_tried(self, route: str) -> bool:
        """Whether the way *route* has come to nothing."""
        return any(tried == route for tried, _ in self.tried)

    @property
    def is_open(self) -> bool:
        return self.state is State.PENDING


def job_id(segment: Segment, pepper: str, engines: str) -> str:
    """The id of the job for *segment*, with the *engines* that there are: with others, it may come out better."""
    own = () if segment.data_class in SHAREABLE else (pepper, segment.tenant, segment.source_id)
    place = (segment.data_class, segment.area, segment.context, engines)
    return ids.derived(ids.TRANSLATION, *segment.pair, segment.text, *place, *own)


def new_job(segment: Segment, id_: str, now: datetime) -> Job:
    """The job that begins with *segment*; whoever begins it works on it."""
    return Job(
        id=id_,
        source=segment.source_language,
        target=segment.target_language,
        text=segment.text,
        data_class=segment.data_class,
        tenant="" if segment.data_class in SHAREABLE else segment.tenant,
        begun_by=segment.tenant,
        area=segment.area,
        context=segment.context,
        source_id=segment.source_id,
        wakes_at=now + LEASE,
        expires_at=now + KEPT,
    )


def begun_again(job: Job, segment: Segment, now: datetime) -> Job:
    """*job*, which came to nothing or was forgotten, from the start."""
    return replace(new_job(segment, job.id, now), round=job.round + 1)


def may_begin_again(job: Job, now: datetime) -> bool:
    """Whether the engines are asked once more about a text that they have failed with, or that was forgotten."""
    if job.state is State.UNAVAILABLE:
        assert job.reason is not None
        assert job.finished_at is not None
        return now >= job.finished_at + _TRIED_AGAIN.get(job.reason, _TRIED_AGAIN_SOON)
    return job.state is State.FORGOTTEN or now >= job.expires_at


def kept_alive(job: Job, now: datetime) -> Job:
    """*job* for whoever goes on working on it."""
    return replace(job, wakes_at=now + LEASE)


def let_go(job: Job, now: datetime) -> Job:
    """*job* for whoever looks next; one that an engine calls back for needs nobody."""
    return job if job.waiting else replace(job, wakes_at=now)


def failed_way(job: Job, route: str, reason: Reason, now: datetime) -> Job:
    """*job* after the way *route* has come to nothing."""
    return replace(kept_alive(job, now), tried=(*job.tried, (route, reason)), waiting=None)


def sent(job: Job, route: str, dispatch: str, deadline: timedelta, now: datetime) -> Job:
    """*job* with an engine that will call back; the same way a second time is its resubmission."""
    again = job.waiting is not None and job.waiting.route == route
    waiting = Waiting(route=route, dispatch=dispatch, until=now + deadline, resubmitted=again)
    return replace(job, waiting=waiting, wakes_at=now + deadline)


def translated(job: Job, made: Made, now: datetime) -> Job:
    """*job* with its translation."""
    return replace(
        job,
        state=State.TRANSLATED,
        made=made,
        waiting=None,
        finished_at=now,
        wakes_at=now + KEPT,
        expires_at=now + KEPT,
    )


def failed(job: Job, now: datetime, reason: Reason | None = None) -> Job:
    """*job* without one: for *reason*, or for the most telling of those why its ways failed."""
    reasons = {one for _, one in job.tried}
    found = reason or next((one for one in _MOST_TELLING if one in reasons), Reason.ENGINE_FAILED)
    return replace(job, state=State.UNAVAILABLE, reason=found, waiting=None, finished_at=now, wakes_at=now + KEPT)


def forgotten(job: Job, now: datetime) -> Job:
    """What is left of *job* when nothing of its text may be."""
    return Job(
        id=job.id,
        source=job.source,
        target=job.target,
        text="",
        data_class=job.data_class,
        state=State.FORGOTTEN,
        round=job.round,
        wakes_at=now + KEPT,
        expires_at=now + KEPT,
    )


def may_see(job: Job, tenant: str) -> bool:
    """Whether *tenant* may know of *job*: of personal texts, who asked; of the others, whoever has its id."""
    return job.state is not State.FORGOTTEN and job.tenant in ("", tenant)


def answer(job: Job, segment: Segment, now: datetime) -> Translation:
    """What *job* says about *segment*."""
    if job.state is State.TRANSLATED:
        assert job.made is not None
        return Translation(
            segment=segment,
            status=Status.TRANSLATED,
            at=job.finished_at or now,
            text=job.made.text,
            tier=job.made.tier,
            engine=job.made.engine,
            pivot=job.made.pivot,
            job_id=job.id,
            low_confidence=job.made.low_confidence,
            similarity=job.made.similarity,
            missed_terms=job.made.missed_terms,
        )
    if job.state is State.UNAVAILABLE:
        assert job.reason is not None
        return unavailable(segment, job.reason, job.finished_at or now, job.id)
    if job.state is State.FORGOTTEN:
        # Erased while somebody asked for it.
        return unavailable(segment, Reason.ENGINE_FAILED, now, job.id)
    return pending(segment, job.id, now)


def segment_of(job: Job) -> Segment:
    """The segment that *job* is about."""
    return Segment(
        text=job.text,
        source_language=job.source,
        target_language=job.target,
        data_class=job.data_class,
        area=job.area,
        context=job.context,
        source_id=job.source_id,
        tenant=job.tenant,
    )
