"""Texts with places to fill in, as ICU MessageFormat writes them: ``{name}``, ``{count, plural, one {…} other {…}}``.

A translation must fill in the same places as its source, and say every plural category that its language has (CLDR). Who
translates sees what is wrong; who reads never sees a text with a hole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from babel import Locale

OTHER = "other"
PLURAL, ORDINAL, SELECT = "plural", "selectordinal", "select"
_CHOOSING = frozenset({PLURAL, ORDINAL, SELECT})
_BRACES = frozenset("{}")
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[0-9]+)\s*")
_SELECTOR = re.compile(r"\s*(?:offset:[0-9]+\s*)?(=[0-9]+|[A-Za-z_][A-Za-z0-9_]*)\s*\{")
DEPTH_LIMIT = 8


class UnreadableMessage(ValueError):
    """The braces of a text do not make sense; the words say where."""


@dataclass(slots=True)
class Place:
    """A place to fill in: what kind it is of, and for one that chooses between texts, between which."""

    kind: str
    selectors: set[str] = field(default_factory=set)


def places(text: str) -> dict[str, Place]:
    """The places of *text*, wherever they stand in it; raises UnreadableMessage."""
    found: dict[str, Place] = {}
    if _read(text, 0, found, 0) != len(text):
        raise UnreadableMessage("a closing brace has no opening one")
    return found


def faults(source: str, translation: str, language: str) -> Iterator[str]:
    """What is wrong with *translation* as a message in *language*, in words for whoever translates."""
    if _BRACES.isdisjoint(source) and _BRACES.isdisjoint(translation):
        return
    try:
        wanted = places(source)
    except UnreadableMessage as error:
        yield f"the English text cannot be read: {error}"
        return
    try:
        found = places(translation)
    except UnreadableMessage as error:
        yield f"the translation cannot be read: {error}"
        return
    yield from (f"{{{name}}} is missing" for name in wanted if name not in found)
    yield from (f"{{{name}}} is not in the English text" for name in found if name not in wanted)
    for name, place in found.items():
        if name in wanted:
            yield from _differences(name, wanted[name], place, language)


def plural_categories(language: str, *, ordinal: bool = False) -> frozenset[str]:
    """The plural categories of *language*, `other` among them."""
    locale = Locale.parse(language)
    rule = locale.ordinal_form if ordinal else locale.plural_form
    return frozenset(rule.tags) | {OTHER}


def _differences(name: str, wanted: Place, found: Place, language: str) -> Iterator[str]:
    if found.kind != wanted.kind:
        yield f"{{{name}}} is {found.kind or 'plain'} here and {wanted.kind or 'plain'} in the English text"
        return
    if found.kind == SELECT:
        needed = frozenset(wanted.selectors)
        said = found.selectors
    elif found.kind in _CHOOSING:
        needed = _categories(language, found.kind)
        said = {one for one in found.selectors if not one.startswith("=")}
    else:
        return
    yield from (f"{{{name}}} lacks {one!r}" for one in sorted(needed - said))
    yield from (f"{{{name}}} has {one!r}, which is not needed here" for one in sorted(said - needed))


@lru_cache(128)
def _categories(language: str, kind: str) -> frozenset[str]:
    return plural_categories(language, ordinal=kind == ORDINAL)


def _read(text: str, at: int, found: dict[str, Place], depth: int) -> int:
    """Where the message that begins *at* ends: at the brace that closes it, or at the end of the text."""
    if depth > DEPTH_LIMIT:
        raise UnreadableMessage("it is nested too deeply")
    while at < len(text):
        character = text[at]
        if character == "}":
            return at
        if character == "'":
            at = _after_quote(text, at)
        elif character == "{":
            at = _place(text, at + 1, found, depth)
        else:
            at += 1
    return at


def _after_quote(text: str, at: int) -> int:
    """An apostrophe is itself, unless it stands before a brace: then all up to the next one is plain text."""
    if text[at + 1 : at + 2] not in ("{", "}"):
        return at + 1
    end = text.find("'", at + 2)
    if end < 0:
        raise UnreadableMessage("quoted braces have no closing apostrophe")
    return end + 1


def _place(text: str, at: int, found: dict[str, Place], depth: int) -> int:
    name = _NAME.match(text, at)
    if name is None:
        raise UnreadableMessage(f"no name follows the brace at character {at}")
    at = name.end()
    kind = ""
    selectors: set[str] = set()
    if text[at : at + 1] == ",":
        word = _NAME.match(text, at + 1)
        kind = word[1] if word else ""
        if word is None:
            raise UnreadableMessage(f"{{{name[1]}}} does not say of what kind it is")
        at = word.end()
        if kind in _CHOOSING:
            at, selectors = _choices(text, at, found, depth, name[1])
        elif text[at : at + 1] == ",":
            at = _style_end(text, at + 1, name[1])
    if text[at : at + 1] != "}":
        raise UnreadableMessage(f"{{{name[1]}}} is not closed")
    place = found.setdefault(name[1], Place(kind))
    if place.kind != kind:
        raise UnreadableMessage(f"{{{name[1]}}} is of two kinds")
    place.selectors |= selectors
    return at + 1


def _style_end(text: str, at: int, name: str) -> int:
    end = text.find("}", at)
    if end < 0 or "{" in text[at:end]:
        raise UnreadableMessage(f"{{{name}}} is not closed")
    return end


def _choices(text: str, at: int, found: dict[str, Place], depth: int, name: str) -> tuple[int, set[str]]:
    if text[at : at + 1] != ",":
        raise UnreadableMessage(f"{{{name}}} has nothing to choose from")
    at += 1
    selectors: set[str] = set()
    while selector := _SELECTOR.match(text, at):
        if selector[1] in selectors:
            raise UnreadableMessage(f"{{{name}}} has {selector[1]!r} twice")
        selectors.add(selector[1])
        at = _read(text, selector.end(), found, depth + 1)
        if text[at : at + 1] != "}":
            raise UnreadableMessage(f"{{{name}}} is not closed after {selector[1]!r}")
        at += 1
    if OTHER not in selectors:
        raise UnreadableMessage(f"{{{name}}} lacks {OTHER!r}")
    return at + len(text[at:]) - len(text[at:].lstrip()), selectors
