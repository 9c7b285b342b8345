"""Somebody looks for an authority abroad, in their own language and in their own spelling, and narrows what is found."""

import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engines.documents import Document, open_documents, pages
from services.directory import storage
from services.directory.settings import DirectorySettings
from tests.builders import QUALIFICATIONS
from tests.gateway.clients import Client, Data, eventually
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage
from vocabulary import languages

SEARCH = """query ($text: String, $language: Language, $filter: AuthorityFilter, $after: String) {
  searchAuthorities(text: $text, language: $language, filter: $filter, first: 100, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id concepts { id } country { code } } } } }"""
WORDS = """query ($language: Language!) {
  areas { concepts { id label(language: $language) } } countries { code name(language: $language) } }"""
PART_OF_OTHERS = ("doctor",)
ASKED = (*PART_OF_OTHERS, "architect", "electrician", "firearms", "public_documents")
PAGE = 500


@pytest.fixture(scope="module")
async def stage(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Stage]:
    """A system that has all of the training data in its index."""
    async with a_stage(copy_of(trained, tmp_path_factory.mktemp("finding") / "data")) as stage:
        registered = await authorities(stage)

        async def complete() -> bool | None:
            answer: Data = await stage.as_("it-handler").ask(SEARCH)
            return answer["searchAuthorities"]["totalCount"] == len(registered) or None

        await eventually(complete)
        yield stage


async def authorities(stage: Stage) -> dict[str, Data]:
    """Every authority as the directory keeps it, by id: what searches are held against."""
    kept: dict[str, Data] = {}
    settings = DirectorySettings(data_dir=stage.data)
    async with open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents:
        async for page in pages(documents, storage.AUTHORITIES, size=PAGE):
            kept |= {one.id: _state(one) for one in page}
    return {id_: one for id_, one in kept.items() if one["status"] == "ACTIVE"}


def _state(kept: Document) -> Data:
    state = kept.body["state"]
    assert isinstance(state, dict)
    return state


async def found(client: Client, text: str | None = None, language: str | None = None, **narrowed: Any) -> list[str]:
    """The ids of everything that is found, the best first."""
    ids: list[str] = []
    after = None
    while True:
        asked = {"text": text, "language": language, "filter": narrowed, "after": after}
        page = (await client.ask(SEARCH, **asked))["searchAuthorities"]
        ids += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(ids) == len(set(ids)) == page["totalCount"]
            return ids
        after = page["pageInfo"]["endCursor"]


async def test_a_question_in_any_of_the_24_languages_finds_the_same_authorities(stage: Stage) -> None:
    """What one calls a profession and a country in one's own language finds whom everybody else finds (row 6)."""
    client = stage.as_("it-handler")
    answers: dict[str, dict[str, list[str]]] = {concept: {} for concept in ASKED}
    for code in languages.OFFICIAL:
        words = await client.ask(WORDS, language=code.upper())
        labels = {one["id"]: one["label"] for area in words["areas"] for one in area["concepts"]}
        (hungary,) = [one["name"] for one in words["countries"] if one["code"] == "HU"]
        for concept in ASKED:
            answers[concept][code] = await found(client, f"{labels[concept]} {hungary}", code.upper())
    hungarian = {id_: one["concepts"] for id_, one in (await authorities(stage)).items() if one["country"] == "HU"}
    for concept, by_language in answers.items():
        competent = {id_ for id_, concepts in hungarian.items() if concept in concepts}
        assert len(competent) > 1, concept
        for code, ids in by_language.items():
            assert set(ids[: len(competent)]) == competent, (concept, code)
            # A word that is also part of the name of something else ("orvos", "állatorvos") may find more, behind these.
            assert len(ids) == len(competent) or concept in PART_OF_OTHERS, (concept, code)


async def test_case_accents_the_final_sigma_and_how_letters_are_composed_make_no_difference(stage: Stage) -> None:
    """However a word is spelt in Latin, Greek or Cyrillic letters, it finds what its plain spelling finds (row 7)."""
    client = stage.as_("it-handler")
    for language, plain, *others in (
        ("SV", "läkare", "LÄKARE", "lakare", "Lakare"),
        ("FR", "médecin", "medecin", "MEDECIN", "Médecin"),
        ("HU", "építész", "epitesz", "ÉPÍTÉSZ"),
        ("EL", "ιατρός", "ιατρος", "ΙΑΤΡΟΣ", "ΙΑΤΡΌΣ", "ιατροσ", "Ιατρόσ"),
        ("EL", "ηλεκτρολόγος", "ηλεκτρολογος", "ΗΛΕΚΤΡΟΛΟΓΟΣ", "ηλεκτρολογοσ"),
        ("BG", "лекар", "ЛЕКАР", "Лекар", "ле\u0301кар"),
        ("BG", "зъболекар", "ЗЪБОЛЕКАР", "Зъболе\u0301кар"),
    ):
        wanted = await found(client, plain, language, countries=["EL", "BG", "HU"])
        assert wanted, plain
        for written in (*others, unicodedata.normalize("NFD", plain), unicodedata.normalize("NFD", plain.upper())):
            assert await found(client, written, language, countries=["EL", "BG", "HU"]) == wanted, written


async def test_filters_of_every_kind_leave_together_what_meets_all_of_them(stage: Stage) -> None:
    """Country, area, region, language and keyword narrow together to what the directory itself has of that kind (row 8)."""
    client, registered = stage.as_("it-handler"), await authorities(stage)
    kinds: dict[str, Any] = {
        "countries": lambda one, wanted: one["country"] in wanted,
        "areas": lambda one, wanted: any(part["module"].partition("/")[0] in wanted for part in one["access"]),
        # A national body serves every region of its country.
        "regions": lambda one, wanted: (one["region"] or one["country"]) in {*wanted, *(r[:2] for r in wanted)},
        "languages": lambda one, wanted: any(code.upper() in wanted for code in one["languages"]),
        "concepts": lambda one, wanted: any(concept in wanted for concept in one["concepts"]),
    }
    everything: dict[str, Any] = {
        "countries": ["DE", "IT"],
        "areas": [QUALIFICATIONS, "services"],
        "regions": ["DE-BY"],
        "languages": ["FR", "ES", "DE"],
        "concepts": ["doctor", "architect", "electrician", "nurse"],
    }
    narrowings = [everything, *({kind: everything[kind]} for kind in everything)]
    narrowings += [{kind: wanted for kind, wanted in everything.items() if kind != left_out} for left_out in everything]
    counts = []
    for narrowed in narrowings:
        wanted_ids = {
            id_ for id_, one in registered.items() if all(kinds[kind](one, wanted) for kind, wanted in narrowed.items())
        }
        ids = await found(client, **narrowed)
        assert set(ids) == wanted_ids, narrowed
        counts.append(len(ids))
    together, alone = counts[0], counts[1 : len(everything) + 1]
    assert 0 < together < min(alone), counts
    assert all(together <= count for count in counts), counts
    # Words and filters narrow together, too.
    doctors = await found(client, "medico", "IT", **everything)
    assert doctors
    assert set(doctors) <= set(await found(client, **everything))
    assert await found(client, "medico", "IT", countries=["DE"], languages=["MT"]) == []
