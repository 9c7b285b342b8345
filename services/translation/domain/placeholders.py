"""Parts of a text that must come through a translation as they are: markup, places to fill in, addresses, numbers of acts, dates.

An engine is given a mark in their place, and each mark must come back exactly once. What looks like a mark of ours in the text itself
is such a part, too. `restore(protect(text)) == text`, whatever the text.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Marks(StrEnum):
    """How a place that must not be translated is written in a text: `⟦0⟧`, or `<x id="0"/>` where the engine reads markup.

    With ELEMENTS, `&`, `<` and `>` in the text are written as `&amp;`, `&lt;` and `&gt;`, and are expected back so.
    """

    BRACKETS = "BRACKETS"
    ELEMENTS = "ELEMENTS"


_WRITTEN = {Marks.BRACKETS: "⟦{}⟧", Marks.ELEMENTS: '<x id="{}"/>'}
# As engines give them back: some add blanks inside, or write an element that is empty in two parts.
_COMING_BACK = {
    Marks.BRACKETS: re.compile(r"⟦\s*([0-9]{1,6})\s*⟧"),
    Marks.ELEMENTS: re.compile(
        r"<\s*x\s+id\s*=\s*[\"']?([0-9]{1,6})[\"']?\s*(?:/\s*>|>\s*(?:<\s*/\s*x\s*>)?)", re.IGNORECASE
    ),
}
_STRAY = {Marks.BRACKETS: re.compile(r"[⟦⟧]"), Marks.ELEMENTS: re.compile(r"<\s*/?\s*x\b", re.IGNORECASE)}

# The first that matches at a place counts. None takes the space around it: a text must not lose or gain any. None that can be long is
# begun in the middle or given back in part: of a text made for that, every place would be looked at from every other.
_PROTECTED = re.compile(
    "|".join(
        (
            r"⟦[^⟦⟧\n]{0,20}⟧|[⟦⟧]",
            # Markup: tags, comments, references to characters.
            r"</?[A-Za-z][^<>\n]{0,400}>|<!--[^<>]{0,400}-->|&(?:#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});",
            # Places to fill in.
            r"\{\{[^{}\n]{1,80}\}\}|\{[^{}\n]{1,80}\}|%\([A-Za-z_]+\)[sd]|%[sd]\b",
            # Addresses: a closing point, comma or bracket is the sentence's.
            r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»”]|www\.[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»”]",
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++",
            # Acts: 2005/36/EC, (EU) No 1024/2012, (EU) 2016/679.
            r"[0-9]{1,4}/[0-9]{1,4}/[A-Z]{2,5}\b|\((?:EU|EC|EEC|UE|CE|CEE|ES|EÚ|ЕС|ЕО|ΕΕ|ΕΚ)\)\s(?:[^\W\d_]{1,3}\.?\s?)?[0-9]{1,4}/[0-9]{2,4}",
            # Parts of articles: 5(1), 5(1)(a).
            r"\b[0-9]{1,3}[a-z]?\([0-9]{1,3}\)(?:\([a-z]{1,3}\))?",
            # Dates in figures.
            r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b|\b[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}\b",
            # Amounts with their currency.
            r"(?:€|£|\$|\b[A-Z]{3})\s?[0-9][0-9.,\u00a0\u202f]*[0-9]|(?:€|£|\$)\s?[0-9]",
            r"(?<![0-9][.,\u00a0\u202f])\b[0-9]++(?:[.,\u00a0\u202f][0-9]++)*+\s?(?:€|£|\b(?:EUR|BGN|CHF|CZK|DKK|GBP|HUF|ISK|NOK|PLN|RON|SEK|USD)\b)",
        )
    )
)


class Lost(Exception):
    """Marks did not come back, came back twice, or are none that were given."""


@dataclass(frozen=True, slots=True)
class Protected:
    """A text with marks in the place of its `parts`."""

    text: str
    parts: tuple[str, ...]
    marks: Marks

    @property
    def is_all_marks(self) -> bool:
        """Whether there is nothing left to translate."""
        return not any(character.isalpha() for character in _COMING_BACK[self.marks].sub("", self.text))


def protect(text: str, marks: Marks) -> Protected:
    """*text* as an engine is given it."""
    parts: list[str] = []
    given: list[str] = []
    end = 0
    for match in _PROTECTED.finditer(text):
        given += [_plain(text[end : match.start()], marks), _WRITTEN[marks].format(len(parts))]
        parts.append(match.group())
        end = match.end()
    given.append(_plain(text[end:], marks))
    return Protected("".join(given), tuple(parts), marks)


def restore(protected: Protected, rendered: str) -> str:
    """*rendered* with the parts in the place of their marks; raises Lost unless each is there exactly once."""
    marks = protected.marks
    seen: list[int] = []
    restored: list[str] = []
    end = 0
    for match in _COMING_BACK[marks].finditer(rendered):
        number = int(match.group(1))
        if number >= len(protected.parts):
            raise Lost
        seen.append(number)
        restored += [_read(rendered[end : match.start()], marks), protected.parts[number]]
        end = match.end()
    restored.append(_read(rendered[end:], marks))
    if sorted(seen) != list(range(len(protected.parts))):
        raise Lost
    return "".join(restored)


def protected_parts(text: str) -> Iterator[str]:
    """The parts of *text* that must come through."""
    return (match.group() for match in _PROTECTED.finditer(text))


def without_parts(text: str) -> str:
    """*text* without them: the words."""
    return _PROTECTED.sub(" ", text)


def _plain(text: str, marks: Marks) -> str:
    return html.escape(text, quote=False) if marks is Marks.ELEMENTS else text


def _read(text: str, marks: Marks) -> str:
    if _STRAY[marks].search(text):
        raise Lost
    return html.unescape(text) if marks is Marks.ELEMENTS else text
