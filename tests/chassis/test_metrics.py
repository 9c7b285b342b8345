"""What services count can be read, and says what came of calls, events and timers."""

import httpx
import pytest
from prometheus_client import REGISTRY

from chassis.metrics import age_of, answer_metrics
from chassis.server import Call
from chassis.settings import CannotStart
from engines.events import Events
from protos.requests.v1 import requests_pb2 as pb
from tests.chassis.conftest import NAME, Running
from tests.chassis.test_reactions import an_event, events, reacting  # noqa: F401
from tests.chassis.test_timers import clock, documents, set_timers  # noqa: F401
from tests.chassis.waiting import until
from vocabulary.refusals import Conflict

METHOD = f"/{NAME}/ListQuestionSets"


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_calls_are_counted_by_what_came_of_them(service: Running) -> None:
    async def refuses(_: Call) -> pb.ListQuestionSetsResponse:
        raise Conflict("no", reason="ONE_OF_MANY")

    before = [value("imi_calls_total", method=METHOD, code=code) for code in ("OK", "CONFLICT")]
    timed = value("imi_call_seconds_count", method=METHOD)
    await service.ask()
    service.told.single = refuses
    with pytest.raises(Conflict):
        await service.ask()

    async def counted() -> bool:
        return [value("imi_calls_total", method=METHOD, code=code) for code in ("OK", "CONFLICT")] == [
            before[0] + 1,
            before[1] + 1,
        ]

    await until(counted)
    assert value("imi_call_seconds_count", method=METHOD) == timed + 2


async def test_events_are_counted_whether_they_were_dealt_with_or_set_aside(events: Events) -> None:  # noqa: F811
    async def fails(found: object) -> None:
        if "bad" in repr(found):
            raise ValueError

    before = [value("imi_events_total", group="g", outcome=outcome) for outcome in ("done", "set_aside")]
    async with reacting(events, A=fails) as settled:
        await events.publish("t", [an_event("bad"), an_event("good")])
        await settled()
    after = [value("imi_events_total", group="g", outcome=outcome) for outcome in ("done", "set_aside")]
    # The mark of the end is one more.
    assert after == [before[0] + 2, before[1] + 1]
    assert value("imi_event_age_seconds_count", group="g") > 0


def test_a_clock_that_is_ahead_makes_nothing_younger_than_new() -> None:
    assert age_of(4e12) == 0


async def test_they_are_answered_where_the_settings_say(unused_tcp_port: int) -> None:
    answer_metrics(f"127.0.0.1:{unused_tcp_port}")
    async with httpx.AsyncClient() as http:
        response = await http.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
    assert "imi_calls_total" in response.text
    with pytest.raises(CannotStart, match="METRICS_ADDRESS"):
        answer_metrics(f"127.0.0.1:{unused_tcp_port}")
