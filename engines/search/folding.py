"""One way to fold text, used when indexing and when asking, so that both engines find the same.

Folding drops what people leave out when they type: case, accents, the two shapes of sigma, special letters. It is done here
because the engines' own filters know Latin letters only.
"""

import re
import unicodedata
from functools import lru_cache

# Letters that no decomposition takes apart.
_SPECIAL = str.maketrans(
    {"ł": "l", "đ": "d", "ð": "d", "ø": "o", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
)
# Europe's letters come before, with what stands above and below them.
_REMEMBERED_BEFORE = 0x2000


class _Folded(dict[int, str]):
    """What each character of a decomposed text becomes, found out when it is first seen."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        folded = "" if unicodedata.combining(letter) else letter.translate(_SPECIAL)
        if code < _REMEMBERED_BEFORE:
            self[code] = folded
        return folded


_FOLDED = _Folded()
_WORD = re.compile(r"[^\W_]+")
_GRAM_SIZES = (3, 4)
# What things are called comes again and again; what is said of them does not.
REMEMBERED, REMEMBERED_LENGTH = 16_384, 100


def fold(text: str) -> str:
    """*text* without case, accents and special letters: ``Ärztekammer`` → ``arztekammer``, ``Ιατρός`` → ``ιατροσ``."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.casefold()).translate(_FOLDED)


def words(text: str) -> list[str]:
    """The folded words of *text*: runs of letters and digits, in their order."""
    return _WORD.findall(fold(text))


def folded_word(written: str) -> str:
    """One word as it is written, folded; empty if there is no letter or digit in it."""
    return "".join(words(written))


def grams(text: str) -> list[str]:
    """The folded three- and four-letter pieces of the words of *text*; a shorter word is its own piece."""
    found: dict[str, None] = {}
    for word in words(text):
        for size in _GRAM_SIZES:
            for start in range(max(1, len(word) - size + 1)):
                found[word[start : start + size]] = None
    return list(found)


def indexed_words(text: str) -> str:
    """The words of *text* as an index takes them."""
    return _indexed_words(text) if len(text) <= REMEMBERED_LENGTH else " ".join(words(text))


def indexed_grams(text: str) -> str:
    """The pieces of *text* as an index takes them."""
    return _indexed_grams(text) if len(text) <= REMEMBERED_LENGTH else " ".join(grams(text))


@lru_cache(REMEMBERED)
def _indexed_words(text: str) -> str:
    return " ".join(words(text))


@lru_cache(REMEMBERED)
def _indexed_grams(text: str) -> str:
    return " ".join(grams(text))


def edits(word: str) -> int:
    """How many typing errors are forgiven in a folded word: none in a short one, which would become another word."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2
