"""The limits that the law sets, by area of legislation: data, read once."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from services.requests.domain.deadlines import Limits

FILE = Path(__file__).with_name("limits.toml")


@cache
def limits() -> Mapping[str, Limits]:
    """What the law says of each area; raises msgspec.ValidationError for what the file may not say."""
    with FILE.open("rb") as opened:
        tables = tomllib.load(opened)
    return MappingProxyType({area: limits_of(table) for area, table in tables.items()})


def area_limits(area: str) -> Limits:
    """What the law says of *area*: nothing, of one that the file does not name."""
    return limits().get(area, Limits())


def limits_of(table: Mapping[str, object]) -> Limits:
    unknown = table.keys() - Limits.__slots__
    if unknown:
        raise msgspec.ValidationError(f"unknown: {', '.join(sorted(unknown))}")
    return msgspec.convert(table, Limits)
