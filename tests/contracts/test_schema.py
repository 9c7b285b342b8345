"""What clients of the last release rely on is still there."""

from pathlib import Path

import pytest
from graphql import build_schema

from gateway.schema.__main__ import TARGET
from gateway.schema.breaking import breaking, main

RELEASED = Path(__file__).parents[2] / "docs" / "released" / "schema.graphql"
BEFORE = "type Query { a: Int! b(c: Int): String d: D } enum D { E F }"
# Another schema → what of it breaks clients.
CHANGES = {
    "type Query { a: Int! b(c: Int, x: Int): String d: D y: Int } enum D { E F G }": 0,
    "type Query { b(c: Int): String d: D } enum D { E F }": 1,
    "type Query { a: Int b(c: Int): String d: D } enum D { E F }": 1,
    "type Query { a: Int! b(c: Int!): String d: D } enum D { E }": 2,
    "type Query { a: Int! b: String d: D } enum D { E F }": 1,
}


def test_nothing_that_was_released_is_broken() -> None:
    released, current = (build_schema(path.read_text(encoding="utf-8")) for path in (RELEASED, TARGET))
    assert breaking(released, current) == []


@pytest.mark.parametrize("after", sorted(CHANGES))
def test_what_breaks_a_client_is_found(tmp_path: Path, after: str, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / "before", tmp_path / "after"]
    for path, text in zip(paths, (BEFORE, after), strict=True):
        path.write_text(text)
    assert main([str(path) for path in paths]) == (1 if CHANGES[after] else 0)
    assert len(capsys.readouterr().out.splitlines()) == CHANGES[after]
