"""What goes over the wire comes back the same."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.wire import datetime_of, field_values_from
from protos.repositories.v1 import events_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories import wire
from services.repositories.domain.definitions import Visibility
from services.repositories.domain.entries import Entry, Version
from services.repositories.domain.lifecycle import Action, Status
from tests.repositories.registers import REGISTERS
from vocabulary import languages
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
            created_at=datetime_of(message.created_at),
            changed_at=datetime_of(message.changed_at),
        ),
    )


@given(words, st.integers(1, 2**40), entries)
def test_an_entry_comes_back_with_all_its_versions(id_: str, revision: int, entry: Entry) -> None:
    kept = Kept(id_, revision, entry)
    assert entry_back(pb.Entry.FromString(wire.entry(kept).SerializeToString())) == kept


@given(entries, st.sampled_from(Action), st.integers(1, 2**40))
def test_an_event_says_what_happened_and_nothing_of_the_content(entry: Entry, action: Action, revision: int) -> None:
    message = events_pb2.EntryChanged.FromString(wire.changed("ent_1", revision, action, entry).SerializeToString())
    assert (message.entry_id, message.revision, message.repository_code) == ("ent_1", revision, entry.repository)
    assert wire.ACTION.from_wire(message.action, field="") is action
    assert wire.STATUS.from_wire(message.to, field="") is entry.status
    assert len(message.ListFields()) == 5


@given(st.lists(st.sampled_from(languages.OFFICIAL), min_size=1, unique=True))
def test_a_definition_speaks_the_languages_wanted_and_no_other(wanted: list[str]) -> None:
    message = pb.Repository.FromString(wire.repository(REGISTERS, wanted).SerializeToString())
    texts = [message.title, message.description, *(field.label for field in message.fields)]
    texts += [choice.label for field in message.fields for choice in field.choices]
    assert all(set(text.texts) == set(wanted) for text in texts)
    assert (message.code, message.schema_version) == ("registers", 1)
    assert wire.VISIBILITY.from_wire(message.visibility, field="") is REGISTERS.visibility
    assert [field.code for field in message.fields] == [field.code for field in REGISTERS.fields]


def test_every_word_of_the_wire_has_its_meaning() -> None:
    for domain, names, prefix in (
        (Status, pb.EntryStatus.keys(), "ENTRY_STATUS_"),
        (Action, pb.EntryAction.keys(), "ENTRY_ACTION_"),
        (Visibility, pb.Visibility.keys(), "VISIBILITY_"),
    ):
        assert {name.removeprefix(prefix) for name in names} == {"UNSPECIFIED", *domain}
