"""Around every operation: a context of its own, a trace, a count."""

import time
from collections.abc import Iterator
from contextlib import suppress

import structlog
from graphql import GraphQLError
from prometheus_client import Counter, Histogram
from strawberry.extensions import ParserCache, SchemaExtension

from gateway.context import Context

OPERATIONS = Counter("imi_gateway_operations_total", "GraphQL operations.", ["kind", "outcome"])
SECONDS = Histogram("imi_gateway_operation_seconds", "How long queries and mutations take.", ["kind"])

log = structlog.get_logger(__name__)


class Operations(SchemaExtension):
    """Gives each operation a fresh context, so that two on one WebSocket share nothing but who asks; counts and logs it."""

    def on_operation(self) -> Iterator[None]:
        execution = self.execution_context
        connection = execution.context
        assert isinstance(connection, Context)
        execution.context = connection.for_operation(execution)
        started = time.perf_counter()
        yield
        kind = _kind(execution)
        took = time.perf_counter() - started
        errors = getattr(execution.result, "errors", None)
        outcome = str((errors[0].extensions or {}).get("code", "INTERNAL")) if errors else "OK"
        OPERATIONS.labels(kind, outcome).inc()
        if kind != "subscription":
            SECONDS.labels(kind).observe(took)
        log.info("operation", kind=kind, operation=execution.operation_name, outcome=outcome, ms=round(took * 1000, 2))


class Documents(ParserCache):
    """Strawberry's cache, but a document that cannot be parsed is refused like any other: raised from here, its error would be
    neither coded nor, in a stream, sent."""

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        with suppress(GraphQLError):
            execution.graphql_document = self.cached_parse_document(execution.query, **execution.parse_options)
        yield


def _kind(execution: object) -> str:
    try:
        return str(execution.operation_type.value).lower()  # type: ignore[attr-defined]
    except Exception:  # a document that cannot be parsed is of no kind
        return "invalid"
