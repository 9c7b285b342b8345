"""What the codes of the schema mean to people, in every language: the values of its enums, and how a refusal is coded."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chassis import catalogues
from chassis.wording import Wording
from vocabulary import languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).parent / "labels"
REFUSALS = Path(__file__).parent / "refusals"
# Languages are called as each language calls them, which nobody has to write down here.
LANGUAGE = "Language"


@cache
def labels() -> Mapping[str, Mapping[str, LocalizedText]]:
    """Enum → code → what it is called. Raises IncompleteCatalogue; the first call reads files, so it is not for the event loop."""
    found = _tables(CATALOGUE)
    wordings = {language: Wording(language) for language in languages.ALL}
    found[LANGUAGE] = {
        code.upper(): {language: wording.language_name(code) for language, wording in wordings.items()}
        for code in languages.ALL
    }
    return found


@cache
def refusals() -> Mapping[str, Mapping[str, LocalizedText]]:
    """``code`` and ``reason`` → what each says to a person. A reason that says no more than its code is told by that. As `labels`."""
    return _tables(REFUSALS)


def _tables(folder: Path) -> dict[str, Mapping[str, LocalizedText]]:
    return {
        name: {code: entry["label"] for code, entry in table.items() if code != "note"}
        for name, table in catalogues.load(folder).items()
    }
