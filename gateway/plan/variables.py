"""What depends on an operation's variables."""

from collections.abc import Iterable
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    VariableNode,
    Visitor,
    visit,
)


def varies(node: FieldNode) -> bool:
    """Whether an argument of *node* depends on a variable."""
    found = _Used()
    for argument in node.arguments or ():
        visit(argument, found)
    return found.any


def deciding(definitions: Iterable[Any]) -> tuple[str, ...]:
    """The variables that decide what is skipped and included in *definitions*."""
    found = _Deciding()
    for one in definitions:
        visit(one, found)
    return tuple(sorted(found.names))


class _Used(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.any = False

    def enter_variable(self, *_: Any) -> None:
        self.any = True


class _Deciding(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value not in (GraphQLSkipDirective.name, GraphQLIncludeDirective.name):
            return
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.names.add(argument.value.name.value)
