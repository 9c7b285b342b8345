"""Searches are narrowed by typed fields, counted, sorted and explained; what cannot be asked is refused by name."""

import asyncio
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from engines.search.folding import edits, grams, words
from protos.common.v1 import common_pb2
from protos.repositories.v1 import repositories_pb2 as pb
from services.repositories.search.asking import PIECES
from services.repositories.search.contents import beginning, number
from services.repositories.search.matches import Matches
from tests.builders import QUALIFICATIONS, doctors
from tests.chassis.waiting import until
from tests.repositories.conftest import Asking, a_person, an_editor
from tests.repositories.registers import REGISTERS, a_version, on_wire, refers, written
from vocabulary.refusals import Invalid
from vocabulary.values import Money, Value, ValueType, decimal

READER = a_person("FR")
MARK = f"Wq{uuid.uuid4().hex[:6]}"
RICH: dict[str, dict[str, Value | None]] = {
    "one": {
        "fee": Value(money=Money(amount=decimal("9.5", at=""), currency="EUR")),
        "content": Value(codes=("PERSONS",)),
        "languages": refers("it", "de"),
        "subjects": refers("midwife"),
    },
    "two": {
        "fee": Value(money=Money(amount=decimal("100", at=""), currency="EUR")),
        "content": Value(codes=("PERSONS", "LICENCES")),
        "languages": refers("it"),
        "subjects": refers("notary"),
    },
    "three": {"fee": None, "content": Value(codes=("DOCUMENTS",)), "subjects": None, "url": None},
}


@pytest.fixture(scope="module")
async def made(asking: Asking) -> dict[str, str]:
    """Three registers with a word that no other has, valid until different days."""
    found: dict[str, str] = {}
    for index, (name, changed) in enumerate(RICH.items()):
        country = ("IT", "HU", "IT")[index]
        editor = an_editor(country)
        values = on_wire(f"{name.title()} {MARK}", holder=refers(doctors(country)), **changed)
        draft = await asking.do(
            editor,
            "CreateEntry",
            repository="registers",
            values=values,
            valid_from="2026-01-01",
            valid_to=f"20{40 + index}-06-30" if index < 2 else "",
        )
        await asking.do(editor, "PublishEntry", id=draft.id)
        found[name] = draft.id

    async def all_there() -> bool:
        return (await search(asking)).total == len(found)

    await until(all_there)
    return found


async def search(asking: Asking, text: str = MARK, **asked: Any) -> pb.SearchEntriesResponse:
    found: pb.SearchEntriesResponse = await asking(READER, "SearchEntries", repository="registers", text=text, **asked)
    return found


async def names(asking: Asking, made: dict[str, str], text: str = MARK, **asked: Any) -> list[str]:
    by_id = {id_: name for name, id_ in made.items()}
    return [by_id[entry.id] for entry in (await search(asking, text, **asked)).entries]


def says(code: str, **kind: Any) -> dict[str, Any]:
    return {"filter": pb.EntryFilter(fields=[pb.FieldFilter(field_code=code, **kind)])}


def any_of(*codes: str) -> common_pb2.Codes:
    return common_pb2.Codes(codes=codes)


def between(low: str = "", high: str = "") -> pb.Range:
    return pb.Range(to=high, **{"from": low})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (says("content", any_of=any_of("PERSONS")), {"one", "two"}),
        (says("content", any_of=any_of("LICENCES", "DOCUMENTS")), {"two", "three"}),
        (says("languages", any_of=any_of("de")), {"one"}),
        (says("holder", any_of=any_of(doctors("HU"))), {"two"}),
        (says("url", any_of=any_of("https://albo.example/medici")), {"one", "two"}),
        (says("name", prefix=f"  TWO  {MARK[:3]}"), {"two"}),
        (says("fee", range=between("9.50", "99.99")), {"one"}),
        (says("fee", range=between("10")), {"two"}),
        (says("fee", range=between()), {"one", "two"}),
        ({"filter": pb.EntryFilter(valid_on="2041-01-01")}, {"two", "three"}),
        ({"filter": pb.EntryFilter(valid_on="2025-12-31")}, set()),
        ({"filter": pb.EntryFilter(authority_ids=[doctors("IT")])}, {"one", "three"}),
        ({"filter": pb.EntryFilter(concepts=["notary", "midwife"], areas=[QUALIFICATIONS])}, {"one", "two"}),
    ],
)
async def test_a_filter_leaves_what_says_it(
    asking: Asking, made: dict[str, str], asked: dict[str, Any], expected: set[str]
) -> None:
    assert set(await names(asking, made, **asked)) == expected
    assert (await search(asking, **asked)).total == len(expected)


async def test_facets_count_without_their_own_filter(asking: Asking, made: dict[str, str]) -> None:
    facets = ["country", "content", "concept", "area", "owner"]
    narrowed = says("content", any_of=any_of("PERSONS"))
    narrowed["filter"].countries.append("IT")
    answer = await search(asking, facets=facets, **narrowed)
    counted = {one.code: {value.value: value.count for value in one.values} for one in answer.facets}
    assert answer.total == 1
    assert counted == {
        "country": {"IT": 1, "HU": 1},
        "content": {"PERSONS": 1, "DOCUMENTS": 1},
        "concept": {"midwife": 1},
        "area": {QUALIFICATIONS: 1},
        "owner": {doctors("IT"): 1},
    }


@pytest.mark.parametrize(
    ("order", "code", "down", "expected"),
    [
        (pb.ENTRY_ORDER_CHANGED, "", False, ["one", "two", "three"]),
        (pb.ENTRY_ORDER_CHANGED, "", True, ["three", "two", "one"]),
        (pb.ENTRY_ORDER_VALID_TO, "", False, ["one", "two", "three"]),
        (pb.ENTRY_ORDER_FIELD, "name", False, ["one", "three", "two"]),
        (pb.ENTRY_ORDER_FIELD, "fee", True, ["two", "one", "three"]),
        (pb.ENTRY_ORDER_FIELD, "fee", False, ["one", "two", "three"]),
    ],
)
async def test_pages_follow_the_order_that_is_asked_for(
    asking: Asking, made: dict[str, str], order: pb.EntryOrder.ValueType, code: str, down: bool, expected: list[str]
) -> None:
    sort = pb.EntrySort(order=order, field_code=code, descending=down)
    by_id = {id_: name for name, id_ in made.items()}
    seen: list[str] = []
    after = ""
    while True:
        answer = await search(asking, sort=sort, page=common_pb2.Page(first=1, after=after))
        seen += [by_id[entry.id] for entry in answer.entries]
        if not answer.page_info.has_next_page:
            break
        after = answer.page_info.cursors[-1]
    assert seen == expected
    other = pb.EntrySort(order=order, field_code=code, descending=not down)
    with pytest.raises(Invalid) as refused:
        await search(asking, sort=other, page=common_pb2.Page(after=after))
    assert refused.value.reason == "CURSOR"


async def test_an_entry_says_why_it_was_found(asking: Asking, made: dict[str, str]) -> None:
    for text, codes, concepts in (
        (MARK, ["name"], []),
        (f"{MARK} levatrice Hebamme", ["name", "subjects"], ["midwife"]),
        (f"{MARK} szülésznöő", ["name", "subjects"], ["midwife"]),
    ):
        answer = await search(asking, text)
        found = {one.entry_id: one for one in answer.matches}
        if made["one"] in found:
            match = found[made["one"]]
            assert (list(match.field_codes), list(match.concept_ids)) == (codes, concepts), text
    assert list((await search(asking, "")).matches) == []


@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        (says("nothing", prefix="x"), "filter.fields[0].fieldCode", "UNKNOWN_FIELD"),
        (says("content", any_of=any_of("CATS")), "filter.fields[0].anyOf[0]", "UNKNOWN_CHOICE"),
        (says("content", any_of=any_of()), "filter.fields[0].anyOf", "EMPTY"),
        (says("languages", any_of=any_of(*["it"] * 101)), "filter.fields[0].anyOf", "TOO_MANY"),
        (says("content", prefix="P"), "filter.fields[0]", "WRONG_TYPE"),
        (says("name", any_of=any_of("x")), "filter.fields[0]", "WRONG_TYPE"),
        (says("name", prefix=" "), "filter.fields[0].prefix", "EMPTY"),
        (says("fee", prefix="1"), "filter.fields[0]", "WRONG_TYPE"),
        (says("fee"), "filter.fields[0]", "WRONG_TYPE"),
        (says("fee", range=between("ten")), "filter.fields[0].range.from", "NOT_A_NUMBER"),
        (says("fee", range=between("1", "1,5")), "filter.fields[0].range.to", "NOT_A_NUMBER"),
        ({"filter": pb.EntryFilter(valid_on="1.1.2026")}, "filter.validOn", "NOT_A_DATE"),
        ({"filter": pb.EntryFilter(authority_ids=["a"] * 101)}, "filter.authorityIds", "TOO_MANY"),
        ({"filter": pb.EntryFilter(fields=[pb.FieldFilter(field_code="fee")] * 21)}, "filter.fields", "TOO_MANY"),
        ({"facets": ["country", "nothing"]}, "facets[1]", "UNKNOWN_FIELD"),
        ({"facets": ["name"]}, "facets[0]", "NOT_SEARCHABLE"),
        ({"facets": ["country", "country"]}, "facets[1]", "REPEATED"),
        ({"facets": ["country"] * 11}, "facets", "TOO_MANY"),
        ({"sort": pb.EntrySort(order=pb.ENTRY_ORDER_FIELD, field_code="content")}, "sort.fieldCode", "NOT_SORTABLE"),
        ({"sort": pb.EntrySort(order=pb.ENTRY_ORDER_FIELD)}, "sort.fieldCode", "UNKNOWN_FIELD"),
        ({"sort": pb.EntrySort(order=99)}, "sort.order", "UNKNOWN_VALUE"),  # type: ignore[arg-type]
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    asking: Asking, asked: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await search(asking, **asked)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_the_order_of_a_field_that_only_some_read_is_not_there_for_others(asking: Asking) -> None:
    """Who has no role in the module is told the same of such a field as of one that there is not."""
    stranger = a_person("FR", modules=())
    outcomes = []
    for code in ("provider", "nothing"):
        with pytest.raises(Invalid) as refused:
            await asking(
                stranger,
                "SearchEntries",
                repository="derogations",
                filter=pb.EntryFilter(fields=[pb.FieldFilter(field_code=code, prefix="x")]),
            )
        outcomes.append((refused.value.field, refused.value.reason, refused.value.message.replace(code, "?")))
    assert outcomes[0] == outcomes[1]


@given(st.lists(st.decimals(-(10**14), 10**14, places=6), min_size=2, max_size=6))
def test_numbers_are_written_so_that_texts_sort_as_they_do(amounts: list[Any]) -> None:
    assert sorted(amounts) == sorted(amounts, key=number)
    assert len({len(number(one)) for one in amounts}) == 1


@given(st.text(max_size=200), st.text(st.sampled_from("abcdeŁéÅ"), max_size=40))
def test_a_beginning_is_folded_and_short(text: str, plain: str) -> None:
    assert len(beginning(text)) <= 80
    assert beginning(f"  {plain.upper()}\n{text}") == beginning(f"{plain.lower()} {text}")
    assert beginning(plain + text).startswith(beginning(plain))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("registro", True),
        ("REGISTRI", True),
        ("regitsro", True),
        ("regisro", True),
        ("rgsitro", False),
        ("albo", False),
        ("re", False),
        ("", False),
    ],
)
def test_a_match_forgives_what_the_index_forgives(text: str, found: bool) -> None:
    version = a_version(values={"name": written("Registro nazionale")})
    codes, concepts = Matches(text).of(REGISTERS, version, {})
    assert (codes, concepts) == (["name"] if found else [], [])
    assert bool(words(text)) or not found


@given(
    st.text("abcd", min_size=1, max_size=9), st.lists(st.text("abcd", min_size=1, max_size=9), min_size=1, max_size=6)
)
def test_a_word_matches_by_its_pieces_and_with_a_slip_as_in_the_index(word: str, said: list[str]) -> None:
    pieces = set(grams(" ".join(said)))
    by_pieces = sum(piece in pieces for piece in grams(word)) >= PIECES * len(grams(word))
    slipped = any(OSA.distance(word, one) <= edits(word) for one in said)
    version = a_version(values={"name": written(" ".join(said))})
    assert bool(Matches(word).of(REGISTERS, version, {})[0]) is (by_pieces or slipped)


def test_only_what_is_searched_matches() -> None:
    hidden = next(field.code for field in REGISTERS.fields if field.type is ValueType.LINK)
    version = a_version(values={hidden: Value(link="https://registro.example/")})
    assert Matches("registro").of(REGISTERS, version, {}) == ([], [])


async def test_searches_at_once_are_answered_each_for_itself(asking: Asking, made: dict[str, str]) -> None:
    asked = [says("content", any_of=any_of("LICENCES")), says("languages", any_of=any_of("de")), {}]
    found = await asyncio.gather(*(names(asking, made, **one) for one in asked * 5))
    assert [set(one) for one in found[:3]] == [{"two"}, {"one"}, {"one", "two", "three"}]
    assert all(set(found[at]) == set(found[at % 3]) for at in range(15))
