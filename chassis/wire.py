"""The shared words on the wire: `protos.common` ↔ `vocabulary`, in both directions, and enums by their names."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from protos.common.v1 import common_pb2 as pb
from vocabulary import languages, pages
from vocabulary.files import File
from vocabulary.pages import Page
from vocabulary.proofs import Ground, Proof
from vocabulary.refusals import Invalid
from vocabulary.values import (
    Choice,
    DataClass,
    Field,
    FreeText,
    LocalizedText,
    Money,
    Value,
    ValueType,
    decimal,
    iso_date,
)

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper  # a name of the stubs only

Member = TypeVar("Member", bound=StrEnum)
Listed = TypeVar("Listed", bound=Sized)

BATCH_LIMIT = 1_000
# So many items in a list of a command: more than any form or rule takes, each of which says how many that is.
LISTED_LIMIT = 1_000
CHUNK_BYTES = 64 * 1024


class EnumOnWire(Generic[Member]):
    """A domain enum and its protobuf twin, whose values are the same names behind a prefix."""

    def __init__(self, domain: type[Member], wire: "_EnumTypeWrapper[Any]") -> None:
        names = wire.keys()
        prefix = names[0].removesuffix("UNSPECIFIED")
        self._domain = domain
        self._to_wire = {member: wire.Value(prefix + member.value) for member in domain}
        self._from_wire = {number: member for member, number in self._to_wire.items()}

    def to_wire(self, member: Member) -> Any:
        return self._to_wire[member]

    def known(self, number: int) -> Member | None:
        """The member; None for none, or for one this version does not know."""
        return self._from_wire.get(number)

    def from_wire(self, number: int, *, field: str) -> Member:
        """The member; raises Invalid naming *field* for none, or for one this version does not know."""
        member = self.known(number)
        if member is None:
            expected = ", ".join(self._domain)
            raise Invalid(f"this must be one of {expected}", field=field, reason="UNKNOWN_VALUE")
        return member


VALUE_TYPE = EnumOnWire(ValueType, pb.ValueType)
DATA_CLASS = EnumOnWire(DataClass, pb.DataClass)
PROOF_GROUND = EnumOnWire(Ground, pb.ProofGround)


def few(items: Listed, *, at: str) -> Listed:
    """*items*; raises Invalid for more than any list may have: before any of them is looked at, since that would hold everybody up."""
    if len(items) > LISTED_LIMIT:
        raise Invalid(f"a list has at most {LISTED_LIMIT:,} items", field=at, reason="TOO_MANY")
    return items


def timestamp(at: datetime | None) -> Timestamp | None:
    """*at* for a message; None stays absent."""
    if at is None:
        return None
    result = Timestamp()
    result.FromDatetime(at)
    return result


def datetime_of(message: Timestamp) -> datetime:
    return message.ToDatetime(tzinfo=UTC)


def localized(texts: LocalizedText, wanted: Collection[str]) -> pb.LocalizedText:
    """*texts* in the *wanted* languages (none means all), and in at least one if there is any text at all."""
    chosen = {code: texts[code] for code in wanted if texts.get(code)} if wanted else dict(texts)
    if not chosen and (best := languages.best_text(texts, languages.FALLBACK)):
        chosen = {best[1]: best[0]}
    return pb.LocalizedText(texts=chosen)


def localized_from(message: pb.LocalizedText, *, at: str, limit: int = 500) -> dict[str, str]:
    """The texts of *message*; raises Invalid for an unknown language or an overlong text. Empty ones are left out."""
    texts: dict[str, str] = {}
    for code, text in few(message.texts, at=at).items():
        language = languages.require(code, field=f"{at}.{code}")
        if len(text) > limit:
            raise Invalid(f"the text is longer than {limit} characters", field=f"{at}.{code}", reason="TOO_LONG")
        if text.strip():
            texts[language] = text.strip()
    return texts


def wanted_languages(codes: Sequence[str]) -> list[str]:
    """The languages a read asked for; raises Invalid for one that is not ours, and for more than there are."""
    if len(codes) > len(languages.ALL):
        raise Invalid(f"there are {len(languages.ALL)} languages", field="languages", reason="TOO_MANY")
    return [languages.require(code, field=f"languages[{index}]") for index, code in enumerate(codes)]


def free_text(text: FreeText | None) -> pb.FreeText | None:
    if text is None:
        return None
    return pb.FreeText(text=text.text, language=text.language, data_class=DATA_CLASS.to_wire(text.data_class))


def free_text_from(message: pb.FreeText, *, at: str) -> FreeText:
    data_class = (
        DATA_CLASS.from_wire(message.data_class, field=f"{at}.dataClass") if message.data_class else DataClass.PERSONAL
    )
    return FreeText(text=message.text, language=message.language, data_class=data_class)


def proof(one: Proof) -> pb.Proof:
    return pb.Proof(
        authority_id=one.authority_id,
        country_code=one.country,
        ground=PROOF_GROUND.to_wire(one.ground),
        reason=free_text(one.reason),
        at=timestamp(one.at),
    )


def value(value: Value) -> pb.Value:
    if value.codes is not None:
        return pb.Value(codes=pb.Codes(codes=value.codes))
    if value.date is not None:
        return pb.Value(date=value.date.isoformat())
    if value.number is not None:
        return pb.Value(number=f"{value.number:f}")
    if value.money is not None:
        return pb.Value(money=pb.Money(amount=f"{value.money.amount:f}", currency=value.money.currency))
    if value.text is not None:
        return pb.Value(text=free_text(value.text))
    if value.files is not None:
        return pb.Value(files=pb.Codes(codes=value.files))
    if value.link is not None:
        return pb.Value(link=value.link)
    return pb.Value(references=pb.Codes(codes=value.references or ()))


def value_from(message: pb.Value, *, at: str) -> Value:
    """The value that *message* writes; raises Invalid for a date or number that is none, and for no value at all."""
    match message.WhichOneof("kind"):
        case "codes":
            return Value(codes=tuple(message.codes.codes))
        case "date":
            return Value(date=iso_date(message.date, at=f"{at}.date"))
        case "number":
            return Value(number=decimal(message.number, at=f"{at}.number"))
        case "money":
            amount = decimal(message.money.amount, at=f"{at}.money.amount")
            return Value(money=Money(amount=amount, currency=message.money.currency))
        case "text":
            return Value(text=free_text_from(message.text, at=f"{at}.text"))
        case "files":
            return Value(files=tuple(message.files.codes))
        case "link":
            return Value(link=message.link)
        case "references":
            return Value(references=tuple(message.references.codes))
        case _:
            raise Invalid("there is no value", field=at, reason="EMPTY")


def field_values(values: Mapping[str, Value]) -> list[pb.FieldValue]:
    return [pb.FieldValue(code=code, value=value(one)) for code, one in values.items()]


def field_values_from(messages: Sequence[pb.FieldValue], *, at: str) -> dict[str, Value]:
    """The values of a form by field; raises Invalid for a field that is given twice, and for more than any form has."""
    values: dict[str, Value] = {}
    for index, message in enumerate(few(messages, at=at)):
        if message.code in values:
            raise Invalid(f"{message.code} is given twice", field=f"{at}[{index}].code", reason="REPEATED")
        values[message.code] = value_from(message.value, at=f"{at}[{index}].value")
    return values


def field(field: Field, wanted: Collection[str]) -> pb.Field:
    return pb.Field(
        code=field.code,
        label=localized(field.label, wanted),
        type=VALUE_TYPE.to_wire(field.type),
        choices=[choice(one, wanted) for one in field.choices],
        mandatory=field.mandatory,
        personal=field.personal,
        many=field.many,
        minimum=None if field.minimum is None else f"{field.minimum:f}",
        maximum=None if field.maximum is None else f"{field.maximum:f}",
        searchable=field.searchable,
        help=localized(field.help, wanted) if field.help else None,
    )


def choice(choice: Choice, wanted: Collection[str]) -> pb.Choice:
    return pb.Choice(code=choice.code, label=localized(choice.label, wanted))


def file(file: File) -> pb.File:
    return pb.File(
        id=file.id,
        name=file.name,
        media_type=file.media_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        language=file.language,
    )


def page_info(page: Page[Any]) -> pb.PageInfo:
    return pb.PageInfo(cursors=page.cursors, has_next_page=page.has_next)


def page_size(message: pb.Page) -> int:
    """The size of the page asked for; raises Invalid outside 1 to 100."""
    return pages.size(message.first)


def batch(ids: Iterable[str]) -> list[str]:
    """The ids of a batch read, each once; raises Invalid for more than 1,000."""
    unique = list(dict.fromkeys(ids))
    if len(unique) > BATCH_LIMIT:
        raise Invalid(f"a batch holds at most {BATCH_LIMIT} ids", field="ids", reason="TOO_MANY")
    return unique


def header_of(first: Any, what: str) -> Any:
    """The header in the *first* message of a stream; raises Invalid if *what* is sent (``an upload``) begins with something else."""
    if not first.HasField("header"):
        raise Invalid(f"{what} begins with its header", field="header", reason="MISSING_FIELD")
    return first.header


async def chunks_of(parts: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    """The content of *parts*, the messages behind the header of an upload."""
    async for part in parts:
        yield part.chunk


def in_chunks(content: bytes) -> Iterator[bytes]:
    """*content* in pieces that are sent one after the other."""
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]
