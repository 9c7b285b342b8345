"""What goes over the wire comes back the same."""

from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.wire import datetime_of, field_values_from
from protos.common.v1 import common_pb2
from protos.repositories.v1 import definitions_pb2, events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import wire
from services.repositories.domain.audiences import ROLES, Audience, Visibility
from services.repositories.domain.changes import Kind
from services.repositories.domain.definitions import FieldRule, Retention
from services.repositories.domain.entries import Entry, Step, Version
from services.repositories.domain.lifecycle import Action, Status
from services.repositories.wire_definitions import VISIBILITY, definition_from, repository
from tests.repositories.registers import REGISTERS
from vocabulary import languages
from vocabulary.files import File
from vocabulary.roles import UserRole
from vocabulary.values import DataClass, FreeText, Money, Value

words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40)
codes = st.lists(words, min_size=1, max_size=3, unique=True).map(tuple)
amounts = st.decimals(0, 10**9, places=2)
values = (
    st.builds(Value, codes=codes)
    | st.builds(Value, references=codes)
    | st.builds(Value, files=codes)
    | st.builds(Value, link=words)
    | st.builds(Value, date=st.dates(date(1900, 1, 1)))
    | st.builds(Value, number=amounts)
    | st.builds(Value, money=st.builds(Money, amount=amounts, currency=st.sampled_from(["EUR", "HUF"])))
    | st.builds(
        Value,
        text=st.builds(
            FreeText, text=words, language=st.sampled_from(languages.ALL), data_class=st.sampled_from(DataClass)
        ),
    )
)
times = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
versions = st.builds(
    Version,
    number=st.integers(1, 10_000),
    schema_version=st.integers(1, 100),
    values=st.dictionaries(words, values, max_size=3),
    at=times,
    reason=words | st.just(""),
    valid_from=st.none() | st.dates(date(1900, 1, 1)),
    valid_to=st.none() | st.dates(date(1900, 1, 1)),
    files=st.lists(
        st.builds(File, id=words, name=words, media_type=words, size_bytes=st.integers(0, 2**40), sha256=words),
        max_size=2,
    ).map(tuple),
    reverts_to=st.integers(0, 100),
)
steps = st.builds(
    Step,
    at=times,
    authority_id=words,
    user_id=st.just(""),
    action=st.sampled_from(Action),
    before=st.none() | st.sampled_from(Status),
    after=st.sampled_from(Status),
    version=st.integers(0, 100),
    reason=words | st.just(""),
)
entries = st.builds(
    Entry,
    repository=words,
    owner_id=words,
    country=st.sampled_from(["IT", "HU", "EL"]),
    status=st.sampled_from(Status),
    published=st.none() | versions,
    draft=st.none() | versions,
    earlier=st.lists(versions, max_size=2).map(tuple),
    history=st.lists(steps, max_size=2).map(tuple),
    return_reason=words | st.just(""),
    created_at=times,
    changed_at=times,
)


def version_back(message: pb.EntryVersion) -> Version:
    return Version(
        number=message.number,
        schema_version=message.schema_version,
        values=field_values_from(message.values, at="values"),
        at=datetime_of(message.at),
        reason=message.reason,
        valid_from=wire.day_from(message.valid_from, at=""),
        valid_to=wire.day_from(message.valid_to, at=""),
        files=tuple(
            File(id=one.id, name=one.name, media_type=one.media_type, size_bytes=one.size_bytes, sha256=one.sha256)
            for one in message.files
        ),
        reverts_to=message.reverts_to,
    )


def step_back(message: pb.EntryHistoryEntry) -> Step:
    before = getattr(message, "from")
    return Step(
        at=datetime_of(message.at),
        authority_id=message.authority_id,
        user_id="",
        action=wire.ACTION.from_wire(message.action, field=""),
        before=wire.STATUS.from_wire(before, field="") if before else None,
        after=wire.STATUS.from_wire(message.to, field=""),
        version=message.version,
        reason=message.reason,
    )


def entry_back(message: pb.Entry) -> Kept[Entry]:
    return Kept(
        message.id,
        message.revision,
        Entry(
            repository=message.repository_code,
            owner_id=message.owner_id,
            country=message.country_code,
            status=wire.STATUS.from_wire(message.status, field=""),
            published=version_back(message.published) if message.HasField("published") else None,
            draft=version_back(message.draft) if message.HasField("draft") else None,
            earlier=tuple(map(version_back, message.earlier)),
            history=tuple(map(step_back, message.history)),
            return_reason=message.return_reason,
            created_at=datetime_of(message.created_at),
            changed_at=datetime_of(message.changed_at),
        ),
    )


@given(words, st.integers(1, 2**40), entries)
def test_an_entry_comes_back_with_all_its_versions(id_: str, revision: int, entry: Entry) -> None:
    kept = Kept(id_, revision, entry)
    assert entry_back(pb.Entry.FromString(wire.entry(kept, REGISTERS).SerializeToString())) == kept


@given(st.none() | entries, entries, st.sampled_from(Action), st.integers(1, 2**40))
def test_an_event_says_what_happened_and_nothing_of_the_content(
    before: Entry | None, entry: Entry, action: Action, revision: int
) -> None:
    told = wire.changed("ent_1", revision, action, before, entry)
    message = events_pb2.EntryChanged.FromString(told.SerializeToString())
    assert (message.entry_id, message.revision, message.repository_code) == ("ent_1", revision, entry.repository)
    assert wire.ACTION.from_wire(message.action, field="") is action
    assert wire.STATUS.from_wire(message.to, field="") is entry.status
    versions = [one.published.number if one and one.published else 0 for one in (before, entry)]
    assert [message.version_before, message.version_now] == versions
    assert len(message.ListFields()) == 5 + sum(map(bool, versions))


@given(st.lists(st.sampled_from(languages.OFFICIAL), min_size=1, unique=True))
def test_a_definition_speaks_the_languages_wanted_and_no_other(wanted: list[str]) -> None:
    message = definitions_pb2.Repository.FromString(repository(REGISTERS, wanted).SerializeToString())
    texts = [message.title, message.description, message.legal_basis, *(field.label for field in message.fields)]
    texts += [choice.label for field in message.fields for choice in field.choices]
    assert all(set(text.texts) == set(wanted) for text in texts)
    assert (message.id, message.code, message.schema_version) == ("registers:1", "registers", 1)
    assert VISIBILITY.from_wire(message.visibility, field="") is REGISTERS.visibility
    assert [field.code for field in message.fields] == [field.code for field in REGISTERS.fields]


audiences = st.builds(
    Audience,
    visibility=st.sampled_from(Visibility),
    countries=codes | st.just(()),
    roles=st.lists(st.sampled_from(ROLES), max_size=2).map(tuple),
    authorities=codes | st.just(()),
    authority_fields=codes | st.just(()),
)
months = st.none() | st.integers(1, 1200)


@given(
    audiences,
    st.none() | audiences,
    st.booleans(),
    st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True).map(tuple),
    st.builds(Retention, archived_after_months=months, erased_after_months=months),
)
def test_a_definition_that_is_sent_says_all_that_is_read_of_it(
    audience: Audience, of_name: Audience | None, flag: bool, roles: tuple[UserRole, ...], kept: Retention
) -> None:
    """What the Commission writes comes back in what everybody reads."""
    definition = replace(
        REGISTERS,
        audience=audience,
        editor_roles=roles,
        approval=flag,
        retention=kept,
        rules={one.code: FieldRule() for one in REGISTERS.fields}
        | {"name": FieldRule(audience=of_name, translatable=flag)},
    )
    assert definition_from(written_as(repository(definition, [])), at="definition") == definition


def written_as(read: definitions_pb2.Repository) -> definitions_pb2.DefinitionDraft:
    """The draft that whoever has read a definition sends to have it again."""
    rules = {one.field_code: one for one in read.field_rules}
    own = {"SINGLE", "MULTI"}
    return definitions_pb2.DefinitionDraft(
        code=read.code,
        version=read.schema_version,
        title=read.title,
        description=read.description,
        legal_basis=read.legal_basis,
        area_code=read.area_code,
        audience=read.audience,
        editor_roles=read.editor_roles,
        approval=read.approval,
        retention=read.retention,
        fields=[
            definitions_pb2.FieldDraft(
                code=one.code,
                label=one.label,
                help=one.help,
                type=one.type,
                choices=one.choices if common_pb2.ValueType.Name(one.type).removeprefix("VALUE_TYPE_") in own else (),
                mandatory=one.mandatory,
                personal=one.personal,
                many=one.many,
                minimum=one.minimum if one.HasField("minimum") else None,
                maximum=one.maximum if one.HasField("maximum") else None,
                searchable=one.searchable,
                translatable=rules[one.code].translatable,
                audience=rules[one.code].audience if rules[one.code].HasField("audience") else None,
            )
            for one in read.fields
        ],
    )


def test_every_word_of_the_wire_has_its_meaning() -> None:
    for domain, names, prefix in (
        (Status, pb.EntryStatus.keys(), "ENTRY_STATUS_"),
        (Action, pb.EntryAction.keys(), "ENTRY_ACTION_"),
        (Kind, pb.EntryChangeKind.keys(), "ENTRY_CHANGE_KIND_"),
        (Visibility, definitions_pb2.Visibility.keys(), "VISIBILITY_"),
        (ROLES, definitions_pb2.RepositoryRole.keys(), "REPOSITORY_ROLE_"),
    ):
        assert {name.removeprefix(prefix) for name in names} == {"UNSPECIFIED", *domain}
