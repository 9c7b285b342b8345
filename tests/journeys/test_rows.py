"""Each capability, from registration to the audit, has a journey: its docstring says which, as ``(rows 6, 7)``.

The rows are numbered as in the list of capabilities that a system of this kind has to have.
"""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
CLAIM = re.compile(r"\(rows? ([0-9a-d, ]+)\)")
# That no status is a dead end (row 63) is asked of the tables themselves: `test_lifecycle.py` of each service.
WANTED = {*map(str, (*range(1, 53), *range(54, 59), *range(60, 63))), "56a", "56b", "56c", "56d"}


def claimed() -> dict[str, list[str]]:
    """The rows that tests here say they show, each with these tests."""
    found: dict[str, list[str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.name.startswith("test_"):
                for numbers in CLAIM.findall(ast.get_docstring(node) or ""):
                    for number in numbers.split(","):
                        found.setdefault(number.strip(), []).append(f"{path.name}::{node.name}")
    return found


def test_every_row_has_a_journey() -> None:
    assert WANTED - set(claimed()) == set()


def test_no_row_is_claimed_that_there_is_not() -> None:
    assert set(claimed()) <= {*map(str, range(1, 65)), "56a", "56b", "56c", "56d"}
