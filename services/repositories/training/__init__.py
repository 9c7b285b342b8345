"""Entries that a training system begins with: some in each repository that is shipped, written and published by the rules."""

import datetime as dt
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog

from chassis.aggregates import Aggregates
from services.repositories import wire
from services.repositories.domain import drafting, releasing
from services.repositories.domain.definitions import Definition
from services.repositories.domain.drafting import Content
from services.repositories.domain.entries import Actor, Entry
from services.repositories.domain.lifecycle import Action
from vocabulary import ids
from vocabulary.training import coordinator_id, national_id
from vocabulary.values import CHOOSING, REFERRING, DataClass, Field, FreeText, Money, Value, ValueType

SOURCE = Path(__file__).parent / "entries.toml"
OWNER = "@owner"
log = structlog.get_logger(__name__)


async def load(entries: Aggregates[Entry], definitions: Mapping[str, Definition], now: datetime) -> None:
    """Store them; what is there already stays as it is."""
    made = dict(invented(definitions, now))
    new = [(id_, one, [wire.changed(id_, 1, Action.PUBLISH, None, one)]) for id_, one in made.items()]
    count = await entries.load(new)
    log.info("training_entries_loaded", entries=count)


def invented(definitions: Mapping[str, Definition], now: datetime) -> Iterator[tuple[str, Entry]]:
    """Those of repositories that there are, by id, the same ones each time."""
    for number, table in enumerate(tomllib.loads(SOURCE.read_text(encoding="utf-8"))["entries"], 1):
        if table["repository"] in definitions:
            id_ = ids.derived(ids.ENTRY, "training", table["repository"], str(number))
            yield id_, _published(table, definitions, now)


def _published(table: Mapping[str, Any], definitions: Mapping[str, Definition], now: datetime) -> Entry:
    definition, area, country = definitions[table["repository"]], table["area"], table["country"]
    owner = national_id(country, area, table["of"])
    by = Actor(authority_id=owner, country=country, areas=frozenset({area}), now=now)
    fields = {one.code: one for one in definition.fields}
    last = table.get("valid_to")
    content = Content(
        values={
            code: _value(fields[code], said, table["language"], owner, definition.data_class(code))
            for code, said in table["values"].items()
        },
        valid_to=dt.date.fromisoformat(last) if last else None,
    )
    new = drafting.create(definition, content, by)
    if not definition.approval:
        return releasing.publish(new, definition, by)
    coordinator = Actor(
        authority_id=coordinator_id(country, area), country=country, approves=frozenset({area}), now=now
    )
    return releasing.approve(releasing.submit(new, definition, by), definition, coordinator)


def _value(field: Field, said: Any, language: str, owner: str, data_class: DataClass) -> Value:
    """What *said* is as a value of *field*."""
    if field.type is ValueType.AUTHORITY:
        return Value(references=tuple(owner if one == OWNER else national_id(*one.split("/")) for one in said))
    if field.type in REFERRING:
        return Value(references=tuple(said))
    if field.type in CHOOSING:
        return Value(codes=tuple(said))
    match field.type:
        case ValueType.DATE:
            return Value(date=dt.date.fromisoformat(said))
        case ValueType.MONEY:
            return Value(money=Money(amount=Decimal(said["amount"]), currency=said["currency"]))
        case ValueType.LINK:
            return Value(link=said)
    return Value(text=FreeText(text=said, language=language, data_class=data_class))
