"""Words of every subject: nodes, connections, free text with its translation, typed fields and their values, commands."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast

import strawberry
from strawberry.types import Info
from strawberry.types.unset import UnsetType

from gateway.batches import ENTRY_FILE_SCANS, FILE_SCANS
from gateway.context import Context
from gateway.enums import DataClass, Language, ScanState, ValueType
from gateway.readings import attr, given, localized, moment, part, spoken
from gateway.schema.parts import needs
from gateway.schema.translation import Translation
from protos.common.v1 import common_pb2 as pb
from protos.translation.v1 import translation_pb2
from vocabulary import ids, pages
from vocabulary.refusals import Invalid

DIGITS_LIMIT = 100
GatewayInfo = Info[Context, None]
Item = TypeVar("Item")


@strawberry.interface(description="Anything with an id of its own. The id says what it is of.")
class Node:
    id: strawberry.ID


@strawberry.type(
    description="Where a page of a list stands. It has `first` items: 20 if nothing is said, 100 at most; the next one begins `after` "
    "the `endCursor`."
)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[Item]):
    node: Item
    cursor: str


@strawberry.type
class Connection(Generic[Item]):
    """A page of a list."""

    edges: list[Edge[Item]]
    page_info: PageInfo
    total_count: int | None = strawberry.field(description="How many there are in all, where that is known.")


def page(first: int | None, after: str | None) -> pb.Page:
    """The page asked for; raises Invalid for a size of nothing (the services refuse the other sizes)."""
    if first is not None and first < 1:
        raise Invalid(f"a page has 1 to {pages.MAXIMUM_SIZE} items, not {first}", field="first", reason="PAGE_SIZE")
    return pb.Page(first=first or 0, after=after or "")


def connection(nodes: Sequence[Any], info: pb.PageInfo, after: str | None, total: int | None = None) -> Any:
    """A connection over *nodes*."""
    return Connection(
        edges=cast("list[Edge[Any]]", _edges(nodes, info.cursors)),
        page_info=page_info(info, after),
        total_count=total,
    )


class _Edge:
    """An edge as the schema reads it, whose cursor is read only where it is asked for."""

    __slots__ = ("_at", "_cursors", "node")

    def __init__(self, node: Any, cursors: Sequence[str], at: int) -> None:
        self.node = node
        self._cursors = cursors
        self._at = at

    @property
    def cursor(self) -> str:
        return self._cursors[self._at]


def _edges(nodes: Sequence[Any], cursors: Sequence[str]) -> list[_Edge]:
    if len(nodes) != len(cursors):
        raise ValueError("each item of a page has a cursor")
    return [_Edge(node, cursors, at) for at, node in enumerate(nodes)]


def page_info(info: pb.PageInfo, after: str | None) -> PageInfo:
    """What a connection says of the page that began after *after*."""
    return PageInfo(
        has_next_page=info.has_next_page,
        has_previous_page=bool(after),
        start_cursor=info.cursors[0] if info.cursors else None,
        end_cursor=info.cursors[-1] if info.cursors else None,
    )


@strawberry.type(
    description="A free text as one reader sees it: always the original, and a translation where there is one."
)
class FreeTextReading:
    original: str
    translation: str | None = strawberry.field(description="A machine or reviewed translation. Never part of the case.")
    notice: str | None = strawberry.field(
        description="What the translation is worth, or why there is none, in the reader's language."
    )
    details: Translation


def reading(text: Any, translation: Any, language: str) -> FreeTextReading:
    """*text* for a reader of *language*, with what there is of its *translation*."""
    translated = translation.status == translation_pb2.TRANSLATION_STATUS_TRANSLATED
    notice = translation.notice.texts.get(language) or next(iter(translation.notice.texts.values()), None)
    return FreeTextReading(
        original=text.text, translation=translation.text if translated else None, notice=notice, details=translation
    )


async def _text(
    root: Any, info: GatewayInfo, language: Language | UnsetType | None = strawberry.UNSET
) -> FreeTextReading:
    target = spoken(info, language)
    return reading(root, await info.context.texts.load(root, target), target)


@strawberry.type(description="What a person wrote, in the language they wrote it in.")
class FreeText:
    original: str = attr("text")
    language: Language
    data_class: DataClass
    text: FreeTextReading = strawberry.field(
        resolver=_text,
        description="The text for a reader of a language: original, translation, notice.",
        metadata=needs("translation"),
    )


@strawberry.input
class FreeTextInput:
    text: str
    language: Language = strawberry.field(description="The language it is written in.")
    data_class: DataClass | None = strawberry.field(default=None, description="Taken as PERSONAL if absent.")


def free_text(given: FreeTextInput | None) -> pb.FreeText | None:
    if given is None:
        return None
    data_class = given.data_class.value if given.data_class else pb.DATA_CLASS_UNSPECIFIED
    return pb.FreeText(text=given.text, language=given.language.value, data_class=data_class)


@strawberry.type(description="An amount in a currency (ISO 4217).")
class Money:
    amount: Decimal
    currency: str


@strawberry.input
class MoneyInput:
    amount: Decimal
    currency: str


@strawberry.type(description="A choice of a closed list.")
class Choice:
    code: str
    label: str = localized("label")


@strawberry.type(description="A typed field of a form.")
class FormField:
    code: str
    label: str = localized("label")
    help: str = localized("help", "What is meant, for whoever asks; empty where that goes without saying.")
    type: ValueType
    choices: list[Choice]
    mandatory: bool
    personal: bool = strawberry.field(description="Holds data of natural persons.")
    many: bool
    minimum: Decimal | None = part("minimum")
    maximum: Decimal | None = part("maximum")


@strawberry.type(description="What the scanner for malware said of a file. An infected one can no longer be read.")
class FileScan:
    state: ScanState
    at: dt.datetime | None = moment("at", "When it was scanned; null while it has not been.")


async def _scan(root: Any, info: GatewayInfo) -> Any:
    batch = ENTRY_FILE_SCANS if ids.prefix(root.id) == ids.ENTRY_FILE else FILE_SCANS
    return await info.context.load(batch, root.id)


def _url(root: Any) -> str:
    return f"/repositories/files/{root.id}" if ids.prefix(root.id) == ids.ENTRY_FILE else f"/files/{root.id}"


@strawberry.type(description="An uploaded file. Its content is at `url`, for those who may see it.")
class File:
    id: strawberry.ID
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    language: Language | None = given("language", "The language of what it says, if its owner declared one.")
    scan: FileScan | None = strawberry.field(resolver=_scan)
    url: str = strawberry.field(resolver=_url)


@dataclass(frozen=True, slots=True)
class Filled:
    """A value with the field it is of, which knows what its codes are called."""

    value: pb.Value
    field: pb.Field
    files: Sequence[pb.File] = ()


def filled(values: Sequence[pb.FieldValue], fields: Sequence[pb.Field]) -> list[Filled]:
    """*values* beside their *fields*, in the order of the form."""
    by_code = {value.code: value.value for value in values}
    return [Filled(by_code[field.code], field) for field in fields if field.code in by_code]


@strawberry.input(description="The value of a field: exactly the one that its type takes.", one_of=True)
class ValueInput:
    codes: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="YES_NO, YES_NO_UNKNOWN, SINGLE, MULTI: codes of the field's choices."
    )
    date: dt.date | None = strawberry.UNSET
    number: Decimal | None = strawberry.UNSET
    money: MoneyInput | None = strawberry.UNSET
    text: FreeTextInput | None = strawberry.UNSET
    files: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="DOCUMENT: ids of uploaded files."
    )
    link: str | None = strawberry.UNSET
    references: list[str] | None = strawberry.field(
        default=strawberry.UNSET, description="AUTHORITY, COUNTRY, AREA, CONCEPT, LANGUAGE: ids or codes."
    )


def value(given: ValueInput) -> pb.Value:
    if given.codes:
        return pb.Value(codes=pb.Codes(codes=given.codes))
    if given.date:
        return pb.Value(date=given.date.isoformat())
    if isinstance(given.number, Decimal):
        return pb.Value(number=digits(given.number))
    if given.money:
        return pb.Value(money=pb.Money(amount=digits(given.money.amount), currency=given.money.currency))
    if given.text:
        return pb.Value(text=free_text(given.text))
    if given.files:
        return pb.Value(files=pb.Codes(codes=given.files))
    if isinstance(given.link, str):
        return pb.Value(link=given.link)
    if given.references:
        return pb.Value(references=pb.Codes(codes=given.references))
    return pb.Value()


def digits(number: Decimal) -> str:
    # 1e999999999 is eleven characters to a client and a gigabyte of zeros to us; as it was written, it is refused as a number.
    return f"{number:f}" if abs(number.adjusted()) < DIGITS_LIMIT else str(number)


@strawberry.input
class FieldValueInput:
    code: str
    value: ValueInput


def field_values(given: Sequence[FieldValueInput]) -> list[pb.FieldValue]:
    return [pb.FieldValue(code=one.code, value=value(one.value)) for one in given]


@strawberry.input
class Command:
    """What every mutation's input begins with."""

    idempotency_key: str = strawberry.field(
        description="Made by the client, unique per intended effect: sent again within 7 days, it gives the first answer and no "
        "second effect."
    )
    revision: int | None = strawberry.field(
        default=None, description="The revision last seen. If given and no longer current, the command is refused."
    )


def command(given: Command) -> pb.Command:
    return pb.Command(idempotency_key=given.idempotency_key, expected_revision=given.revision)
