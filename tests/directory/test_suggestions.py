"""What is being typed is completed in the reader's language; why something was found is said in the reader's words."""

import pytest

from chassis.caller import Caller
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.places import Gazetteer
from services.directory.search.suggestions import Suggestions
from services.directory.search.vocabulary import vocabularies
from services.directory.training.authorities import national_id
from tests.builders import a_handler
from tests.directory.conftest import Asking
from vocabulary.refusals import Forbidden, Invalid

READER: Caller = a_handler("IT")


@pytest.fixture(scope="module")
def suggestions(reference: Reference) -> Suggestions:
    return Suggestions(reference, vocabularies(reference), Gazetteer(reference))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "archi", "architect"),
        ("it", "archit", "architetto"),
        ("de", "zahn", "Zahnarzt"),
        ("it", "medico Ungh", "medico Ungheria"),
    ],
)
def test_what_is_begun_is_completed(suggestions: Suggestions, language: str, text: str, expected: str) -> None:
    assert expected in [one.text for one in suggestions.find(text, language, 8)]


def test_a_slip_is_no_hindrance(suggestions: Suggestions) -> None:
    assert "dentist" in [one.text for one in suggestions.find("denist", "en", 8)]


@pytest.mark.parametrize("text", ["", "   ", "!!!", "zzqx"])
def test_nothing_is_suggested_for_nothing(suggestions: Suggestions, text: str) -> None:
    assert suggestions.find(text, "en", 8) == []


async def test_suggestions_name_authorities_too(asking: Asking) -> None:
    found = (await asking(READER, "SuggestSearch", text="Minister", language="it")).suggestions
    assert 1 <= len(found) <= 8
    assert any(one.WhichOneof("leads_to") == "authority_id" for one in found)


@pytest.mark.parametrize("first", [21, -1])
async def test_too_many_suggestions_are_refused(asking: Asking, first: int) -> None:
    with pytest.raises(Invalid) as refused:
        await asking(READER, "SuggestSearch", text="a", first=first)
    assert (refused.value.field, refused.value.reason) == ("first", "PAGE_SIZE")


async def test_a_hit_says_why(asking: Asking, training: dict[str, Authority]) -> None:
    answer = await asking(READER, "SearchAuthorities", text="médico Hungría", language="it", languages=["it"])
    id_ = national_id("HU", "professional-qualifications", "doctor")
    (match,) = [one for one in answer.matches if one.authority_id == id_]
    assert list(match.concept_ids) == ["doctor"]
    assert "".join(piece.text for piece in match.name) == training[id_].informal_name["it"]
    assert [piece.text for piece in match.name if piece.is_hit] == ["medico"]
    assert match.HasField("place")
    assert [place.country_code for place in answer.understanding.places] == ["HU"]
    assert list(answer.understanding.concept_ids) == ["doctor"]


async def test_facets_count_all_that_is_found(asking: Asking) -> None:
    answer = await asking(READER, "SearchAuthorities", text="notary", language="en", with_facets=True)
    assert sum(one.count for one in answer.facets.countries) == answer.total
    assert sum(one.count for one in answer.facets.levels) == answer.total
    plain = await asking(READER, "SearchAuthorities", text="notary", language="en")
    assert not plain.HasField("facets")


async def test_whom_one_may_address_leaves_out_the_own_country(asking: Asking) -> None:
    module = "professional-qualifications/requests"
    filter_ = {"module": module, "addressable": True}
    answer = await asking(READER, "SearchAuthorities", text="doctor", language="en", filter=filter_, with_facets=True)
    assert answer.total
    assert "IT" not in {one.value for one in answer.facets.countries}
    with pytest.raises(Invalid) as unsaid:
        await asking(READER, "SearchAuthorities", filter={"addressable": True})
    assert unsaid.value.field == "filter.module"
    with pytest.raises(Forbidden):
        await asking("gateway", "SearchAuthorities", filter=filter_)


async def test_a_filter_of_too_many_values_is_refused(asking: Asking) -> None:
    with pytest.raises(Invalid) as refused:
        await asking(READER, "SearchAuthorities", filter={"countries": ["IT"] * 101})
    assert (refused.value.field, refused.value.reason) == ("filter.countries", "TOO_MANY")
