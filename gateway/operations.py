"""Around every operation: a context of its own, a trace, a count."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress

import structlog
from graphql import GraphQLError, parse
from prometheus_client import Counter, Histogram
from strawberry.extensions import ParserCache, SchemaExtension

from gateway.context import Context
from gateway.limits.known import LONGEST

# Names of operations that are told apart: the first ones that people use. All others are `other`, and those without a name have none.
NAMES = 100
OTHER = "other"
# What is no name, or longer than those that people give, is shown nowhere: a client may say anything.
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")

OPERATIONS = Counter("imi_gateway_operations_total", "GraphQL operations.", ["kind", "operation", "outcome"])
SECONDS = Histogram("imi_gateway_operation_seconds", "How long queries and mutations take.", ["kind", "operation"])

log = structlog.get_logger(__name__)


class Names:
    """Keeps the labels of metrics few, whatever clients call their operations."""

    def __init__(self, at_most: int = NAMES) -> None:
        self._at_most = at_most
        self._shown: set[str] = {""}

    def shown(self, name: str, *, known: bool) -> str:
        """*name*, or `other`. Only who is *known* makes room be taken for a new one."""
        if name not in self._shown and known and len(self._shown) <= self._at_most and _NAME.fullmatch(name):
            self._shown.add(name)
        return name if name in self._shown else OTHER


_names = Names()


class Operations(SchemaExtension):
    """Gives each operation a fresh context, so that two on one WebSocket share nothing but who asks; counts and logs it."""

    _connection: Context
    _started = 0.0

    def on_operation(self) -> Iterator[None]:
        self.begin()
        yield
        self.end()

    def begin(self) -> None:
        """Before anything is done for it."""
        execution = self.execution_context
        assert isinstance(execution.context, Context)
        self._connection = execution.context
        execution.context = self._connection.for_operation(execution)
        self._started = time.perf_counter()

    def end(self) -> None:
        """When there is its result."""
        execution, connection = self.execution_context, self._connection
        kind = _kind(execution)
        took = time.perf_counter() - self._started
        errors = getattr(execution.result, "errors", None)
        outcome = str((errors[0].extensions or {}).get("code", "INTERNAL")) if errors else "OK"
        if kind == "mutation" and connection.kept is not None and execution.graphql_document is not None:
            connection.kept.commanded(execution.graphql_document)
        noted(kind, execution.operation_name, outcome, took, known=connection.person is not None)


def noted(kind: str, operation: str | None, outcome: str, took: float, *, known: bool) -> None:
    """Count and log an operation that took so many seconds; *known* says whether whoever sent it has signed in."""
    name = _names.shown(operation or "", known=known)
    OPERATIONS.labels(kind, name, outcome).inc()
    if kind != "subscription":
        SECONDS.labels(kind, name).observe(took)
    said = operation if operation is None or _NAME.fullmatch(operation) else OTHER
    log.info("operation", kind=kind, operation=said, outcome=outcome, ms=round(took * 1000, 2))


class ParsedDocuments(ParserCache):
    """Strawberry's cache, but a document that cannot be parsed is refused like any other: raised from here, its error would be
    neither coded nor, in a stream, sent. What is too long is parsed and not kept."""

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        text = execution.query or ""
        read = self.cached_parse_document if len(text) <= LONGEST else parse
        with suppress(GraphQLError):
            execution.graphql_document = read(text, **execution.parse_options)
        yield


def _kind(execution: object) -> str:
    try:
        return str(execution.operation_type.value).lower()  # type: ignore[attr-defined]
    except Exception:  # a document that cannot be parsed is of no kind
        return "invalid"
