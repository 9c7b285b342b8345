"""What can stand as the name of a place, and when two names are one."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from engines.search.folding import fold, words

_SCRIPTS = {"bg": "CYRILLIC", "el": "GREEK"}
# The letters of the languages of the system, and of their neighbours in the same countries (Catalan, Sámi, Sorbian).
_LETTERS = {
    "LATIN": set(
        "abcdefghijklmnopqrstuvwxyzáàâäãåæąāăćčċçďđðéèêëěėęēģġħíìîïįīķľļłñńňņŋóòôöõøőœřŕśšșßťțŧúùûüůűųūýÿžźżþ"
    ),
    "CYRILLIC": set("абвгдежзийклмнопрстуфхцчшщъьюя"),
    "GREEK": set("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ"),
}
# GeoNames still writes Romanian with the letters of Turkish.
_CEDILLAS = str.maketrans("şţŞŢ", "șțȘȚ")
_SUPERSCRIPTS = str.maketrans("", "", "¹²³*")
_IN_BRACKETS = re.compile(r"\s*[(\[].*?[)\]]")
# As GeoNames spells names in other scripts with Latin letters: not as anybody writes them.
_ROMAN = str.maketrans({
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ё": "jo", "ж": "zh", "з": "z", "и": "i",
    "і": "i", "й": "j", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "у": "u", "ф": "f", "х": "kh", "ц": "c", "ч": "ch", "ш": "sh", "щ": "shh", "ъ": "", "ы": "y", "ь": "", "э": "eh",
    "ю": "ju", "я": "ja", "є": "je", "ј": "j", "ђ": "d", "ћ": "c", "џ": "dz", "љ": "lj", "њ": "nj",
    "α": "a", "β": "b", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "e", "θ": "th", "ι": "i", "κ": "k", "λ": "l",
    "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "τ": "t", "υ": "y", "φ": "ph", "χ": "ch",
    "ψ": "ps", "ω": "o",
})  # fmt: skip
_DIGRAPHS = (("ου", "ou"), ("αυ", "au"), ("ευ", "eu"), ("γκ", "nk"), ("γγ", "ng"))
# What a municipality is called, in languages that GeoNames takes for names of towns.
_MUNICIPALITIES = {
    "kommun", "kommune", "község", "kunta", "liidumaa", "linn", "maakunta", "megye", "province", "provincija", "provints",
    "vald",
}  # fmt: skip
_OF_BRUSSELS = re.compile(r"Bru(?:xelles|ssel) \((.*)\)")
# "City" and the like in languages that GeoNames puts it behind or before a name in.
_REMARKS = {"lungsod", "kommun", "kommuna", "kommune", "kommunen", "osh", "ош", "khot", "хот", "gemeng", "kamuna"}
_LETTER_LOST = re.compile(r"(?<=\w\w)['’](?=[a-zß-ÿ])|^\w['’](?=[a-z])|['’]$")
SHORTEST = 4

Folded = tuple[str, ...]


def folded(name: str) -> Folded:
    """What *name* is compared by: its words without case and accents."""
    return tuple(words(name))


def is_spelled(name: str, language: str) -> bool:
    """Whether *name* is in the script of *language*."""
    script = _SCRIPTS.get(language, "LATIN")
    letters = [letter for letter in name if letter.isalpha()]
    return bool(letters) and all(unicodedata.name(letter, "").startswith(script) for letter in letters)


def is_legible(name: str) -> bool:
    """Whether *name* is a name in the letters of one of our languages, as people write it.

    GeoNames also has codes of airports (``MUC``), transliterations from other scripts (``mi wnik``), and remarks.
    """
    letters = {letter for letter in name.lower() if letter.isalpha()}
    return (
        any(letters <= known for known in _LETTERS.values())
        and any(letter.isupper() for letter in name)
        and not (name.isupper() and len(name) < 5)
        and not re.search(r"[^\w\s.'’-]|[\d_]|\s-|-\s", name)
        and not _LETTER_LOST.search(name)
        and not _REMARKS & set(words(name))
        and len("".join(words(name))) >= SHORTEST
    )


def romanised(name: str) -> Folded:
    """What GeoNames would make of a Cyrillic or Greek *name* in Latin letters, folded."""
    text = fold(name)
    for pair, letters in _DIGRAPHS:
        text = text.replace(pair, letters)
    return tuple(words(text.translate(_ROMAN)))


def town_name(name: str) -> str:
    """The name of a town as GeoNames has it in one language, or nothing if it is that of a municipality or in two languages."""
    of_brussels = _OF_BRUSSELS.fullmatch(name)
    if of_brussels:
        return of_brussels[1]
    if name.rpartition(" ")[2] in _MUNICIPALITIES or " / " in name:
        return ""
    return name.partition("/")[0].partition(",")[0]


def unexplained(name: str) -> str:
    """*name* without footnotes and explanations in brackets."""
    return _IN_BRACKETS.sub("", name.translate(_SUPERSCRIPTS)).strip()


def tidied(name: str) -> str:
    """*name* without explanations, its parts in their usual order (``Asturias, Principado de``)."""
    head, comma, tail = unexplained(name).partition(", ")
    return f"{capitalised(tail)} {head}" if comma else head


def capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]


def romanian(name: str) -> str:
    return name.translate(_CEDILLAS)


def has_inside(name: str, short: str) -> bool:
    """Whether the words of *short* are among those of *name*, in a row."""
    long, wanted = folded(name), folded(short)
    return any(long[start : start + len(wanted)] == wanted for start in range(len(long) - len(wanted) + 1))


# In these languages what follows a kind of region is in the genitive, and is no name.
_NO_KINDS_BEFORE = {"el", "ga"}
_KINDS_AFTER = {"en"}
# Without this word many a name is a mere direction ("Southern Region").
_NEVER_LEFT_OUT = {"region"}
# Articles and prepositions between the kind and the name.
_LINK = re.compile(r"(?:[a-zà-ÿ]{1,6} |[a-z]{1,4}[’'])+(?=[^\W\d_])")


class Kinds:
    """The words in names of regions that say only what kind of region it is: ``provincia di``, ``County``.

    They are those with which many names of one country's regions begin or end in one language.
    """

    _LEAST = 4
    _SHARE = 0.2

    def __init__(self, language: str, names: Iterable[str]) -> None:
        listed = [name.split() for name in names]
        least = max(self._LEAST, self._SHARE * len(listed))
        first = Counter(parts[0].lower() for parts in listed if len(parts) > 1)
        last = Counter(parts[-1].lower() for parts in listed if len(parts) > 1)
        self._language = language
        self._before = {word for word, count in first.items() if count >= least} - _NEVER_LEFT_OUT
        self._after = {word for word, count in last.items() if count >= least} - _NEVER_LEFT_OUT

    def without(self, name: str) -> str:
        """*name* without its kind, or as it is if nothing that looks like a name would be left."""
        rest = "" if self._language in _NO_KINDS_BEFORE else self._behind(name)
        if not rest and self._language in _KINDS_AFTER:
            rest = self.ahead(name)
        return rest if rest[:1].isupper() else name

    def _behind(self, name: str) -> str:
        head, _, tail = name.partition(" ")
        link = _LINK.match(tail)
        return (tail[link.end() :] if link else tail) if head.lower() in self._before else ""

    def ahead(self, name: str) -> str:
        """What is before a kind that comes last, in whatever case; empty if none does."""
        rest, _, end = name.rpartition(" ")
        return rest if end.lower() in self._after else ""
