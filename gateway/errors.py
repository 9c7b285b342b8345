"""What a client learns when something is refused or goes wrong: a code, the field at fault, and never an exception's text."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import structlog
from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    ListValueNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import MaskErrors
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.limits.refusals import Limited, RateLimited, TooLarge
from gateway.serving.refusals import MethodNotAllowed, NotAcceptable, UnsupportedType
from vocabulary.refusals import (
    Conflict,
    CursorExpired,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Unauthenticated,
    Unavailable,
)

# What a refusal is in HTTP, where it is not part of a GraphQL answer.
HTTP_STATUS: dict[type[Refusal], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Invalid: 400,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    UnsupportedType: 415,
    Conflict: 409,
    CursorExpired: 410,
    Limited: 400,
    TooLarge: 413,
    RateLimited: 429,
    Unavailable: 503,
}
INTERNAL = "INTERNAL"
INTERNAL_MESSAGE = "An internal error occurred. It has been logged."
# graphql-core says only in its message where in a variable a value is wrong, and which input is missing or unknown.
_INSIDE_VARIABLE = re.compile(r"^Variable '\$\w+' has invalid value at ((?:\.\w+|\[\d+\])+):")
_BESIDE = re.compile(r"Expected value of type '[^']+' (?:to include required|not to include unknown) field '(\w+)'")
_MISSING_ARGUMENT = re.compile(r"^Argument '[^']+\((\w+):\)' of type '[^']+' is required")
# What there is besides, a client learns from the schema, if it may have that.
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")
_UNKNOWN_LANGUAGE = re.compile(r"'Language' enum")
# Documents whose inputs are remembered, for as long as their errors are told.
DOCUMENTS_REMEMBERED = 2
# Mutations have one argument, `input`; fields are named as they stand in it.
_INPUT = "input."

log = structlog.get_logger(__name__)


class CodedErrors(MaskErrors):
    """Gives every error its code, and masks those that are faults of ours."""

    def __init__(self) -> None:
        super().__init__(lambda _: True)

    def code(self, result: ExecutionResult) -> None:
        """Give the errors of *result* their codes."""
        self._process_result(result)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        return masked(error, self.execution_context.graphql_document)


def masked(error: GraphQLError, document: DocumentNode | None) -> GraphQLError:
    """*error*, which came of executing *document*, as a client may see it."""
    return GraphQLError(
        message=_message(error),
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=_extensions(error, document),
    )


def told(errors: Iterable[GraphQLError]) -> list[Any]:
    """*errors* as entries of a response's `errors`. One that has no code yet is of a fault around the operation, and is masked."""
    return [(error if "code" in (error.extensions or {}) else masked(error, None)).formatted for error in errors]


def coded(refusal: Refusal) -> dict[str, Any]:
    """*refusal* as GraphQL error extensions."""
    extensions: dict[str, Any] = {"code": refusal.code, "reason": refusal.reason}
    if refusal.field:
        extensions["field"] = refusal.field
    if isinstance(refusal, Limited):
        extensions.update(refusal.numbers)
    return extensions


def status_of(refusal: Refusal) -> tuple[int, dict[str, str]]:
    """The HTTP status that says *refusal*, and the headers that go with it."""
    status = next(HTTP_STATUS[kind] for kind in type(refusal).__mro__ if kind in HTTP_STATUS)
    match refusal:
        case Unauthenticated():
            return status, {"www-authenticate": 'Bearer error="invalid_token"'}
        case MethodNotAllowed():
            return status, {"allow": "GET, POST"}
        case RateLimited():
            return status, {"retry-after": str(refusal.numbers["retryAfter"])}
        case _:
            return status, {}


def as_error(refusal: Refusal) -> dict[str, Any]:
    """*refusal* as an entry of a response's `errors`, for answers that come before GraphQL does."""
    return {"message": refusal.message, "extensions": coded(refusal)}


def _refusal(error: GraphQLError) -> Refusal | None:
    cause = error.original_error
    if isinstance(cause, UnicodeEncodeError):
        return Invalid("a text has half of a character in it (a lone surrogate)", reason="NOT_TEXT")
    return cause if isinstance(cause, Refusal) else unfit(cause)


def unfit(error: object) -> Refusal | None:
    """What Strawberry says of an operation that there is none of, or none of a kind that is answered here; None for all else."""
    if isinstance(error, MissingQueryError):
        return Invalid("send a `query`, or the id of a document", field="query", reason="BODY")
    if isinstance(error, CannotGetOperationTypeError):
        message = "name with `operationName` one of the document's operations"
        return Invalid(message, field="operationName", reason="OPERATION_NAME")
    if not isinstance(error, InvalidOperationTypeError):
        return None
    if error.operation_type is OperationType.SUBSCRIPTION:
        message = "a subscription has many answers: ask for text/event-stream, or use a WebSocket"
        return Invalid(message, reason="SUBSCRIPTION")
    return MethodNotAllowed("a mutation goes by POST")


def _message(error: GraphQLError) -> str:
    cause = error.original_error
    if refusal := _refusal(error):
        return refusal.message
    if cause is None or isinstance(cause, GraphQLError):
        return _SUGGESTION.sub("", error.message)
    return INTERNAL_MESSAGE


def _extensions(error: GraphQLError, document: DocumentNode | None) -> dict[str, Any]:
    cause = error.original_error
    if refusal := _refusal(error):
        return coded(refusal)
    if cause is None or isinstance(cause, GraphQLError):
        reason = "UNKNOWN_LANGUAGE" if _UNKNOWN_LANGUAGE.search(error.message) else "GRAPHQL"
        return coded(Invalid(error.message, field=_field(error, document), reason=reason))
    log.error("fault", path=error.path, exc_info=cause)
    return {"code": INTERNAL}


def _field(error: GraphQLError, document: DocumentNode | None) -> str:
    """The input that *error* is about, as the client wrote it; empty if it is about none."""
    if document is None or not error.nodes:
        return ""
    if missing := _MISSING_ARGUMENT.search(error.message):
        return missing.group(1).removeprefix(_INPUT)
    node = error.nodes[0]
    if isinstance(node, VariableDefinitionNode):
        path = _inputs(document).variables.get(node.variable.name.value, "")
    else:
        path = _inputs(document).nodes.get(id(node), "")
    inside = _INSIDE_VARIABLE.search(error.message)
    beside = None if isinstance(node, ObjectFieldNode) else _BESIDE.search(error.message)
    found = path + (inside.group(1) if inside else "") + (f".{beside.group(1)}" if beside else "")
    return found.removeprefix(_INPUT)


def _inputs(document: DocumentNode) -> "_Inputs":
    """Where the inputs of *document* stand: one document has many errors, and is gone through once for them."""
    known = _known.get(id(document))
    if known is None:
        inputs = _Inputs()
        visit(document, inputs)
        known = _known[id(document)] = (document, inputs)
        if len(_known) > DOCUMENTS_REMEMBERED:
            _known.popitem(last=False)
    return known[1]


class _Inputs(Visitor):
    """The paths of arguments and input fields that lead to each value, and to where each variable is first used."""

    def __init__(self) -> None:
        super().__init__()
        # By the identity of the node.
        self.nodes: dict[int, str] = {}
        self.variables: dict[str, str] = {}

    def enter_argument(self, argument: ArgumentNode, *_: Any) -> None:
        for node, path in ((argument, argument.name.value), *_values(argument.value, argument.name.value)):
            self.nodes[id(node)] = path
            if isinstance(node, VariableNode):
                self.variables.setdefault(node.name.value, path)


# Document, by its identity → its inputs; with the document, so that no other has its identity.
_known: OrderedDict[int, tuple[DocumentNode, _Inputs]] = OrderedDict()


def _values(value: Node, path: str) -> Iterator[tuple[Node, str]]:
    """*value*, which is written at *path*, and everything in it, each with its path."""
    yield value, path
    if isinstance(value, ListValueNode):
        for index, item in enumerate(value.values):
            yield from _values(item, f"{path}[{index}]")
    elif isinstance(value, ObjectValueNode):
        for field in value.fields:
            at = f"{path}.{field.name.value}"
            yield field, at
            yield from _values(field.value, at)
