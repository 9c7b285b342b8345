"""Whatever code the schema shows, a person can read in their own language what it means."""

import enum
from collections.abc import Callable, Iterator

import pytest

import gateway.serving.refusals
import gateway.streams.subscribers  # noqa: F401 — with the refusals above, every one that a client can meet is known
from chassis.catalogues import read_structure
from gateway import enums
from gateway.errors import INTERNAL
from gateway.texts.labels import REFUSALS, labels, refusals
from tests.cells import cell
from tests.gateway.clients import Client, Refused
from tests.gateway.reasons import reasons
from vocabulary import languages
from vocabulary.refusals import Refusal

As = Callable[[str], Client]
KINDS = [getattr(enums, name) for name in sorted(enums.__all__)]
LABELS = """query ($enums: [String!], $language: Language) {
  labels(enums: $enums, language: $language) { name values { code label } } }"""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_value_of_every_enum_has_a_label_in_every_language(kind: type[enum.Enum]) -> None:
    assert kind.__name__ in labels(), f"a table [{kind.__name__}] is missing in gateway/texts/labels/structure.toml"
    table = labels()[kind.__name__]
    assert set(table) == {member.name for member in kind}
    for code, texts in table.items():
        for language in languages.ALL:
            with cell(code, language):
                assert texts[language].strip()


def test_no_enum_has_labels_that_the_schema_does_not_have() -> None:
    assert set(labels()) <= set(enums.__all__)


def test_values_of_one_enum_are_told_apart_in_every_language() -> None:
    for name, table in labels().items():
        english = {code: texts["en"] for code, texts in table.items()}
        for language in languages.ALL:
            with cell(name, language):
                said = {code: texts[language] for code, texts in table.items()}
                assert len(set(said.values())) == len(set(english.values()))


async def test_labels_are_in_the_readers_language_or_the_one_asked_for(as_: As) -> None:
    asked = ["RequestStatus", "Language"]
    (status, language) = (await as_("hu-handler").ask(LABELS, enums=asked))["labels"]
    assert {"code": "CLOSED", "label": "Lezárva"} in status["values"]
    assert {"code": "IT", "label": "olasz"} in language["values"]
    (status, _) = (await as_("hu-handler").ask(LABELS, enums=asked, language="DE"))["labels"]
    assert {"code": "CLOSED", "label": "Abgeschlossen"} in status["values"]


async def test_without_names_all_are_told(as_: As) -> None:
    found = (await as_("it-handler").ask(LABELS))["labels"]
    assert {one["name"] for one in found} == set(enums.__all__)


async def test_what_is_no_enum_is_refused(as_: As) -> None:
    found = await as_("it-handler").refused(LABELS, enums=["UserRole", "Alert"])
    assert found == Refused("INVALID", "UNKNOWN_VALUE", "enums[1]")


def every(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    """The kinds of refusals that are raised, and not only stand for others."""
    for one in kind.__subclasses__():
        if hasattr(one, "code"):
            yield one
        yield from every(one)


def test_every_code_of_a_refusal_has_words_in_every_language() -> None:
    codes = {kind.code for kind in every(Refusal) if kind.__module__.split(".")[0] != "tests"} | {INTERNAL}
    assert codes == set(refusals()["code"])
    for kind, table in refusals().items():
        for code, texts in table.items():
            for language in languages.ALL:
                with cell(kind, code, language):
                    assert texts[language].strip()


def test_every_reason_that_says_more_than_its_code_has_words_and_no_other_has() -> None:
    codes, told = (set(read_structure(REFUSALS)[kind]) - {"note"} for kind in ("code", "reason"))
    given = reasons()
    assert given - told - codes == set(), "words are missing in gateway/texts/refusals/structure.toml"
    assert told - given == set()


async def test_what_a_refusal_means_is_told_in_the_readers_language(as_: As) -> None:
    document = "query ($language: Language) { refusals(language: $language) { code reason text } }"
    found = (await as_("hu-handler").ask(document))["refusals"]
    assert {"code": "FORBIDDEN", "reason": None, "text": "Ehhez nincs jogosultsága."} in found
    assert {"code": None, "reason": "EMPTY", "text": "Ez nem lehet üres."} in found
    german = (await as_("hu-handler").ask(document, language="DE"))["refusals"]
    assert {"code": None, "reason": "EMPTY", "text": "Dies darf nicht leer sein."} in german
