"""Info points, glossary, questions and guidelines are there in every language, and found in the reader's."""

from typing import Any

import pytest

from protos.directory.v1 import guidance_pb2 as pb
from services.directory.guidance import TEXT_LIMIT, BuildingBlock, Guidance, look_for
from services.directory.rpc.guiding import GuidanceRpc
from tests.cells import cell
from tests.directory.bodies import an_administrator
from tests.directory.conftest import Asking
from vocabulary import languages
from vocabulary.refusals import Invalid

GUIDANCE = Guidance.load()
READER = an_administrator("aut_office")
BLOCKS = sorted(BuildingBlock)


def test_everything_is_there_in_every_language() -> None:
    texts = {
        **GUIDANCE.info,
        **{f"{one.code} {part}": getattr(one, part) for one in GUIDANCE.glossary for part in ("name", "meaning")},
        **{f"{one.code} {part}": getattr(one, part) for one in GUIDANCE.faq for part in ("question", "answer")},
        **{f"{one.block} {part.code}": part.text for one in GUIDANCE.guidelines for part in one.sections},
    }
    for code, text in texts.items():
        with cell(code):
            assert set(text) == set(languages.ALL)


def test_every_building_block_has_questions_and_a_guideline() -> None:
    assert sorted({one.block for one in GUIDANCE.faq}) == BLOCKS
    assert sorted(one.block for one in GUIDANCE.guidelines) == BLOCKS
    for block in BLOCKS:
        with cell(block):
            assert len([one for one in GUIDANCE.faq if one.block is block]) >= 6
    for one in GUIDANCE.guidelines:
        with cell(one.block):
            assert 8 <= len(one.sections) <= 12
    assert len(GUIDANCE.glossary) >= 40


@pytest.mark.parametrize("language", sorted(languages.ALL))
def test_every_term_is_found_by_its_own_name(language: str) -> None:
    for term in GUIDANCE.glossary:
        with cell(term.code):
            found = look_for(
                term.name[language], language, GUIDANCE.glossary, lambda one: one.name, lambda one: one.meaning
            )
            assert term in found


def test_what_is_called_so_comes_before_what_speaks_of_it() -> None:
    found = look_for("alert", "en", GUIDANCE.glossary, lambda one: one.name, lambda one: one.meaning)
    assert [one.code for one in found[:2]] == ["alert", "alert-coordinator"]
    assert {"dissemination", "building-block"} <= {one.code for one in found[2:]}


def test_an_info_point_of_a_form_goes_before_that_of_the_field() -> None:
    assert GUIDANCE.about("createAlert.typeId") == GUIDANCE.about("registerWebhook.typeId") is not None
    assert GUIDANCE.about("publishRepository.roles") != GUIDANCE.about("addUser.roles")
    assert GUIDANCE.about("sendRequest") == GUIDANCE.info["sendRequest"]
    assert GUIDANCE.about("sendRequest.nothing") is None
    assert GUIDANCE.about("nothing") is None
    assert GUIDANCE.about("") is None


@pytest.mark.parametrize("before", ["x" * 100_000, "", "Mario Rossi", "x\r\nBcc: y"])
def test_only_what_could_be_an_action_has_a_field_with_an_info_point(before: str) -> None:
    """Whoever sends feedback says what it is about: that is shown to others, and no room for words."""
    assert GUIDANCE.about("x.justification") is not None
    assert GUIDANCE.about(f"{before}.justification") is None


async def test_info_points_are_told_in_the_languages_asked_for(small: Asking) -> None:
    found = await small(READER, "BatchGetInfoPoints", ids=["sendRequest", "nothing", "a.reason"], languages=["hu"])
    assert [one.of for one in found.info_points] == ["sendRequest", "a.reason"]
    assert set(found.info_points[0].text.texts) == {"hu"}


async def test_the_glossary_is_searched_in_the_readers_language(small: Asking) -> None:
    found = await small(READER, "SearchGlossary", text="riaszt koord", language="hu", languages=["hu"])
    assert [one.code for one in found.terms] == ["alert-coordinator"]
    assert not (await small(READER, "SearchGlossary", text="riaszt", language="it", languages=["it"])).terms
    assert len((await small(READER, "SearchGlossary")).terms) == len(GUIDANCE.glossary)


async def test_questions_and_guidelines_are_told_by_building_block(small: Asking) -> None:
    block = pb.BUILDING_BLOCK_ALERTS
    found = await small(READER, "SearchFaq", block=block, text="eigenen", language="de", languages=["de"])
    assert not found.questions
    found = await small(READER, "SearchFaq", block=block, language="de", languages=["de"])
    assert len(found.questions) >= 6
    assert {one.block for one in found.questions} == {block}
    (guideline,) = (await small(READER, "ListGuidelines", block=block, languages=["de"])).guidelines
    assert guideline.title.texts["de"]
    assert len((await small(READER, "ListGuidelines")).guidelines) == len(BLOCKS)


async def test_nothing_is_told_of_a_building_block_that_does_not_run() -> None:
    alone = GuidanceRpc(GUIDANCE, frozenset({"directory", "alerts"}))
    context = None
    faq = await alone.SearchFaq(pb.SearchFaqRequest(), context)  # type: ignore[arg-type]
    assert {one.block for one in faq.questions} == {pb.BUILDING_BLOCK_DIRECTORY, pb.BUILDING_BLOCK_ALERTS}
    asked = pb.ListGuidelinesRequest(block=pb.BUILDING_BLOCK_REQUESTS)
    assert not (await alone.ListGuidelines(asked, context)).guidelines  # type: ignore[arg-type]


async def test_a_question_that_cannot_be_is_refused(small: Asking) -> None:
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("SearchGlossary", {"text": "a" * (TEXT_LIMIT + 1)}, "text"),
        ("SearchGlossary", {"language": "xx"}, "language"),
        ("SearchFaq", {"block": 99}, "block"),
        ("ListGuidelines", {"block": 99}, "block"),
        ("BatchGetInfoPoints", {"ids": ["a"], "languages": ["xx"]}, "languages[0]"),
        ("BatchGetInfoPoints", {"ids": [f"a{number}" for number in range(1_001)]}, "ids"),
    ]
    for method, fields, field in refusals:
        with cell(method, field):
            with pytest.raises(Invalid) as refused:
                await small(READER, method, **fields)
            assert refused.value.field == field
