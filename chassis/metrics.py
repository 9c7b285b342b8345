"""What a service counts, for Prometheus: calls, events, timers. Names and codes only, never of whom or what."""

import time

from prometheus_client import Counter, Histogram, start_http_server

from chassis.settings import CannotStart

CALLS = Counter("imi_calls_total", "gRPC calls, by what came of them.", ["method", "code"])
CALL_SECONDS = Histogram("imi_call_seconds", "How long calls with one answer take.", ["method"])
EVENTS = Counter("imi_events_total", "Events that were dealt with, or set aside.", ["group", "outcome"])
EVENT_AGE = Histogram(
    "imi_event_age_seconds",
    "How old events are when they have been dealt with.",
    ["group"],
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 1_000),
)
PUBLISHED = Counter("imi_events_published_total", "Events that went from the store to the log.", ["topic"])
TIMERS = Counter("imi_timers_total", "Timers that were due, by what came of them.", ["collection", "outcome"])
TIMER_LAG = Histogram(
    "imi_timer_lag_seconds",
    "How late timers fire.",
    ["collection"],
    buckets=(0.1, 0.3, 1, 3, 10, 30, 100, 1_000, 10_000),
)
REMOVED = Counter(
    "imi_removed_total", "Documents that were removed from the store because they were over.", ["collection"]
)


def age_of(at: float) -> float:
    """Seconds since *at*, seconds since the epoch of another process's clock, which may be ahead of this one."""
    return max(0.0, time.time() - at)


def answer_metrics(address: str) -> None:
    """Answer ``/metrics`` at *address* (``host:port``), in a thread of its own and in plain text, until the process ends."""
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host.strip("[]"))
    except OSError as error:
        raise CannotStart(f"METRICS_ADDRESS={address} is not free ({error.strerror}); set it to another.") from error
