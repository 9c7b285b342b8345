"""What every search engine promises, held against each engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from engines.search import (
    All,
    Best,
    Boosted,
    Everything,
    Grams,
    Index,
    NotBuilt,
    Query,
    Scored,
    Search,
    SearchDocument,
    Stems,
    Terms,
    Words,
    open_search,
    prepare_search,
)

PLACES = Index("places", words=("name",), grams=("pieces",), terms=("country",))
KIND = "search"

NAMES = {
    "muenchen": ("Ärztekammer München", "DE"),
    "athens": ("Ιατρικός Σύλλογος Αθηνών", "EL"),
    "sofia": ("Български лекарски съюз", "BG"),
    "lodz": ("Okręgowa Izba Lekarska w Łodzi", "PL"),
    "roma": ("Ordine dei medici di Roma", "IT"),
}


@dataclass(frozen=True)
class Engine:
    url: str

    @asynccontextmanager
    async def opened(self, *indexes: Index) -> AsyncIterator[Search]:
        await prepare_search(self.url, indexes)
        async with open_search(self.url, indexes) as search:
            yield search


@pytest.fixture
def engine(url: str) -> Engine:
    """An engine with nothing in it."""
    return Engine(url)


@pytest.fixture
async def search(engine: Engine) -> AsyncIterator[Search]:
    async with engine.opened(PLACES) as opened:
        documents = [
            SearchDocument(id_, {"name": [name], "pieces": [name], "country": [country]})
            for id_, (name, country) in NAMES.items()
        ]
        async with opened.rebuild(PLACES) as put:
            await put(documents)
        yield opened


async def ids(search: Search, query: Query, *filters: Terms) -> list[str]:
    return [id_ for id_, _ in (await search.find(PLACES, query, filters=filters, limit=10)).hits]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("arztekammer", "muenchen"),
        ("ÄRZTEKAMMER MÜNCHEN", "muenchen"),
        ("ΙΑΤΡΙΚΟΣ", "athens"),
        ("ιατρικος συλλογος", "athens"),
        ("лекарски", "sofia"),
        ("lodzi", "lodz"),
    ],
)
async def test_case_and_accents_do_not_matter(search: Search, text: str, found: str) -> None:
    assert await ids(search, Words("name", text)) == [found]


async def test_all_words_must_match_unless_any_may(search: Search) -> None:
    assert await ids(search, Words("name", "medici München")) == []
    assert set(await ids(search, Words("name", "medici München", any=True))) == {"roma", "muenchen"}


async def test_fuzzy_words_forgive_typing_errors_in_long_words_only(search: Search) -> None:
    assert await ids(search, Words("name", "ordime", fuzzy=True)) == ["roma"]
    assert await ids(search, Words("name", "aerztekamer", fuzzy=True)) == ["muenchen"]
    assert await ids(search, Words("name", "dii", fuzzy=True)) == []
    assert await ids(search, Words("name", "ordime")) == []


async def test_pieces_match_other_endings(search: Search) -> None:
    assert await ids(search, Grams("pieces", "лекарска", 0.6)) == ["sofia"]
    assert await ids(search, Grams("pieces", "zzzzz", 0.6)) == []


async def test_a_filter_decides_who_is_found_and_not_how_they_rank(search: Search) -> None:
    everyone = await search.find(PLACES, Everything(), limit=10)
    two = await search.find(PLACES, Everything(), filters=[Terms("country", ["IT", "EL"])], limit=10)
    assert everyone.total == 5
    assert two.total == 2
    assert {id_ for id_, _ in two.hits} == {"roma", "athens"}
    assert {score for _, score in two.hits} == {score for _, score in everyone.hits}
    assert await ids(search, Everything(), Terms("country", ["IT"]), Terms("country", ["EL"])) == []


async def test_the_best_score_counts_and_comes_first(search: Search) -> None:
    query = Best([Scored(Terms("country", ["IT"]), 2.0), Boosted(Scored(Words("name", "lodzi"), 1.0), 3.0)])
    found = await search.find(PLACES, query, limit=10)
    assert [(id_, round(score, 3)) for id_, score in found.hits] == [("lodz", 3.0), ("roma", 2.0)]


async def test_all_parts_must_match(search: Search) -> None:
    assert await ids(search, All([Words("name", "ordine"), Terms("country", ["IT"])])) == ["roma"]
    assert await ids(search, All([Words("name", "ordine"), Terms("country", ["EL"])])) == []


async def test_a_document_is_replaced_and_deleted_by_its_id(search: Search) -> None:
    await search.apply(PLACES, [SearchDocument("roma", {"name": ["Milano"]}), SearchDocument("sofia", None)])
    assert await ids(search, Words("name", "milano")) == ["roma"]
    assert await ids(search, Words("name", "ordine")) == []
    assert (await search.find(PLACES, Everything(), limit=10)).total == 4


@pytest.mark.parametrize(
    "text", ['"', "name:roma", "ro* OR [a TO z]", "(((", "\\", "+-&&||!", "roma'; DROP", "{}", "*:*"]
)
async def test_the_engines_own_syntax_is_taken_literally(search: Search, text: str) -> None:
    assert "muenchen" not in await ids(search, Words("name", text))


async def test_words_that_are_not_there_find_nothing(search: Search) -> None:
    assert await ids(search, Words("name", "xyzzy", fuzzy=True)) == []
    assert await ids(search, Words("name", "")) == []
    assert await ids(search, Terms("country", [])) == []


async def test_an_index_survives_reopening_and_is_another_when_its_fields_change(engine: Engine) -> None:
    async with engine.opened(PLACES) as search:
        assert not await search.is_built(PLACES)
        async with search.rebuild(PLACES) as put:
            await put([SearchDocument("a", {"name": ["x"]})])
    async with engine.opened(PLACES) as search:
        assert await search.is_built(PLACES)
        assert (await search.find(PLACES, Everything(), limit=10)).total == 1
    changed = Index("places", words=("name", "town"))
    async with engine.opened(changed) as search:
        assert not await search.is_built(changed)


async def test_an_index_that_was_never_built_says_so(engine: Engine) -> None:
    async with engine.opened(PLACES) as search:
        with pytest.raises(NotBuilt):
            await search.find(PLACES, Everything(), limit=10)
        with pytest.raises(NotBuilt):
            await search.apply(PLACES, [SearchDocument("a", {"name": ["x"]})])


async def test_while_an_index_is_built_anew_the_old_one_is_searched_and_nothing_applied_is_lost(search: Search) -> None:
    async with search.rebuild(PLACES) as put:
        await put([SearchDocument("old", {"name": ["vecchio"]}, 1), SearchDocument("gone", {"name": ["via"]}, 1)])
        await search.apply(PLACES, [SearchDocument("old", {"name": ["nuovo"]}, 2), SearchDocument("gone", None, 2)])
        # Read from the store before those changes, and arriving after them.
        await put([SearchDocument("late", {"name": ["tardi"]}, 1), SearchDocument("new", {"name": ["poi"]}, 1)])
        assert "roma" in await ids(search, Everything())
    assert set(await ids(search, Everything())) == {"old", "late", "new"}
    assert await ids(search, Words("name", "nuovo")) == ["old"]


async def test_building_anew_that_fails_leaves_the_old_index(search: Search) -> None:
    async def fail() -> None:
        async with search.rebuild(PLACES) as put:
            await put([SearchDocument("new", {"name": ["nuovo"]})])
            raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError, match="the store went away"):
        await fail()
    assert len(await ids(search, Everything())) == len(NAMES)
    assert await ids(search, Words("name", "nuovo")) == []


async def test_what_is_read_stale_from_the_store_does_not_undo_a_newer_change(search: Search) -> None:
    async with search.rebuild(PLACES) as put:
        await search.apply(PLACES, [SearchDocument("a", {"name": ["nuovo"]}, 5)])
        await put([SearchDocument("a", {"name": ["vecchio"]}, 4)])
    assert await ids(search, Words("name", "nuovo")) == ["a"]
    assert await ids(search, Words("name", "vecchio")) == []


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("it", "Ordine degli architetti", "architetto"),
        ("de", "Kammer der Zahnärzte", "Kammern"),
        ("fr", "Médecins généralistes", "médecin"),
        ("sv", "Legitimerade läkare", "legitimerad"),
        ("el", "Ιατρικοί σύλλογοι", "ιατρικός"),
        ("mt", "Kamra tal-periti", "periti"),
    ],
)
async def test_a_word_is_found_by_another_of_its_forms(engine: Engine, language: str, text: str, asked: str) -> None:
    index = Index("forms", stems={"label": language})
    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put([SearchDocument("a", {"label": [text]}), SearchDocument("b", {"label": ["zzz"]})])
        found = await search.find(index, Stems("label", asked), limit=10)
    assert [id_ for id_, _ in found.hits] == ["a"]


async def test_equals_keep_their_order_while_the_index_changes(engine: Engine) -> None:
    """Pages of a list meet although documents come and go between them."""
    index = Index("many", terms=("kind",))
    ids = [f"d{n:04}" for n in range(500)]
    async with engine.opened(index) as search:
        async with search.rebuild(index) as put:
            await put([SearchDocument(id_, {"kind": ["a"]}, 1) for id_ in reversed(ids)])
        seen: list[str] = []
        for start in range(0, 500, 50):
            page = await search.find(index, Terms("kind", ["a"]), offset=start, limit=50)
            assert page.total == 500
            seen += [id_ for id_, _ in page.hits]
            await search.apply(index, [SearchDocument(id_, {"kind": ["a"]}, 2) for id_ in ids[start : start + 20]])
            await search.apply(index, [SearchDocument(f"x{start}", {"kind": ["b"]}, 1)])
        assert seen == ids
