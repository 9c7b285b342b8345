"""Nothing that a search of entries answers depends on what the asker may not read: held against each engine, reader by reader.

Two stores that look the same to somebody answer them the same, whatever else differs in them: hits, scores, order, totals, facets,
suggestions, refusals. And what they may read is all found.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.aggregates import Kept
from chassis.calls import Peer, open_channel
from engines.search import Position, SearchDocument, open_search, prepare_search
from protos.common.v1 import common_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.domain.audiences import ANONYMOUS, ROLES, Audience, Visibility, held
from services.repositories.domain.definitions import Definition, FieldRule
from services.repositories.domain.entries import Actor, Entry, Version
from services.repositories.domain.lifecycle import Status
from services.repositories.domain.views import seen
from services.repositories.index import INDEXES, EntryIndex
from services.repositories.search import layers
from services.repositories.search.asking import Question
from services.repositories.search.checking import Checking
from services.repositories.search.contents import ENTRIES, beginning
from services.repositories.search.suggestions import READ, Suggestion, Typed, suggested
from services.repositories.subjects import Subjects
from vocabulary.refusals import Invalid
from vocabulary.values import Choice, Field, FreeText, Money, Value, ValueType

KIND = "search"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
AREAS = ("alpha", "beta")
AUTHORITIES = ("aut_1", "aut_2", "aut_3")
COUNTRIES = {"aut_1": "IT", "aut_2": "HU", "aut_3": "HU"}
# None is a slip of another, nor has it pieces of one.
WORDS = ("zebra", "quince", "mollusc", "fjord", "whip")
CHOICES = tuple(Choice(code=code, label={"en": label}) for code, label in (("A", "hexagon"), ("B", "jukebox")))


def _text(text: str) -> Value:
    return Value(text=FreeText(text=text, language="en"))


# Field → what values it may have.
VALUES: Mapping[str, tuple[Field, st.SearchStrategy[Value]]] = {
    "title": (
        Field(code="title", label={}, type=ValueType.TEXT, searchable=True),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(lambda found: _text(" ".join(found))),
    ),
    "note": (
        Field(code="note", label={}, type=ValueType.TEXT, searchable=True),
        st.sampled_from(WORDS).map(_text),
    ),
    "kind": (
        Field(code="kind", label={}, type=ValueType.MULTI, choices=CHOICES, searchable=True),
        st.sampled_from([("A",), ("B",), ("A", "B")]).map(lambda codes: Value(codes=codes)),
    ),
    "day": (
        Field(code="day", label={}, type=ValueType.DATE),
        st.sampled_from([1, 2, 28]).map(lambda day: Value(date=date(2026, 2, day))),
    ),
    "share": (
        Field(code="share", label={}, type=ValueType.NUMBER, personal=True, searchable=True),
        st.sampled_from(["-7.5", "0", "12"]).map(lambda text: Value(number=Decimal(text))),
    ),
    "fee": (
        Field(code="fee", label={}, type=ValueType.MONEY, personal=True),
        st.just(Value(money=Money(amount=Decimal(5), currency="EUR"))),
    ),
    "area": (
        Field(code="area", label={}, type=ValueType.AREA, many=True),
        st.sampled_from([("alpha",), ("beta",), AREAS]).map(lambda areas: Value(references=areas)),
    ),
    "holder": (
        Field(code="holder", label={}, type=ValueType.AUTHORITY),
        st.sampled_from(AUTHORITIES).map(lambda id_: Value(references=(id_,))),
    ),
}
FIELDS = tuple(field for field, _ in VALUES.values())


AUDIENCES = st.one_of(
    st.sampled_from([Visibility.PUBLIC, Visibility.ALL_IMI, Visibility.MODULE]).map(
        lambda visibility: Audience(visibility=visibility)
    ),
    st.lists(st.sampled_from(["IT", "HU"]), max_size=1).map(
        lambda codes: Audience(visibility=Visibility.COUNTRY, countries=tuple(codes))
    ),
    st.sampled_from(ROLES).map(lambda role: Audience(visibility=Visibility.ROLE, roles=(role,))),
    st.sampled_from(AUTHORITIES).map(lambda id_: Audience(visibility=Visibility.EXPLICIT, authorities=(id_,))),
    st.just(Audience(visibility=Visibility.EXPLICIT, authority_fields=("holder",))),
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    restricted = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4))
    return Definition(
        code="r",
        version=1,
        title={},
        description={},
        audience=draw(AUDIENCES),
        fields=FIELDS,
        rules={code: FieldRule(audience=draw(AUDIENCES)) for code in restricted},
    )


@st.composite
def readers(draw: st.DrawFn) -> Actor:
    if draw(st.integers(0, 4)) == 0:
        return Actor(authority_id="", country="", keys=ANONYMOUS, now=NOW)
    id_ = draw(st.sampled_from(AUTHORITIES))
    roles = draw(st.lists(st.tuples(st.sampled_from(AREAS), st.sampled_from(ROLES)), max_size=2))
    keys = held(id_, COUNTRIES[id_], roles, is_commission=draw(st.integers(0, 4)) == 0)
    return Actor(authority_id=id_, country=COUNTRIES[id_], keys=keys, now=NOW)


@st.composite
def values(draw: st.DrawFn) -> dict[str, Value]:
    there = ["area", *draw(st.lists(st.sampled_from(sorted(VALUES.keys() - {"area"})), unique=True))]
    return {code: draw(VALUES[code][1]) for code in there}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    owner = draw(st.sampled_from(AUTHORITIES))
    version = Version(number=1, schema_version=1, values=draw(values()), at=NOW)
    last = draw(st.sampled_from([None, date(2026, 6, 1)]))
    return Entry(
        repository="r",
        owner_id=owner,
        country=COUNTRIES[owner],
        status=Status.PUBLISHED,
        published=replace(version, valid_to=last),
        created_at=NOW,
        changed_at=NOW,
    )


@dataclass(frozen=True)
class Worlds:
    """Two stores, and somebody to whom they look the same."""

    definition: Definition
    who: Actor
    one: Sequence[Entry | None]
    other: Sequence[Entry | None]


@st.composite
def worlds(draw: st.DrawFn) -> Worlds:
    definition, who = draw(definitions()), draw(readers())
    one: list[Entry | None] = [draw(entries()) for _ in range(5)]
    other: list[Entry | None] = []
    for entry in one:
        assert entry is not None
        shown = seen(entry, definition, who)
        if shown is None:
            # What they may not know of may be anything that they may not know of, or not be.
            another = draw(st.none() | entries())
            other.append(another if another is None or seen(another, definition, who) is None else None)
            continue
        assert entry.published
        assert shown.published
        # What they do not read of it may say anything, as long as they read the same.
        drawn = draw(values())
        hidden = {code: value for code, value in drawn.items() if code not in shown.published.values}
        mixed = dict({**hidden, **shown.published.values}.items())
        changed = replace(entry, published=replace(entry.published, values=mixed))
        other.append(changed if seen(changed, definition, who) == shown else entry)
    return Worlds(definition, who, one, other)


@dataclass
class Bench:
    """An index, into which one store after another is put under the same ids."""

    index: EntryIndex
    checking: Checking
    definitions: dict[str, Definition]
    search: Any
    revisions: Any

    async def put(self, definition: Definition, there: Sequence[Entry | None]) -> None:
        self.definitions["r"] = definition
        revision = next(self.revisions)
        kept = [Kept(f"ent_{number}", revision, one) for number, one in enumerate(there) if one]
        gone = [SearchDocument(f"ent_{number}", None, revision) for number, one in enumerate(there) if not one]
        await self.search.apply(ENTRIES, [*await self.index.shown(kept), *gone])

    async def answer(self, definition: Definition, who: Actor, **asked: Any) -> Any:
        """All pages of an answer, or the refusal."""
        try:
            question = await self.checking.question(definition, who, **asked)
        except Invalid as refusal:
            return refusal.field, refusal.reason, refusal.message
        return await self.listed(question)

    async def suggested(
        self, definition: Definition, who: Actor, there: Sequence[Entry | None], text: str
    ) -> list[Suggestion]:
        """What is suggested for *text*, of the store *there*, which is in the index."""
        question = await self.checking.question(definition, who, text=text, unfinished=True)
        hits, _ = await self.index.find(question, after=None, limit=READ)
        found = [there[int(hit.id.removeprefix("ent_"))] for hit in hits.hits]
        cut = [seen(entry, definition, who) for entry in found if entry]
        versions = [entry.published for entry in cut if entry and entry.published]
        return suggested(definition, versions, {}, Typed(text, "en"))

    async def listed(self, question: Question) -> Any:
        found: list[Any] = []
        after: Position | None = None
        while True:
            hits, counts = await self.index.find(question, after=after, limit=2)
            found += [(hit.id, hit.position) for hit in hits.hits]
            if not hits.more:
                return found, hits.total, counts
            after = hits.hits[-1].position


@asynccontextmanager
async def bench(url: str) -> AsyncIterator[Bench]:
    await prepare_search(url, INDEXES)
    async with open_search(url, INDEXES) as search, open_channel("127.0.0.1:1") as nowhere:
        subjects = Subjects(Peer("directory", lambda: ""), DirectoryServiceStub(nowhere))
        known: dict[str, Definition] = {}
        async with search.rebuild(ENTRIES):
            pass
        yield Bench(EntryIndex(search, known, subjects), Checking(subjects), known, search, count(1))


def _filter(code: str, **kind: Any) -> pb.EntryFilter:
    return pb.EntryFilter(fields=[pb.FieldFilter(field_code=code, **kind)])


FILTERS = [
    _filter("title", prefix="zeb"),
    _filter("note", prefix="Zebra"),
    _filter("kind", any_of=common_pb2.Codes(codes=["A"])),
    _filter("holder", any_of=common_pb2.Codes(codes=["aut_1", "aut_2"])),
    _filter("area", any_of=common_pb2.Codes(codes=["alpha"])),
    _filter("day", range=pb.Range(to="2026-02-02")),
    _filter("share", range=pb.Range(**{"from": "-8", "to": "3.5"})),
    _filter("fee", range=pb.Range()),
    pb.EntryFilter(valid_on="2026-07-01"),
    pb.EntryFilter(countries=["HU"], authority_ids=["aut_2"]),
]
FACETS = ["country", "owner", "area", "kind", "holder"]
QUESTIONS: list[dict[str, Any]] = [
    *({"text": text, "facets": FACETS} for text in ("", *WORDS, "zebra quince", "fjrod", "hexagon", "jukebox whip")),
    *({"narrowed": one, "facets": ["kind"]} for one in FILTERS),
    *({"facets": [code]} for code in VALUES),
    *(
        {"sort": pb.EntrySort(order=pb.ENTRY_ORDER_FIELD, field_code=code, descending=down)}
        for code in VALUES
        for down in (False, True)
    ),
    {"sort": pb.EntrySort(order=pb.ENTRY_ORDER_VALID_TO)},
    {"sort": pb.EntrySort(order=pb.ENTRY_ORDER_COUNTRY, descending=True)},
]
TYPED = ("ze", "QUIN", "zebra mo", "fjrod whi", "hexa", "whip jukeb")


async def test_what_somebody_may_not_read_changes_nothing_that_they_are_answered(url: str) -> None:
    async with bench(url) as made:
        loop = asyncio.get_running_loop()

        @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(worlds())
        def hold(drawn: Worlds) -> None:
            asyncio.run_coroutine_threadsafe(_same(made, drawn), loop).result()

        await asyncio.to_thread(hold)


async def _same(made: Bench, drawn: Worlds) -> None:
    answers = []
    for there in (drawn.one, drawn.other):
        await made.put(drawn.definition, there)
        found = [await made.answer(drawn.definition, drawn.who, **asked) for asked in QUESTIONS]
        typed = [await made.suggested(drawn.definition, drawn.who, there, text) for text in TYPED]
        answers.append([*found, *typed])
    for asked, one, other in zip([*QUESTIONS, *TYPED], *answers, strict=True):
        assert one == other, asked
    await _complete(made, drawn)


async def _complete(made: Bench, drawn: Worlds) -> None:
    """Of the store that is in the index now, everything is found by what its reader reads of it."""
    shown = {
        f"ent_{number}": view.published.values
        for number, entry in enumerate(drawn.other)
        if entry and (view := seen(entry, drawn.definition, drawn.who)) and view.published
    }
    for word in WORDS:
        found, total, _ = await made.answer(drawn.definition, drawn.who, text=word)
        expected = {
            id_
            for id_, said in shown.items()
            if any(word in text.text for code in ("title", "note") if code in said and (text := said[code].text))
        }
        assert {id_ for id_, _ in found} == expected, word
        assert total == len(expected), word
        completions = await made.suggested(drawn.definition, drawn.who, drawn.other, word[:2])
        # Whatever is suggested is found, and of what is found something is suggested.
        assert bool(completions) == bool(expected), word
        for one in completions:
            assert (await made.answer(drawn.definition, drawn.who, text=one.text))[1], one
    asked = await made.answer(drawn.definition, drawn.who, facets=["kind"])
    if len(asked) == 3 and isinstance(asked[2], dict):
        counts = {
            code: sum(code in (said["kind"].codes or ()) for said in shown.values() if "kind" in said)
            for code in ("A", "B")
        }
        assert dict(asked[2]["kind"]) == {code: number for code, number in counts.items() if number}
    asked = await made.answer(drawn.definition, drawn.who, narrowed=_filter("title", prefix="zeb"))
    if isinstance(asked[0], list):
        expected = {
            id_
            for id_, said in shown.items()
            if "title" in said and said["title"].text and beginning(said["title"].text.text).startswith("zeb")
        }
        assert {id_ for id_, _ in asked[0]} == expected


def test_fields_of_one_audience_are_one_layer() -> None:
    definition = Definition(
        code="r",
        version=1,
        title={},
        description={},
        fields=FIELDS,
        rules={
            "note": FieldRule(audience=Audience(visibility=Visibility.MODULE)),
            "kind": FieldRule(audience=Audience(visibility=Visibility.MODULE)),
        },
    )
    found = layers.layers(definition)
    assert found == {"title": 0, "note": 1, "kind": 1, "day": 0, "share": 2, "fee": 2, "area": 0, "holder": 0}
    assert layers.count(definition) == 3
    assert layers.sorting(definition) == {"title": 0, "day": 1}
