"""What things are called: a text that is nothing but a term has its translation; in others, terms are found and looked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protos.translation.v1 import translation_pb2 as pb
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory
from services.translation.domain.pairs import Pair
from services.translation.domain.terms import Term, Terms, missed
from tests.cells import cell
from tests.chassis.waiting import until
from tests.translation.asking import TRANSLATED, ask, segment
from tests.translation.conftest import System
from tests.translation.doubles import Script, with_engines
from vocabulary.refusals import Invalid

PAIR = Pair("it", "hu")
TERMS = Terms(
    (
        Term(id="doctor", areas=("pq",), label={"it": "Medico", "hu": "orvos", "de": "Arzt"}),
        Term(id="vet", areas=("pq",), label={"it": "Medico veterinario", "hu": "állatorvos"}),
        Term(id="nurse", areas=("pq",), label={"it": "Infermiere", "de": "Krankenpfleger"}),
        Term(id="deposit", areas=("services",), label={"it": "Cauzione", "hu": "biztosíték"}),
        Term(id="bail", areas=("firearms",), label={"it": "cauzione", "hu": "óvadék"}),
    )
)


@pytest.mark.parametrize(
    ("text", "area", "called"),
    [
        ("Medico", "pq", "orvos"),
        ("  medico\n", "", "orvos"),
        ("MEDICO VETERINARIO", "pq", "állatorvos"),
        ("Medico.", "pq", None),
        ("Infermiere", "pq", None),
        # In two areas it is two things.
        ("cauzione", "services", "biztosíték"),
        ("cauzione", "firearms", "óvadék"),
        ("cauzione", "pq", None),
        ("cauzione", "", None),
        ("testo", "pq", None),
    ],
)
def test_a_text_that_is_a_term_is_called_what_its_area_calls_it(text: str, area: str, called: str | None) -> None:
    assert TERMS.exact(text, PAIR, area) == called


def test_the_terms_of_an_area_are_found_in_a_text_the_longest_first_and_as_whole_words() -> None:
    found = TERMS.within("Il medico veterinario e il MEDICO, non la medicomania; la cauzione.", PAIR, "pq")
    assert found == [("Medico veterinario", "állatorvos"), ("Medico", "orvos")]
    assert TERMS.within("Il medico", PAIR, "services") == []
    assert TERMS.within("Il medico", Pair("it", "fi"), "pq") == []
    assert TERMS.within("Il medico", PAIR, "") == []


def test_letters_that_pass_for_others_are_no_fault() -> None:
    """Such as the long s, the dotless i, and the other theta."""
    terms = Terms([Term(id="one", areas=("pq",), label={"de": "Masseur", "it": "massaggiatore", "el": "θεσμός"})])
    assert terms.within("Der Maſſeur, der Masseur", Pair("de", "it"), "pq") == [("Masseur", "massaggiatore")]
    for text, language in (("ein Maſſeur", "de"), ("un massaggıatore", "it"), ("ο ϑεσμός", "el")):
        with cell(language):
            other = "it" if language != "it" else "de"
            assert terms.within(text, Pair(language, other), "pq") == []


def test_what_a_translation_calls_otherwise_is_told() -> None:
    terms = [("Medico", "orvos"), ("Medico veterinario", "állatorvos")]
    assert missed(terms, "Az állatorvos és az orvos") == ()
    assert missed(terms, "A doktor") == ("orvos", "állatorvos")
    # Part of a word counts: most languages inflect.
    assert missed(terms, "Az orvosnak és az ÁLLATORVOSNAK") == ()


@pytest.fixture(scope="module")
def engine() -> Script:
    return Script(takes_terms=True)


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory, engine: Script) -> AsyncIterator[System]:
    """Translation beside the directory, whose areas and concepts it reads, with an engine that takes a glossary."""
    data: Path = tmp_path_factory.mktemp("terms")
    own = DirectorySettings(data_dir=data, listen_address="127.0.0.1:0", requests_address="none", alerts_address="none")
    async with (
        directory(own) as there,
        with_engines(data, engine, directory=f"127.0.0.1:{there.port}") as system,
    ):

        async def is_read() -> bool:
            return bool(await terms(system, "professional-qualifications"))

        await until(is_read)
        yield system


async def terms(system: System, area: str, source: str = "it", target: str = "hu") -> list[pb.Term]:
    request = pb.ListTermsRequest(area_code=area, source_language=source, target_language=target)
    return list((await system.handler.call(system.stub.ListTerms, request)).terms)


async def test_the_concepts_and_areas_of_the_directory_are_terms_in_every_language(system: System) -> None:
    found = await terms(system, "professional-qualifications")
    assert len(found) > 5
    assert all(one.source and one.target for one in found)
    assert "professional-qualifications" in {one.id for one in found}
    assert await terms(system, "no-such-area") == []
    with pytest.raises(Invalid) as refused:
        await terms(system, "professional-qualifications", target="ru")
    assert refused.value.field == "targetLanguage"


async def test_a_text_that_is_a_term_is_translated_without_an_engine(system: System) -> None:
    one = (await terms(system, "professional-qualifications", "it", "mt"))[-1]
    asked = segment(one.source, target="mt", area="professional-qualifications")
    (answer,) = await ask(system, asked)
    assert (answer.status, answer.text, answer.engine) == (TRANSLATED, one.target, "terminology")
    assert (answer.tier, answer.job_id) == (pb.QUALITY_TIER_HUMAN_REVIEWED, "")


async def test_terms_are_handed_to_an_engine_that_takes_them_and_looked_for_in_what_it_says(
    system: System, engine: Script
) -> None:
    area = "professional-qualifications"
    one = next(term for term in await terms(system, area) if term.id != area)
    text = f"Il richiedente esercita da anni come {one.source} nel suo paese."
    (answer,) = await ask(system, segment(text, area=area))
    assert answer.status == TRANSLATED
    handed = next(batch for batch in engine.given if batch.area == area and batch.pair.target == "hu")
    assert (one.source, one.target) in handed.terms
    # The double does not use them.
    assert one.target in answer.missed_terms
    (elsewhere,) = await ask(system, segment(text))
    assert not elsewhere.missed_terms
