"""What a client learns when something is refused or goes wrong: a code, the field at fault, and never an exception's text."""

import re
from typing import Any

import structlog
from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    Node,
    ObjectFieldNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from strawberry.extensions import MaskErrors

from vocabulary.refusals import Invalid, Refusal

INTERNAL = "INTERNAL"
INTERNAL_MESSAGE = "An internal error occurred. It has been logged."
# graphql-core says in its message where in a variable a value is wrong.
_INSIDE_VARIABLE = re.compile(r" at '\$?\w+((?:\.\w+|\[\d+\])+)'")
_UNKNOWN_LANGUAGE = re.compile(r"'Language' enum")
# Mutations have one argument, `input`; fields are named as they stand in it.
_INPUT = "input."

log = structlog.get_logger(__name__)


class CodedErrors(MaskErrors):
    """Gives every error its code, and masks those that are faults of ours."""

    def __init__(self) -> None:
        super().__init__(lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        return GraphQLError(
            message=_message(error),
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=_extensions(error, self.execution_context.graphql_document),
        )


def coded(refusal: Refusal) -> dict[str, Any]:
    """*refusal* as GraphQL error extensions."""
    extensions = {"code": refusal.code, "reason": refusal.reason}
    if refusal.field:
        extensions["field"] = refusal.field
    return extensions


def as_error(refusal: Refusal) -> dict[str, Any]:
    """*refusal* as an entry of a response's `errors`, for answers that come before GraphQL does."""
    return {"message": refusal.message, "extensions": coded(refusal)}


def _message(error: GraphQLError) -> str:
    cause = error.original_error
    if isinstance(cause, Refusal):
        return cause.message
    if cause is None or isinstance(cause, GraphQLError):
        return error.message
    return INTERNAL_MESSAGE


def _extensions(error: GraphQLError, document: DocumentNode | None) -> dict[str, Any]:
    cause = error.original_error
    if isinstance(cause, Refusal):
        return coded(cause)
    if cause is None or isinstance(cause, GraphQLError):
        reason = "UNKNOWN_LANGUAGE" if _UNKNOWN_LANGUAGE.search(error.message) else "GRAPHQL"
        return coded(Invalid(error.message, field=_field(error, document), reason=reason))
    log.error("fault", path=error.path, exc_info=cause)
    return {"code": INTERNAL}


def _field(error: GraphQLError, document: DocumentNode | None) -> str:
    """The input that *error* is about, as the client wrote it; empty if it is about none."""
    if document is None or not error.nodes:
        return ""
    inputs = _Inputs(error.nodes[0])
    visit(document, inputs)
    inside = _INSIDE_VARIABLE.search(error.message)
    found = inputs.found + (inside.group(1) if inside else "")
    return found.removeprefix(_INPUT).lstrip(".")


class _Inputs(Visitor):
    """Finds the path of arguments and input fields that leads to a value, or to where a variable is used."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.found = ""
        self._node = node
        self._variable = node.variable.name.value if isinstance(node, VariableDefinitionNode) else ""
        self._path: list[str] = []

    def enter(self, node: Node, *_: Any) -> None:
        if isinstance(node, ArgumentNode | ObjectFieldNode):
            self._path.append(node.name.value)
        is_variable = isinstance(node, VariableNode) and node.name.value == self._variable
        if self._path and (node is self._node or is_variable):
            self.found = ".".join(self._path)

    def leave(self, node: Node, *_: Any) -> None:
        if isinstance(node, ArgumentNode | ObjectFieldNode):
            self._path.pop()
