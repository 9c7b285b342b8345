"""What belongs to a repository and its entries: who reads, versions, steps, what differs. Fields and links, no rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import strawberry

from gateway.batches import AREAS, AUTHORITIES, COUNTRIES, REPOSITORIES
from gateway.enums import EntryAction, EntryStatus, LinkState, RepositoryRole, Visibility
from gateway.readings import day, given, link, links, localized, moment, part
from gateway.schema.common import Filled, FormField, GatewayInfo
from gateway.schema.directory import Area, Authority, Country
from gateway.schema.values import FieldValue, Value
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb


@strawberry.type(description="Who reads what is published. The owner's own people with a role in the module always do.")
class Audience:
    visibility: Visibility
    countries: list[Country] = links(COUNTRIES, "countries", "Of COUNTRY: these; without any, the entry's own.")
    roles: list[RepositoryRole] = strawberry.field(description="Of ROLE.")
    authorities: list[Authority] = links(AUTHORITIES, "authority_ids", "Of EXPLICIT.")
    authority_fields: list[str] = strawberry.field(
        description="Of EXPLICIT: codes of the fields whose authorities read the entry."
    )


@strawberry.type(description="What holds for a field beside what it takes.")
class FieldRule:
    field_code: str
    audience: Audience | None = part("audience", "Who of the repository's readers reads it; null: all of them.")
    translatable: bool


@strawberry.type(description="In whole months after an entry was withdrawn or has expired; 0: never by itself.")
class Retention:
    archived_after_months: int
    erased_after_months: int


@strawberry.type(description="A data set that authorities keep for each other, in one version of its definition.")
class Repository:
    code: strawberry.ID
    schema_version: int
    title: str = localized("title")
    description: str = localized("description")
    legal_basis: str = localized("legal_basis")
    visibility: Visibility
    audience: Audience | None = part("audience")
    area: Area | None = link(AREAS, "area_code", "Null if each entry says which.")
    editor_roles: list[RepositoryRole]
    approval: bool = strawberry.field(description="Whether another authority approves what is published.")
    retention: Retention | None = part("retention")
    fields: list[FormField]
    field_rules: list[FieldRule] = strawberry.field(description="One for each field, in the same order.")


@dataclass(frozen=True, slots=True)
class Version:
    """A version beside the fields of the definition that it was written for."""

    version: pb.EntryVersion
    fields: Sequence[common_pb2.Field]

    @property
    def values(self) -> list[Filled]:
        by_code = {one.code: one.value for one in self.version.values}
        return [Filled(by_code[one.code], one, self.version.files) for one in self.fields if one.code in by_code]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.version, name)


@strawberry.type(description="What an entry says, or said.")
class EntryVersion:
    number: int
    schema_version: int
    values: list[FieldValue]
    at: datetime | None = moment("version.at")
    reason: str | None = given("reason")
    valid_from: date | None = day("valid_from")
    valid_to: date | None = day("valid_to", "The last day.")
    reverts_to: int | None = given("reverts_to", "The version that it says the same as, if it goes back to one.")


async def fields_of(info: GatewayInfo, code: str, schema_version: int) -> Sequence[common_pb2.Field]:
    """The fields of a repository as they were in that version."""
    repository = await info.context.load(REPOSITORIES, f"{code}:{schema_version}")
    found: Sequence[common_pb2.Field] = repository.fields if repository else ()
    return found


async def version_of(info: GatewayInfo, code: str, version: pb.EntryVersion) -> Version:
    return Version(version, await fields_of(info, code, version.schema_version))


@strawberry.type(description="One change of an entry. Never altered, never removed.")
class EntryHistoryEntry:
    at: datetime | None = moment("at")
    authority: Authority | None = link(AUTHORITIES, "authority_id", "Null for what was done by itself.")
    action: EntryAction
    from_: EntryStatus | None = strawberry.field(name="from", resolver=lambda root: getattr(root, "from") or None)
    to: EntryStatus
    version: int | None = given("version", "The version that it was about.")
    reason: str | None = given("reason")


@strawberry.type(description="Something that can be done to an entry, and whether the reader may do it now.")
class PossibleEntryAction:
    action: EntryAction
    possible: bool
    code: str | None = given("code", "Why not: the code that the refusal would have; null if it is possible.")
    reason: str | None = given("reason", "Why not: the reason that the refusal would have.")
    message: str | None = given("message", "Why not, in words.")


@strawberry.type(description="How the address in a field answered.")
class LinkCheck:
    field_code: str
    link: str
    state: LinkState
    checked_at: datetime | None = moment("checked_at", "Null while it has not been looked at.")
    since: datetime | None = moment("since", "Since when it has been so.")
    http_status: int | None = given("http_status", "What HTTP said last.")


@strawberry.type(
    description="A field that two versions say something different in; a value is null where one says nothing."
)
class FieldDifference:
    field: FormField
    before: Value | None
    after: Value | None


@strawberry.type(description="What differs between two versions of an entry, in the fields that the reader may read.")
class EntryDiff:
    from_: int = strawberry.field(name="from", resolver=lambda root: root.numbers[0])
    to: int = strawberry.field(resolver=lambda root: root.numbers[1])
    differences: list[FieldDifference]


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference beside the field that it is in, as each of the versions had it."""

    field: common_pb2.Field
    before: Filled | None
    after: Filled | None


@dataclass(frozen=True, slots=True)
class Diff:
    numbers: tuple[int, int]
    differences: list[Difference]


async def diff(info: GatewayInfo, found: pb.DiffEntryResponse) -> Diff:
    """*found* beside the fields that it speaks of."""
    numbers = (getattr(found, "from"), found.to)
    old = {one.code: one for one in await fields_of(info, found.repository_code, found.from_schema_version)}
    new = {one.code: one for one in await fields_of(info, found.repository_code, found.to_schema_version)}
    return Diff(
        numbers,
        [
            Difference(
                {**old, **new}[one.field_code],
                Filled(one.before, old[one.field_code]) if one.HasField("before") else None,
                Filled(one.after, new[one.field_code]) if one.HasField("after") else None,
            )
            for one in found.differences
        ],
    )
