"""What mostly becomes of a value is what would become of it line by line; where that is an error, so it is here."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import IntEnum, StrEnum
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from graphql import GraphQLNonNull, GraphQLObjectType
from hypothesis import given
from hypothesis import strategies as st

from gateway.plan import quick
from gateway.plan.code import Names, leaf_lines
from gateway.plan.slots import Slot
from gateway.schema import graphql_schema
from protos.common.v1 import common_pb2
from protos.requests.v1 import requests_pb2
from tests.cells import cell

QUERY = graphql_schema.query_type
LEAVES = (
    "String",
    "ID",
    "Boolean",
    "Int",
    "Float",
    "Date",
    "DateTime",
    "Decimal",
    "Language",
    "RequestStatus",
    "DataClass",
)


class Number(IntEnum):
    SENT = int(requests_pb2.REQUEST_STATUS_SENT)


class Code(StrEnum):
    IT = "it"


ODD = [
    *(None, True, False, 0, 1, 2, -1, 2**31 - 1, 2**31, -(2**31) - 1, 1.0, 1.5, float("nan"), 10**400),
    *("", "1", "it", "IT", "two words", Number.SENT, Code.IT, b"it", [], ["it"], {}, ValueError("broken"), object()),
    *(date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
]


def both_ways(type_: Any, is_needed: bool) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """What completes a leaf by an expression, and what does it by lines."""
    assert isinstance(QUERY, GraphQLObjectType)
    slot, names = Slot([], GraphQLNonNull(type_) if is_needed else type_, "field", QUERY), Names()
    lines = [
        "def quickly(s):",
        f"    return {quick.completed_leaf(slot, '(s)', names)}",
        "def by_line(v):",
        *(f"    {line}" for line in leaf_lines(slot, "v", names)),
        "    return v",
    ]
    exec("\n".join(lines), names.things)
    return names.things["quickly"], names.things["by_line"]


def outcome(work: Callable[[Any], Any], value: Any) -> tuple[str, Any]:
    try:
        found = work(value)
    except Exception:
        return "raises", None
    return type(found).__name__, repr(found)


def test_a_leaf_is_written_as_it_would_be_line_by_line() -> None:
    for name in LEAVES:
        for is_needed in (False, True):
            quickly, by_line = both_ways(graphql_schema.get_type(name), is_needed)
            for value in ODD:
                with cell(f"{name}{'!' if is_needed else ''} of {value!r:.40}"):
                    assert outcome(quickly, value) == outcome(by_line, value)


@given(
    seconds=st.integers(-62_135_596_800 - 10, 253_402_300_799 + 10) | st.integers(-(2**63), 2**63 - 1),
    nanos=st.sampled_from([0, 1, 999, 1_000, 999_999_999, -1, 1_000_000_000]),
)
def test_a_moment_is_written_as_its_reading_and_its_type_write_it(seconds: int, nanos: int) -> None:
    moment = Timestamp(seconds=seconds, nanos=nanos)
    assert outcome(quick.moment_text, moment) == outcome(lambda one: one.ToDatetime(UTC).isoformat(), moment)


def test_a_list_is_gone_through_as_it_is_and_not_as_it_becomes() -> None:
    """Of messages' lists, of Python's own, and of what is neither."""
    assert isinstance(QUERY, GraphQLObjectType)
    slot, names = Slot([], graphql_schema.get_type("String"), "field", QUERY), Names()  # type: ignore[arg-type]
    item = quick.completed_leaf(slot, "m1", names)
    whole = quick.completed_list(names.of("slot", slot), item, "m1", "(s)")
    exec(f"def quickly(s):\n    return {whole}", names.things)
    quickly = names.things["quickly"]
    codes = common_pb2.Codes(codes=["a", "b"])
    assert quickly(codes.codes) == quickly(["a", "b"]) == ["a", "b"]
    assert quickly([1, "b"]) == ["1", "b"]
    assert quickly(None) is None
    for other in ("ab", ("a", "b"), iter("ab"), {"a": 1}, 7):
        assert outcome(quickly, other) == ("raises", None)
