"""Pre-translated texts: a folder with ``structure.toml`` (the English source) and one gettext catalogue per language.

Everything a person reads under the keys of ``TRANSLATABLE`` is a text; its context in the catalogues is the path of codes
that leads to it, such as ``TRAINING.PQ1.label``, so that a text keeps its translations when lines move. `load` gives the
structure with every text replaced by its translations, and refuses an incomplete catalogue: a text is published in all 24
official languages or not at all. Places to fill in (`messages`) are the same in all of them.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from chassis.catalogues import messages
from vocabulary import languages

TRANSLATABLE = frozenset({"title", "name", "label", "description", "help"})

Texts = dict[str, str]


class IncompleteCatalogue(Exception):
    """A catalogue lacks translations, or holds some that no longer match the source. Every fault is listed."""

    def __init__(self, folder: Path, faults: list[str]) -> None:
        shown = "\n  ".join(faults[:20])
        more = f"\n  and {len(faults) - 20} more" if len(faults) > 20 else ""
        super().__init__(f"the catalogue {folder.name} cannot be published:\n  {shown}{more}")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Source:
    """One English text of a structure, where it stands, and what a translator should know about it."""

    context: str
    text: str
    notes: tuple[str, ...]


def read_structure(folder: Path) -> dict[str, Any]:
    """The structure as written, with its English texts."""
    with (folder / "structure.toml").open("rb") as file:
        return tomllib.load(file)


def sources(structure: dict[str, Any]) -> Iterator[Source]:
    """Every translatable text of *structure*, in the order in which it stands."""
    yield from _walk(structure, (), ())


def _walk(table: dict[str, Any], path: tuple[str, ...], notes: tuple[str, ...]) -> Iterator[Source]:
    if "note" in table:
        notes = (*notes, table["note"])
    for key, value in table.items():
        if key in TRANSLATABLE and isinstance(value, str):
            yield Source(".".join((*path, key)), value, notes)
        else:
            for name, child in _children(key, value):
                yield from _walk(child, (*path, name), notes)


def _children(key: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tables below *key*: a list's items go by their codes, so that their place in the list does not matter."""
    if isinstance(value, dict):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item["code"], item


def load(folder: Path) -> dict[str, Any]:
    """The structure of *folder* with each text as ``{language: text}``; raises IncompleteCatalogue.

    Languages beyond the 24 official ones (Icelandic, Norwegian) are included where they are translated.
    """
    structure = read_structure(folder)
    translations = {code: _translations(folder, code) for code in languages.ALL if code != languages.FALLBACK}
    texts: dict[str, Texts] = {}
    faults: list[str] = []
    for source in sources(structure):
        if source.context in texts:
            faults.append(f"{source.context} stands for two texts; give one of them another code")
        found = {languages.FALLBACK: source.text}
        for code, catalogue in translations.items():
            original, text = catalogue.get(source.context, ("", ""))
            if text and original == source.text:
                found[code] = text
            elif text and code in languages.OFFICIAL:
                faults.append(f"{code}: {source.context}: the English text has changed since it was translated")
        faults += [f"{code}: {source.context} is not translated" for code in languages.missing(found)]
        faults += [
            f"{code}: {source.context}: {fault}"
            for code, text in found.items()
            for fault in messages.faults(source.text, text, code)
        ]
        texts[source.context] = found
    if faults:
        raise IncompleteCatalogue(folder, sorted(set(faults)))
    return _with_texts(structure, (), texts)


def _translations(folder: Path, language: str) -> dict[str, tuple[str, str]]:
    """Context → (English text it was made from, translation). Fuzzy entries do not count: nobody has reviewed them."""
    path = folder / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {
        message.context or "": (str(message.id), str(message.string))
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


def _with_texts(table: dict[str, Any], path: tuple[str, ...], texts: dict[str, Texts]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in table.items():
        if key in TRANSLATABLE and isinstance(value, str):
            result[key] = texts[".".join((*path, key))]
        elif isinstance(value, dict):
            result[key] = _with_texts(value, (*path, key), texts)
        elif isinstance(value, list):
            result[key] = [_with_texts(i, (*path, i["code"]), texts) if isinstance(i, dict) else i for i in value]
        else:
            result[key] = value
    return result
