"""docs/security.md names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text()
ATTACKS = [f"S{number}" for number in range(1, 22)]


def rows() -> dict[str, list[str]]:
    found = {}
    for line in TABLE.splitlines():
        if match := re.match(r"\| (S\d+) \|", line):
            found[match[1]] = re.findall(r"`(tests/[^`]+)`", line)
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_has_tests(attack: str) -> None:
    named = rows().get(attack)
    assert named
    for one in named:
        path, _, name = one.partition("::")
        parsed = ast.parse((ROOT / path).read_text())
        assert name in {
            node.name for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
