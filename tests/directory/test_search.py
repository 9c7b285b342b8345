"""Search finds the same authorities in whatever language, case and spelling one asks, and nothing else."""

import unicodedata
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import search_pb2
from services.directory.domain.authorities import Authority, Contact
from services.directory.reference import Reference
from services.directory.settings import DirectorySettings
from services.directory.training.authorities import COMMISSION_ID, coordinator_id, national_id
from tests.builders import a_handler
from tests.cells import cell
from tests.directory.bodies import an_authority, stored
from tests.directory.conftest import FREE_PORT, Asking, running
from vocabulary import languages, pages
from vocabulary.participants import Level
from vocabulary.refusals import Invalid

READER = a_handler("FR")
CONCEPTS = ("doctor", "nurse", "electrician", "customs", "mountain_guide", "labour_inspection", "child_protection")


async def search(
    asking: Asking,
    text: str = "",
    *,
    language: str = "",
    told_in: tuple[str, ...] = ("en",),
    first: int = 100,
    after: str = "",
    **narrowed: Any,
) -> Any:
    """One page."""
    return await asking(
        READER,
        "SearchAuthorities",
        text=text,
        language=language,
        languages=told_in,
        page=common_pb2.Page(first=first, after=after),
        filter=search_pb2.AuthorityFilter(**narrowed),
    )


async def ids(asking: Asking, text: str = "", **more: Any) -> list[str]:
    """All that is found, page by page."""
    found: list[str] = []
    after, further = "", True
    while further:
        answer = await search(asking, text, after=after, **more)
        found += [one.id for one in answer.authorities]
        after, further = (
            answer.page_info.cursors[-1] if answer.page_info.cursors else "",
            answer.page_info.has_next_page,
        )
    assert len(found) == answer.total
    return found


def without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


@pytest.mark.parametrize("concept", CONCEPTS)
async def test_a_keyword_in_any_language_finds_the_same_authorities(
    asking: Asking, reference: Reference, training: dict[str, Authority], concept: str
) -> None:
    for language in languages.OFFICIAL:
        with cell(language):
            expected = {id_ for id_, one in training.items() if one.country == "HU" and concept in one.concepts}
            label = reference.concepts[concept].label[language]
            page = await search(asking, label, first=len(expected), countries=["HU"], language=language)
            assert expected
            assert {one.id for one in page.authorities} == expected


@pytest.mark.parametrize("language", languages.OFFICIAL)
async def test_case_accents_and_the_shape_of_sigma_do_not_matter(
    asking: Asking, reference: Reference, language: str
) -> None:
    label = reference.concepts["food_safety"].label[language]
    expected = await ids(asking, label, countries=["EL"])
    assert expected
    for written in (label.upper(), without_accents(label), unicodedata.normalize("NFD", label)):
        assert await ids(asking, written, countries=["EL"]) == expected


@pytest.mark.parametrize("text", ["ιατρός", "ιατροσ", "ιατρος", "ΙΑΤΡΟΣ", "ΙΑΤΡΌΣ"])
async def test_greek_words_end_in_either_sigma(asking: Asking, text: str) -> None:
    expected = await ids(asking, concepts=["doctor"], countries=["CY"])
    assert (await ids(asking, text, countries=["CY"]))[: len(expected)] == expected


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("docter", "doctor"),
        ("medicco", "doctor"),
        ("лкар", "doctor"),
        ("γιατρός", "doctor"),
        ("denist", "dentist"),
        ("dentsta", "dentist"),
        ("elecrician", "electrician"),
        ("villanszerelő", "electrician"),
        ("ügyvédd", "lawyer"),
        ("pielegniarkä", "nurse"),
        ("arquiteta", "architect"),
        ("mountian guide", "mountain_guide"),
    ],
)
async def test_one_slip_in_a_keyword_still_finds_it(asking: Asking, text: str, concept: str) -> None:
    expected = await ids(asking, concepts=[concept], countries=["IT"])
    assert set(expected) <= set(await ids(asking, text, countries=["IT"]))


@pytest.mark.parametrize(
    ("text", "plain", "narrowed"),
    [
        ("medico in Ungheria", "medico", {"countries": ["HU"]}),
        ("Ungheria medico", "medico", {"countries": ["HU"]}),
        ("orvos Olaszország", "orvos", {"countries": ["IT"]}),
        ("лекар Италия", "лекар", {"countries": ["IT"]}),
        ("notaio Lazio", "notaio", {"regions": ["IT-62"]}),
        ("in Ungheria", "", {"countries": ["HU"]}),
        ("Luxembourg", "", {"countries": ["LU"]}),
    ],
)
async def test_a_place_in_the_text_narrows_as_a_filter_does(
    asking: Asking, text: str, plain: str, narrowed: dict[str, Any]
) -> None:
    expected = await ids(asking, plain, **narrowed)
    assert expected
    assert await ids(asking, text) == expected


async def test_a_region_in_the_text_is_that_region_with_those_inside_it(
    asking: Asking, reference: Reference, training: dict[str, Authority]
) -> None:
    expected = set(await ids(asking, regions=["DE-BY"]))
    inside = {id_ for id_, one in training.items() if one.region in reference.within("DE-BY")}
    assert set(await ids(asking, "Bayern")) == expected | inside


async def test_a_keyword_that_sounds_like_a_place_is_a_keyword(asking: Asking) -> None:
    """Montana is a region of Bulgaria."""
    expected = set(await ids(asking, concepts=["mountain_guide"]))
    assert set(await ids(asking, "guía de montaña")) == expected
    assert set(await ids(asking, "guía de montaña en Bulgaria")) < expected


async def test_a_keyword_and_a_name_together_find_what_has_both(asking: Asking, training: dict[str, Authority]) -> None:
    """The kind of body in Italian, the keyword in English, the place in Hungarian."""
    electricians = national_id("FR", "services", "electrician")
    body, _, _ = training[electricians].informal_name["it"].partition(":")
    found = await ids(asking, f"{body} electrician Franciaország")
    assert electricians in found
    for id_ in found:
        assert (training[id_].country, "electrician" in training[id_].concepts) == ("FR", True)


async def test_a_name_finds_its_authority(asking: Asking, training: dict[str, Authority]) -> None:
    nimic = coordinator_id("HU", "*")
    for language in ("hu", "el", "bg", "is"):
        name = training[nimic].informal_name[language]
        assert (await ids(asking, name))[0] == nimic


Predicate = Callable[[Authority], bool]
FILTERS: list[tuple[dict[str, Any], Predicate]] = [
    ({}, lambda one: True),
    ({"countries": ["HU"]}, lambda one: one.country == "HU"),
    ({"countries": ["HU", "LI"]}, lambda one: one.country in ("HU", "LI")),
    ({"countries": ["EU"]}, lambda one: one.country == "EU"),
    ({"areas": ["firearms"]}, lambda one: "firearms" in one.areas),
    ({"areas": ["firearms", "services"]}, lambda one: bool({"firearms", "services"} & set(one.areas))),
    ({"concepts": ["doctor"]}, lambda one: "doctor" in one.concepts),
    ({"concepts": ["doctor", "customs"]}, lambda one: bool({"doctor", "customs"} & set(one.concepts))),
    ({"languages": ["ga"]}, lambda one: "ga" in one.languages),
    ({"languages": ["ga", "IS-is"]}, lambda one: bool({"ga", "is"} & set(one.languages))),
    ({"levels": [pb.AUTHORITY_LEVEL_LOCAL]}, lambda one: one.level is Level.LOCAL),
    (
        {"levels": [pb.AUTHORITY_LEVEL_REGIONAL, pb.AUTHORITY_LEVEL_UNION]},
        lambda one: one.level in (Level.REGIONAL, Level.UNION),
    ),
    ({"module": "services/alerts"}, lambda one: "services/alerts" in {access.module for access in one.access}),
    (
        {"countries": ["IT", "MT"], "areas": ["services"], "levels": [pb.AUTHORITY_LEVEL_NATIONAL]},
        lambda one: one.country in ("IT", "MT") and "services" in one.areas and one.level is Level.NATIONAL,
    ),
    (
        {"concepts": ["electrician"], "languages": ["fr"], "module": "services/alerts"},
        lambda one: "electrician" in one.concepts and "fr" in one.languages and "services" in one.areas,
    ),
    ({"countries": ["IT"], "languages": ["ga"]}, lambda one: False),
    ({"areas": ["services"], "module": "firearms/requests", "concepts": ["adoption"]}, lambda one: False),
]


@pytest.mark.parametrize(("narrowed", "meets"), FILTERS, ids=[str(narrowed) for narrowed, _ in FILTERS])
async def test_each_filter_narrows_to_what_meets_it(
    asking: Asking, training: dict[str, Authority], narrowed: dict[str, Any], meets: Predicate
) -> None:
    found = await ids(asking, **narrowed)
    assert len(set(found)) == len(found)
    assert set(found) == {id_ for id_, one in training.items() if meets(one)}


@pytest.mark.parametrize(
    "narrowed", [{"countries": ["HU"]}, {"levels": [pb.AUTHORITY_LEVEL_LOCAL]}, {"languages": ["hu"]}]
)
async def test_a_filter_narrows_a_text_and_leaves_the_order(asking: Asking, narrowed: dict[str, Any]) -> None:
    allowed = set(await ids(asking, **narrowed))
    everything = await ids(asking, "nurse")
    assert await ids(asking, "nurse", **narrowed) == [id_ for id_ in everything if id_ in allowed]


@pytest.mark.parametrize("country", ["IT", "HU", "BE"])
async def test_a_region_is_served_by_all_above_it_unless_exactly_the_region_is_meant(
    asking: Asking, reference: Reference, training: dict[str, Authority], country: str
) -> None:
    region = next(one.region for one in training.values() if one.country == country and one.level is Level.LOCAL)
    line = reference.ancestors(region)
    serving = await ids(asking, regions=[region])
    assert set(serving) == {id_ for id_, one in training.items() if (one.region or one.country) in line}
    assert coordinator_id(country, "*") in serving
    exact = await ids(asking, regions=[region], exact_region=True)
    assert set(exact) == {id_ for id_, one in training.items() if one.region == region}
    assert exact


async def test_without_a_region_exactness_means_nothing(asking: Asking) -> None:
    plain = await ids(asking, countries=["IT"])
    assert await ids(asking, countries=["IT"], exact_region=True) == plain


@pytest.mark.parametrize("text", ["xyzzyqwv", "qqqqqq Ungheria", "!!! ???", "…", "\u200b"])
async def test_a_text_that_means_nothing_finds_nothing(asking: Asking, text: str) -> None:
    answer = await search(asking, text)
    assert (list(answer.authorities), answer.total, answer.page_info.has_next_page) == ([], 0, False)


async def test_a_blank_text_is_none(asking: Asking) -> None:
    assert await ids(asking, "  \n", countries=["HU"]) == await ids(asking, countries=["HU"])


@pytest.mark.parametrize(
    "text", ["*", "?", ":", "(", ")", '"', "\\", "*:*", "{}", "[* TO *]", "~", "^", "||", "&&", "+-"]
)
async def test_signs_of_search_languages_alone_find_no_more_than_their_letters(asking: Asking, text: str) -> None:
    letters = "".join(c if c.isalnum() else " " for c in text).strip()
    expected = set(await ids(asking, letters, countries=["HU"])) if letters else set()
    assert set(await ids(asking, text, countries=["HU"])) == expected


@pytest.mark.parametrize(
    "text",
    [
        "doctor*",
        '"doctor"',
        "(doctor)",
        "doctor:",
        "+doctor",
        "-doctor",
        "!doctor",
        "doctor\\",
        "doctor^5",
        "doctor~",
        "$doctor",
    ],
)
async def test_a_word_among_signs_is_the_word(asking: Asking, text: str) -> None:
    plain = await ids(asking, "doctor" if "5" not in text else "doctor 5")
    assert await ids(asking, text) == plain
    assert plain or "5" in text


@pytest.mark.parametrize(
    "text",
    [
        "doctor OR nurse",
        "doctor AND doctor",
        "NOT doctor",
        "concept:doctor",
        "name:doctor",
        '{"$where": "1"}',
        "$where doctor",
    ],
)
async def test_words_of_search_languages_are_words(asking: Asking, text: str) -> None:
    """No operator, no field: they find what the same words find in small letters and without signs."""
    plain = " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
    assert await ids(asking, text) == await ids(asking, plain)


async def test_those_who_understand_the_reader_come_first_among_equals(
    asking: Asking, training: dict[str, Authority]
) -> None:
    expected = await ids(asking, concepts=["doctor"])
    for language in ("fr", "is", "pl"):
        page = await search(asking, "doctor", first=len(expected[:100]), language=language)
        understood = [language in training[one.id].languages for one in page.authorities]
        assert understood[0]
        assert understood == sorted(understood, reverse=True)
        alone = await ids(asking, language=language, countries=["IS", "PL"])
        assert [language in training[id_].languages for id_ in alone] == sorted(
            (language in training[id_].languages for id_ in alone), reverse=True
        )


@pytest.fixture(scope="module")
async def ranked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A hundred and twenty offices that hardly differ, and a few that do."""
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("ranked"), listen_address=FREE_PORT)
    plain = {"it": "Nulla da aggiungere qui"}
    bodies = {f"aut_{number}": an_authority(f"Ufficio {number}", description=plain) for number in range(120)}
    bodies["aut_keyword"] = an_authority("Alfa", concepts=("real_estate_agent",))
    bodies["aut_name"] = an_authority("Real Estate Agent")
    bodies["aut_polish"] = an_authority("Real Estate Agent", languages=("pl",))
    bodies["aut_said"] = an_authority("Beta", description={"en": "real estate agent"})
    bodies["aut_tells"] = an_authority("Gamma", description={"it": "Ufficio"})
    bodies["aut_town"] = an_authority("Delta", contact=Contact(town="Mergozzo"))
    await stored(settings, bodies)
    async with running(settings) as found:
        yield found


async def test_a_keyword_counts_for_more_than_a_name_and_a_name_for_more_than_a_description(ranked: Asking) -> None:
    """However rare the words of the name are."""
    for language, names in (("it", ["aut_name", "aut_polish"]), ("pl", ["aut_polish", "aut_name"])):
        found = await ids(ranked, "real estate agent", language=language)
        assert found == ["aut_keyword", *names, "aut_said"]


async def test_a_common_word_in_a_name_counts_for_more_than_in_a_description(ranked: Asking) -> None:
    """However rare it is there."""
    found = await ids(ranked, "ufficio")
    assert len(found) == 121
    assert found[-1] == "aut_tells"


async def test_a_town_is_found(ranked: Asking) -> None:
    for text in ("Mergozzo", "MERGOZZO", "mergózzo"):
        assert await ids(ranked, text) == ["aut_town"]


async def test_where_nothing_is_recognised_slips_are_guessed_unless_there_is_such_a_name(small: Asking) -> None:
    nothing = await search(small, "blurb elephnt nurze qwert", language="en")
    assert (nothing.total, nothing.did_you_mean) == (0, "blurb elephnt nurse qwert")
    named = await search(small, "Ufficio lanterna", language="it")
    assert (named.total > 0, named.did_you_mean) == (True, "")


async def test_a_suspended_authority_is_not_found(small: Asking) -> None:
    assert [one.status for one in await small.read("aut_suspended")] == [pb.AUTHORITY_STATUS_SUSPENDED]
    assert await ids(small, "lanterna") == ["aut_office"]
    assert "aut_suspended" not in await ids(small)
    assert "aut_suspended" not in await ids(small, concepts=["electrician"], countries=["IT"])


@pytest.mark.parametrize(("text", "first"), [("", 7), ("nurse", 1), ("nurse", 3), ("", 100)])
async def test_pages_show_every_hit_once_in_one_order(asking: Asking, text: str, first: int) -> None:
    expected = await ids(asking, text, countries=["HU", "RO"])
    seen: list[str] = []
    after, further = "", True
    while further:
        answer = await search(asking, text, first=first, after=after, countries=["HU", "RO"])
        assert answer.total == len(expected)
        assert len(answer.page_info.cursors) == len(answer.authorities) <= first
        seen += [one.id for one in answer.authorities]
        after, further = answer.page_info.cursors[-1], answer.page_info.has_next_page
    assert seen == expected


async def test_each_cursor_leads_on_after_its_own_authority(asking: Asking) -> None:
    answer = await search(asking, "nurse", first=5)
    shown = [one.id for one in answer.authorities]
    for place, cursor in enumerate(answer.page_info.cursors):
        next_page = await search(asking, "nurse", first=5, after=cursor)
        assert [one.id for one in next_page.authorities][: 4 - place] == shown[place + 1 :]


async def test_a_page_has_twenty_unless_one_says(asking: Asking) -> None:
    assert len((await search(asking, first=0)).authorities) == 20


async def test_beyond_the_end_there_is_nothing(asking: Asking) -> None:
    answer = await search(asking, countries=["HU"], after=pages.cursor("authorities", 0.0, 1 << 40))
    assert (list(answer.authorities), answer.page_info.has_next_page) == ([], False)


async def test_what_is_found_is_told_in_the_languages_wanted(asking: Asking) -> None:
    for one in (await search(asking, "doctor", first=5, countries=["HU"], told_in=("fi", "el"))).authorities:
        assert set(one.informal_name.texts) == {"fi", "el"}
        assert set(one.official_name.texts) == {"hu"}


async def test_the_commission_is_found_by_name(asking: Asking) -> None:
    assert (await ids(asking, "Commission européenne"))[0] == COMMISSION_ID


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"first": 101}, "first", "PAGE_SIZE"),
        ({"first": -1}, "first", "PAGE_SIZE"),
        ({"after": "xyz"}, "after", "CURSOR"),
        ({"after": "é"}, "after", "CURSOR"),
        ({"after": pages.cursor("requests", 5)}, "after", "CURSOR"),
        ({"after": pages.cursor("authorities", "5")}, "after", "CURSOR"),
        ({"after": pages.cursor("authorities", 5, 5)}, "after", "CURSOR"),
        ({"after": pages.cursor("authorities", 0)}, "after", "CURSOR"),
        ({"after": pages.cursor("authorities", -1)}, "after", "CURSOR"),
        ({"after": pages.cursor("authorities", 10_001)}, "after", "CURSOR"),
        ({"text": "x" * 201}, "text", "TOO_LONG"),
        ({"language": "tlh"}, "language", "UNKNOWN_LANGUAGE"),
        ({"told_in": ("it", "tlh")}, "languages[1]", "UNKNOWN_LANGUAGE"),
        ({"countries": ["HU", "GR"]}, "filter.countries[1]", "UNKNOWN_COUNTRY"),
        ({"countries": ["hu"]}, "filter.countries[0]", "UNKNOWN_COUNTRY"),
        ({"regions": ["IT-62", "IT"]}, "filter.regions[1]", "UNKNOWN_REGION"),
        ({"areas": ["services", "fishing"]}, "filter.areas[1]", "UNKNOWN_AREA"),
        ({"concepts": ["doctor", "wizard"]}, "filter.concepts[1]", "UNKNOWN_CONCEPT"),
        ({"languages": ["it", "tlh"]}, "filter.languages[1]", "UNKNOWN_LANGUAGE"),
        ({"levels": [pb.AUTHORITY_LEVEL_LOCAL, 0]}, "filter.levels[1]", "UNKNOWN_VALUE"),
        ({"levels": [99]}, "filter.levels[0]", "UNKNOWN_VALUE"),
        ({"levels": [pb.AUTHORITY_LEVEL_LOCAL] * 1_001}, "filter.levels", "TOO_MANY"),
        ({"module": "road-transport/alerts"}, "filter.module", "UNKNOWN_MODULE"),
    ],
)
async def test_what_is_wrong_with_a_question_is_refused_by_name(
    asking: Asking, given: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await search(asking, **given)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_a_text_of_two_hundred_characters_is_answered(asking: Asking) -> None:
    assert (await search(asking, "ж" * 200)).total == 0
