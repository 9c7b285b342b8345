"""Which reasons the code can give for a refusal, read from the code itself, so that none is left without words for people."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from services.alerts.domain.alerts import InformationStatus
from vocabulary.addresses import Outcome

ROOT = Path(__file__).parents[2]
ROOMS = ("vocabulary", "engines", "chassis", "services", "gateway")
CODE = re.compile(r"[A-Z][A-Z_]+")
# A reason that another place has given already, and that is only handed on.
HANDED_ON = re.compile(r"(\w+\.)*reason")
# What is put together when it is given: as it is written there, and what can come of it.
PUT_TOGETHER: dict[str, set[str]] = {
    "name.upper()": {"DEPTH", "FIELDS", "ALIASES", "DIRECTIVES", "FRAGMENTS", "REPEATS"},
    "attempt.outcome": {str(one) for one in Outcome if one is not Outcome.DELIVERED},
    "f'ALREADY_{found.status}'": {
        f"ALREADY_{one}" for one in InformationStatus if one is not InformationStatus.PROPOSED
    },
}


class UnknownReason(Exception):
    """A refusal is given a reason of which nobody can say what it is; how it is put together belongs into PUT_TOGETHER."""


def reasons() -> set[str]:
    """The reasons that refusals are given. Raises UnknownReason."""
    texts = [path.read_text(encoding="utf-8") for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    trees = [ast.parse(text) for text in texts if "reason" in text or "Refusal" in text]
    kinds = _kinds(trees)
    constants = {name: code for tree in trees for name, code in _constants(tree)}
    return {code for tree in trees for code in _given(tree, kinds, constants)}


def _kinds(trees: list[ast.Module]) -> set[str]:
    """The names of the classes of refusals."""
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"Refusal"}
    while more := {one.name for one in classes if found & {ast.unparse(base) for base in one.bases}} - found:
        found |= more
    return found


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(code))):
                yield name, code


def _given(tree: ast.Module, kinds: set[str], constants: dict[str, str]) -> Iterator[str]:
    takes = dict(_taking(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=keywords):
                values = [one.value for one in keywords if one.arg == "reason"]
                if name in takes and len(args) > takes[name]:
                    values.append(args[takes[name]])
                for value in values:
                    yield from _codes(value, constants, refuses=name in kinds)
            case ast.FunctionDef(args=taken):
                for argument, default in zip(reversed(taken.args), reversed(taken.defaults), strict=False):
                    if argument.arg == "reason":
                        yield from _codes(default, constants)
            case ast.Assign(targets=[*_, ast.Name(id="reason" | "default_reason")], value=value):
                yield from _codes(value, constants)
            case ast.AnnAssign(target=ast.Name(id="default_reason"), value=ast.expr() as value):
                yield from _codes(value, constants)


def _taking(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions and classes that are given a reason, each with its place among the arguments."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, args=taken) if name != "__init__":
                yield from ((name, place) for place in _place(taken))
            case ast.ClassDef(name=name, body=body):
                for one in body:
                    if isinstance(one, ast.FunctionDef) and one.name == "__init__":
                        yield from ((name, place) for place in _place(one.args))


def _place(taken: ast.arguments) -> Iterator[int]:
    names = [one.arg for one in (*taken.posonlyargs, *taken.args) if one.arg != "self"]
    if "reason" in names:
        yield names.index("reason")


def _codes(value: ast.expr, constants: dict[str, str], *, refuses: bool = False) -> set[str]:
    """What *value* can be; raises UnknownReason if that cannot be said of one that *refuses*."""
    written = ast.unparse(value)
    if written in PUT_TOGETHER:
        return PUT_TOGETHER[written]
    if written in constants:
        return {constants[written]}
    found = {
        node.value
        for node in ast.walk(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    if refuses and not found and not HANDED_ON.fullmatch(written):
        raise UnknownReason(written)
    return found
