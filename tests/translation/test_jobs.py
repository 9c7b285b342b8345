"""What a job becomes, whose it is, and what is left of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from services.translation.domain.jobs import (
    KEPT,
    LEASE,
    Job,
    Made,
    State,
    answer,
    begun_again,
    failed,
    failed_way,
    forgotten,
    job_id,
    may_begin_again,
    may_see,
    new_job,
    segment_of,
    sent,
    translated,
)
from services.translation.domain.translations import Reason, Segment, Status, Tier
from tests.cells import cell
from vocabulary.values import DataClass

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEGMENT = Segment(
    text="Il titolo è autentico.",
    source_language="it",
    target_language="hu",
    area="services",
    context="requests.answer",
    source_id="req_1",
    tenant="aut_1",
)
MADE = Made(text="Az oklevél hiteles.", tier=Tier.NEURAL, engine="e", similarity=0.9, low_confidence=False)
SHARED = (DataClass.PUBLIC, DataClass.INTERNAL)


def job(data_class: DataClass = DataClass.PERSONAL) -> Job:
    return new_job(replace(SEGMENT, data_class=data_class), "trl_1", NOW)


def test_equal_segments_are_one_job_and_personal_ones_only_for_one_authority_and_case() -> None:
    for data_class in DataClass:
        segment = replace(SEGMENT, data_class=data_class)
        one = job_id(segment, "pepper", "a b")
        assert one == job_id(replace(segment), "pepper", "a b")
        for name, other in (
            ("tenant", replace(segment, tenant="aut_2")),
            ("source", replace(segment, source_id="req_2")),
        ):
            with cell(data_class, name):
                assert (job_id(other, "pepper", "a b") == one) is (data_class in SHARED)
        with cell(data_class, "pepper"):
            assert (job_id(segment, "other", "a b") == one) is (data_class in SHARED)
        for name, other in (
            ("text", replace(segment, text="Il titolo è falso.")),
            ("target", replace(segment, target_language="de")),
            ("source language", replace(segment, source_language="es")),
            ("area", replace(segment, area="")),
            ("context", replace(segment, context="")),
            ("class", replace(segment, data_class=next(c for c in DataClass if c is not data_class))),
        ):
            with cell(data_class, name):
                assert job_id(other, "pepper", "a b") != one
        assert job_id(segment, "pepper", "a") != one


def test_who_may_know_of_a_job() -> None:
    for data_class, tenant in product(DataClass, ("aut_1", "aut_2", "")):
        with cell(data_class, tenant):
            assert may_see(job(data_class), tenant) is (data_class in SHARED or tenant == "aut_1")
    assert not may_see(forgotten(job(), NOW), "aut_1")


def test_a_job_says_of_its_segment_what_it_has_come_to() -> None:
    assert segment_of(job()) == SEGMENT
    pending = answer(job(), SEGMENT, NOW)
    assert (pending.status, pending.job_id, pending.text) == (Status.PENDING, "trl_1", "")
    made = answer(translated(job(), MADE, NOW), SEGMENT, NOW + timedelta(days=1))
    assert (made.status, made.text, made.at, made.tier, made.similarity) == (
        Status.TRANSLATED,
        MADE.text,
        NOW,
        Tier.NEURAL,
        0.9,
    )
    gone = answer(forgotten(job(), NOW), SEGMENT, NOW)
    assert (gone.status, gone.text) == (Status.UNAVAILABLE, "")
    none = answer(failed(job(), NOW, Reason.QUOTA), SEGMENT, NOW)
    assert (none.status, none.reason, none.text) == (Status.UNAVAILABLE, Reason.QUOTA, "")


def test_the_most_telling_reason_of_those_why_its_ways_failed_is_told() -> None:
    for reasons, expected in (
        ([Reason.ENGINE_FAILED, Reason.VALIDATION_FAILED, Reason.TIMEOUT], Reason.VALIDATION_FAILED),
        ([Reason.QUOTA, Reason.TIMEOUT], Reason.TIMEOUT),
        ([Reason.ENGINE_FAILED, Reason.QUOTA], Reason.QUOTA),
        ([Reason.PAIR_UNSUPPORTED], Reason.PAIR_UNSUPPORTED),
        ([], Reason.ENGINE_FAILED),
    ):
        with cell(*reasons):
            tried = job()
            for number, reason in enumerate(reasons):
                tried = failed_way(tried, str(number), reason, NOW)
            assert failed(tried, NOW).reason is expected


@pytest.mark.parametrize("reason", Reason)
def test_after_a_failure_an_engine_is_asked_again_but_not_at_once(reason: Reason) -> None:
    ended = failed(job(), NOW, reason)
    assert not may_begin_again(ended, NOW + timedelta(seconds=59))
    assert may_begin_again(ended, NOW + timedelta(days=1))
    lasting = reason in (Reason.VALIDATION_FAILED, Reason.PAIR_UNSUPPORTED)
    assert may_begin_again(ended, NOW + timedelta(minutes=1)) is not lasting
    again = begun_again(ended, SEGMENT, NOW)
    assert (again.state, again.round, again.tried, again.reason) == (State.PENDING, 2, (), None)


def test_what_was_translated_is_kept_for_thirty_days() -> None:
    ended = translated(job(), MADE, NOW)
    assert not may_begin_again(ended, NOW + KEPT - timedelta(seconds=1))
    assert may_begin_again(ended, NOW + KEPT)


def test_an_engine_that_does_not_call_back_is_sent_the_text_once_more() -> None:
    minute = timedelta(minutes=1)
    once = sent(job(), "e:it-hu", "first", minute, NOW)
    assert once.waiting is not None
    assert (once.waiting.resubmitted, once.wakes_at) == (False, NOW + minute)
    twice = sent(once, "e:it-hu", "second", minute, NOW + minute)
    assert twice.waiting is not None
    assert twice.waiting.resubmitted
    other = sent(once, "f:it-hu", "third", minute, NOW)
    assert other.waiting is not None
    assert not other.waiting.resubmitted
    assert failed_way(twice, "e:it-hu", Reason.TIMEOUT, NOW).waiting is None


def test_nothing_of_a_forgotten_text_is_left() -> None:
    for before in (job(), translated(job(), MADE, NOW), failed(job(), NOW, Reason.QUOTA)):
        left = forgotten(before, NOW)
        assert (left.text, left.made, left.source_id, left.tenant, left.context) == ("", None, "", "", "")
        assert (left.state, left.is_open) == (State.FORGOTTEN, False)
        assert may_begin_again(left, NOW)


def test_whoever_begins_a_job_has_a_minute_before_somebody_else_takes_it_over() -> None:
    assert job().wakes_at == NOW + LEASE
    assert failed_way(job(), "e", Reason.TIMEOUT, NOW + timedelta(hours=1)).wakes_at == NOW + timedelta(hours=1) + LEASE
