"""The values of fields as clients see them: codes with their labels, references as the objects they refer to."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import strawberry

from gateway.batches import AREAS, AUTHORITIES, CONCEPTS, COUNTRIES, BatchRead
from gateway.enums import Language, ValueType
from gateway.schema.common import Choice, File, Filled, FormField, FreeText, GatewayInfo, Money
from gateway.schema.directory import Area, Authority, Concept, Country
from protos.common.v1 import common_pb2 as pb


def _one(kind: str, read: Callable[[Filled], Any], description: str | None = None) -> Any:
    """What *read* gives of a value of this *kind*, or null for values of other kinds."""

    def resolve(root: Any) -> Any:
        return read(root) if root.value.WhichOneof("kind") == kind else None

    return strawberry.field(resolver=resolve, description=description)


def _referred(kind: int, batch: BatchRead) -> Any:
    async def resolve(root: Any, info: GatewayInfo) -> Any:
        if root.field.type != kind:
            return None
        loading = [info.context.load(batch, id_) for id_ in root.value.references.codes]
        return [found for found in [await one for one in loading] if found is not None]

    return strawberry.field(resolver=resolve)


def _choices(filled: Filled) -> list[pb.Choice]:
    chosen = set(filled.value.codes.codes)
    return [choice for choice in filled.field.choices if choice.code in chosen]


def _languages(root: Any) -> Any:
    return list(root.value.references.codes) if root.field.type == pb.VALUE_TYPE_LANGUAGE else None


def _files(filled: Filled) -> list[pb.File]:
    wanted = list(filled.value.files.codes)
    return [file for file in filled.files if file.id in wanted]


@strawberry.type(description="The value of a field. Of its parts, one is not null: the one the field's type takes.")
class Value:
    type: ValueType = strawberry.field(resolver=lambda root: root.field.type)
    choices: list[Choice] | None = _one("codes", _choices, "The chosen codes, labelled in the reader's language.")
    date: dt.date | None = _one("date", lambda root: dt.date.fromisoformat(root.value.date))
    number: Decimal | None = _one("number", lambda root: root.value.number)
    money: Money | None = _one("money", lambda root: root.value.money)
    text: FreeText | None = _one("text", lambda root: root.value.text)
    files: list[File] | None = _one("files", _files)
    link: str | None = _one("link", lambda root: root.value.link)
    authorities: list[Authority] | None = _referred(pb.VALUE_TYPE_AUTHORITY, AUTHORITIES)
    countries: list[Country] | None = _referred(pb.VALUE_TYPE_COUNTRY, COUNTRIES)
    areas: list[Area] | None = _referred(pb.VALUE_TYPE_AREA, AREAS)
    concepts: list[Concept] | None = _referred(pb.VALUE_TYPE_CONCEPT, CONCEPTS)
    languages: list[Language] | None = strawberry.field(resolver=_languages)


def _itself(root: Any) -> Value:
    return cast("Value", root)


@strawberry.type(description="A field with its value.")
class FieldValue:
    field: FormField
    value: Value = strawberry.field(resolver=_itself)
