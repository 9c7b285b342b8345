"""Logs and trace ids: one JSON line an event, each with the id of the trace it belongs to.

A trace crosses HTTP, gRPC and the event log in the W3C ``traceparent`` field. Logs hold ids, codes and durations; never the
content of an exchange or the name of a person.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from random import getrandbits
from typing import NamedTuple

import structlog

TRACEPARENT = "traceparent"

# https://www.w3.org/TR/trace-context/: version, trace, step, flags; and what versions to come may say besides.
_GIVEN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)


class _Step(NamedTuple):
    """Where in a trace something happens."""

    trace: str
    step: str
    flags: str


_here: ContextVar[_Step | None] = ContextVar("trace", default=None)


def configure_logging(level: str) -> None:
    """Write lines of *level* and above to standard error, those of the libraries too."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What nobody will see is not made.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Request lines come from the gateway and the services themselves, with their trace ids.
    for noisy in ("aiokafka", "elastic_transport", "httpcore", "httpx", "pymongo", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def span(traceparent: str, **facts: str) -> Iterator[None]:
    """Work as part of the trace that *traceparent* names, or of a new one; log lines inside carry its id and *facts*."""
    # Random numbers that tell traces apart, and keep nothing secret.
    trace, flags = _given(traceparent) or (f"{getrandbits(128) or 1:032x}", "00")
    token = _here.set(_Step(trace, f"{getrandbits(64) or 1:016x}", flags))
    bound = structlog.contextvars.bind_contextvars(trace_id=trace, **facts)
    try:
        yield
    finally:
        # A stream that is dropped while it sends is closed in a context of its own, in which there is nothing to take back.
        with suppress(ValueError):
            structlog.contextvars.reset_contextvars(**bound)
            _here.reset(token)


def _given(traceparent: str) -> tuple[str, str] | None:
    """The trace that *traceparent* names, and its flags; None if it names none."""
    found = _GIVEN.fullmatch(traceparent)
    if found is None:
        return None
    version, trace, step, flags, more = found.groups()
    is_known = version != "ff" and not (version == "00" and more)
    return (trace, flags) if is_known and trace.strip("0") and step.strip("0") else None


def traceparent() -> str:
    """The ``traceparent`` to send along from here; empty outside any trace."""
    here = _here.get()
    return f"00-{here.trace}-{here.step}-{here.flags}" if here is not None else ""


def trace_id() -> str:
    """The id of the trace that goes on here, in hexadecimal; empty outside any trace."""
    here = _here.get()
    return here.trace if here is not None else ""


def metadata_value(metadata: Mapping[str, str | bytes], name: str) -> str:
    """The value of one metadata field as text; empty if it is absent or not text."""
    value = metadata.get(name, "")
    return value if isinstance(value, str) else ""
