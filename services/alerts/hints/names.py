"""One spelling for the many in which authorities of 30 countries write the same name: with Latin letters, without what is left out.

Cyrillic is written as the Bulgarian law on transliteration has it, Greek as ELOT 743, both as in passports. What passports of
different countries still spell in two ways becomes one: ``Müller`` and ``Mueller``, ``Nikolay`` and ``Nikolai``, ``Παπαδόπουλος``
and ``Papadopoulos``. That now and then two names become one that are not does no harm: it is a hint, and only for whoever sees both.
"""

import re
import unicodedata

from engines.search.folding import words

_CYRILLIC = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "yo", "ж": "zh", "з": "z", "и": "i", "і": "i",
    "ї": "yi", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u",
    "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sht", "ъ": "a", "ы": "y", "ь": "y", "э": "e", "ю": "yu",
    "я": "ya", "є": "ye", "ј": "j", "ђ": "dj", "ћ": "c", "џ": "dz", "љ": "lj", "њ": "nj", "ѓ": "g", "ќ": "k", "ѕ": "dz",
})  # fmt: skip
_GREEK = str.maketrans({
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k", "λ": "l", "μ": "m",
    "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
})  # fmt: skip
# Read in this order. Ypsilon behind alpha, epsilon and eta sounds as v before vowels and voiced consonants, otherwise as f.
_GREEK_PAIRS = (
    (re.compile("ου"), "ou"),
    (re.compile("([αεη])υ(?=[θκξπσστφχψ]|$)"), r"\1f"),
    (re.compile("([αεη])υ"), r"\1v"),
    (re.compile("γγ"), "ng"),
    (re.compile("γξ"), "nx"),
    (re.compile("γχ"), "nch"),
    (re.compile("^μπ"), "b"),
)
# What is spelled in two ways → one of them. Letters that are doubled then count once.
_ALIKE = (("dj", "d"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("y", "i"), ("j", "i"))
_DOUBLED = re.compile(r"(.)\1+")
_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")


def spelled(name: str) -> list[str]:
    """The words of *name* in the spelling that all its spellings share, in their order; initials and abbreviations are one word."""
    latin = unicodedata.normalize("NFC", name.casefold()).translate(_CYRILLIC).translate(_APOSTROPHES)
    found: list[str] = []
    was_letter = False
    for word in map(_word, words(latin)):
        is_letter = len(word) == 1
        if is_letter and was_letter:
            found[-1] += word
        else:
            found.append(word)
        was_letter = is_letter
    return found


def _word(folded: str) -> str:
    for pattern, latin in _GREEK_PAIRS:
        folded = pattern.sub(latin, folded)
    folded = folded.translate(_GREEK)
    for two_ways, one in _ALIKE:
        folded = folded.replace(two_ways, one)
    return _DOUBLED.sub(r"\1", folded)
