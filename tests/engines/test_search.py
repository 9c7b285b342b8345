"""What every search engine promises, held against each engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engines.search import (
    All,
    Batch,
    Best,
    Boosted,
    Everything,
    Grams,
    Index,
    Query,
    Scored,
    Search,
    SearchDocument,
    Terms,
    Words,
    open_search,
)

PLACES = Index("places", words=("name",), grams=("pieces",), terms=("country",))
ENGINES = ["tantivy"]

NAMES = {
    "muenchen": ("Ärztekammer München", "DE"),
    "athens": ("Ιατρικός Σύλλογος Αθηνών", "EL"),
    "sofia": ("Български лекарски съюз", "BG"),
    "lodz": ("Okręgowa Izba Lekarska w Łodzi", "PL"),
    "roma": ("Ordine dei medici di Roma", "IT"),
}


@pytest.fixture(params=ENGINES)
async def search(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Search]:
    async with open_search(f"{request.param}:///{tmp_path}/index", [PLACES]) as opened:
        documents = [
            SearchDocument(id_, {"name": [name], "pieces": [name], "country": [country]})
            for id_, (name, country) in NAMES.items()
        ]
        await opened.apply(PLACES, Batch(put=documents))
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
    await search.apply(PLACES, Batch(put=[SearchDocument("roma", {"name": ["Milano"]})], delete=["sofia"]))
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


async def test_an_index_survives_reopening_and_is_begun_anew_when_its_fields_change(tmp_path: Path) -> None:
    url = f"tantivy:///{tmp_path}/index"
    async with open_search(url, [PLACES]) as search:
        assert await search.is_empty(PLACES)
        await search.apply(PLACES, Batch(put=[SearchDocument("a", {"name": ["x"]})]))
    async with open_search(url, [PLACES]) as search:
        assert not await search.is_empty(PLACES)
    changed = Index("places", words=("name", "town"))
    async with open_search(url, [changed]) as search:
        assert await search.is_empty(changed)
