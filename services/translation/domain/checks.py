"""Whether what an engine gave may be shown. Cheap signs of a failure, each of which has been seen; none is a proof of quality.

A translation that fails one is never shown: the next engine is asked, or the reader is told that there is none.
"""

import re
import unicodedata
from collections import Counter
from enum import StrEnum
from itertools import pairwise

from services.translation.domain.memory import normalised
from services.translation.domain.placeholders import protected_parts, without_parts

# The length of a translation in lengths of its source, for texts of more than 20 characters.
SHORTEST, LONGEST = 0.4, 2.5
SHORT_TEXT = 20
# The share of words that an engine may leave as they were.
UNKNOWN_MAX = 1 / 3
# A word, or a group of two or three, this often in a row is a loop.
LOOP = 4

_NUMBER = re.compile(r"[0-9]+")
# Figures that languages separate differently: 1.234,50 is 1 234,50. None of them stands in another order, or apart.
_GROUPED = re.compile(r"(?<![0-9])[0-9]++(?:[.,'\u00a0\u202f][0-9]++)++")
_TOGETHER = re.compile(r"(?<![0-9])[0-9]++(?:[.,'’\s]{1,3}[0-9]++)*")
_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»”]|"
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@[A-Za-z0-9-]++(?:\.[A-Za-z0-9-]++)++"
)
# They turn round what stands behind them, and 12 into 21: only where the text has them itself.
_DIRECTIONS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_WORD = re.compile(r"\w+")
# Languages so near to each other that a short text may pass for the other one.
_KIN = ({"da", "nb", "sv"}, {"cs", "sk"}, {"hr", "sl"}, {"es", "pt"})


class Fault(StrEnum):
    """What is wrong with a translation."""

    EMPTY = "EMPTY"
    PLACEHOLDERS = "PLACEHOLDERS"
    NUMBERS = "NUMBERS"
    LINKS = "LINKS"
    LENGTH = "LENGTH"
    REPETITION = "REPETITION"
    UNCHANGED = "UNCHANGED"
    UNKNOWN_WORDS = "UNKNOWN_WORDS"
    CONTROL_CHARACTERS = "CONTROL_CHARACTERS"
    LANGUAGE = "LANGUAGE"


def fault(source: str, rendered: str, *, unknown: int = 0) -> Fault | None:
    """What is wrong with *rendered* as a translation of *source*; *unknown* words were left as they were."""
    if not rendered.strip():
        return Fault.EMPTY
    has_words = any(map(str.isalpha, without_parts(source)))
    # Before it is looked at character by character: an engine may answer with megabytes.
    if has_words and not _is_as_long_as(source, rendered):
        return Fault.LENGTH
    if any(unicodedata.category(one) in ("Cc", "Cs") and one not in "\t\n\r" for one in rendered):
        return Fault.CONTROL_CHARACTERS
    if Counter(_DIRECTIONS.findall(rendered)) - Counter(_DIRECTIONS.findall(source)):
        return Fault.CONTROL_CHARACTERS
    if Counter(protected_parts(source)) - Counter(_kept_parts(source, rendered)):
        return Fault.PLACEHOLDERS
    if Counter(_markup(rendered)) - Counter(_markup(source)):
        return Fault.PLACEHOLDERS
    if Counter(_LINK.findall(source)) != Counter(_LINK.findall(rendered)):
        return Fault.LINKS
    if Counter(_NUMBER.findall(source)) != Counter(_NUMBER.findall(rendered)) or not _keeps_figures(source, rendered):
        return Fault.NUMBERS
    if not has_words:
        return None
    if normalised(source).casefold() == normalised(rendered).casefold():
        return Fault.UNCHANGED
    if unknown > UNKNOWN_MAX * len(_WORD.findall(without_parts(source))):
        return Fault.UNKNOWN_WORDS
    if _longest_loop(rendered) >= max(LOOP, _longest_loop(source) + 1):
        return Fault.REPETITION
    return None


def language_fault(detected: str, target: str) -> Fault | None:
    """Whether a translation into *target* is in another language: *detected* is empty where nobody can tell."""
    return None if not detected or same_or_kin(detected, target) else Fault.LANGUAGE


def same_or_kin(one: str, other: str) -> bool:
    """Whether a text in one of the languages may well pass for one in the other."""
    return one == other or any({one, other} <= kin for kin in _KIN)


def _is_as_long_as(source: str, rendered: str) -> bool:
    """Whether the translation has about the length of its source; of a short one, that it is not long."""
    if len(source) <= SHORT_TEXT:
        return len(rendered) <= SHORT_TEXT * LONGEST * 2
    return SHORTEST <= len(rendered) / len(source) <= LONGEST


def _markup(text: str) -> list[str]:
    """Its tags and its places to fill in: of these an engine may add none."""
    return [part for part in protected_parts(text) if part[0] in "<{%"]


def _keeps_figures(source: str, rendered: str) -> bool:
    """Whether the figures of each number of *source* still stand together, in their order."""
    there = "\n".join(map(_figures, _TOGETHER.findall(rendered)))
    return all(_figures(number) in there for number in set(_GROUPED.findall(source)))


def _figures(number: str) -> str:
    """The figures of *number*, in such a way that those of another one are among them only as a whole."""
    return f" {' '.join(_NUMBER.findall(number))} "


def _kept_parts(source: str, rendered: str) -> list[str]:
    """The parts of *source* as often as *rendered* has them, wherever its own words make other parts of them."""
    return [part for part in set(protected_parts(source)) for _ in range(rendered.count(part))]


def _longest_loop(text: str) -> int:
    """How often one word, or one group of two or three, stands in a row at most."""
    words = [word.casefold() for word in _WORD.findall(text)]
    longest = 1
    for size in (1, 2, 3):
        for offset in range(size):
            groups = [tuple(words[at : at + size]) for at in range(offset, len(words) - size + 1, size)]
            run = 1
            for before, after in pairwise(groups):
                run = run + 1 if before == after else 1
                longest = max(longest, run)
    return longest
