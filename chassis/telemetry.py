"""Logs and trace ids: one JSON line an event, each with the id of the trace it belongs to.

A trace crosses HTTP, gRPC and the event log in the W3C ``traceparent`` field. Logs hold ids, codes and durations; never the
content of an exchange or the name of a person.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import structlog
from opentelemetry import context as otel
from opentelemetry import trace
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT = "traceparent"

_propagator = TraceContextTextMapPropagator()
_ids = RandomIdGenerator()


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
    parent = trace.get_current_span(_propagator.extract({TRACEPARENT: traceparent})).get_span_context()
    trace_id = parent.trace_id if parent.is_valid else _ids.generate_trace_id()
    here = trace.SpanContext(trace_id, _ids.generate_span_id(), is_remote=False, trace_flags=parent.trace_flags)
    token = otel.attach(trace.set_span_in_context(trace.NonRecordingSpan(here)))
    try:
        with structlog.contextvars.bound_contextvars(trace_id=f"{trace_id:032x}", **facts):
            yield
    finally:
        # A stream that is dropped while it sends is closed in a context of its own, in which there is nothing to take back.
        with suppress(ValueError):
            token.var.reset(token)


def traceparent() -> str:
    """The ``traceparent`` to send along from here; empty outside any trace."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(TRACEPARENT, "")


def metadata_value(metadata: Mapping[str, str | bytes], name: str) -> str:
    """The value of one metadata field as text; empty if it is absent or not text."""
    value = metadata.get(name, "")
    return value if isinstance(value, str) else ""
