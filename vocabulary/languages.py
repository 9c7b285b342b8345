"""The languages of the system, and which one a reader gets.

Codes are BCP 47 and lower case. The 24 official languages of the Union (Regulation No 1/1958) are the ones every
pre-translated text must have; Icelandic and Norwegian Bokmål serve the EEA countries and may be absent.
"""

import re
from collections.abc import Iterable, Mapping

from vocabulary.refusals import Invalid

OFFICIAL = (
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr",
    "hu", "it", "lt", "lv", "mt", "nl", "pl", "pt", "ro", "sk", "sl", "sv",
)  # fmt: skip
EEA = ("is", "nb")
ALL = OFFICIAL + EEA
FALLBACK = "en"

_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_ALIASES = {"no": "nb", "nn": "nb", "gr": "el"}


def normalise(tag: str) -> str | None:
    """The system's code for a BCP 47 tag such as ``it-IT`` or ``no``, or None if the language is not one of ours."""
    primary = tag.strip().lower().replace("_", "-").split("-", 1)[0]
    code = _ALIASES.get(primary, primary)
    return code if code in ALL else None


def require(tag: str, *, field: str) -> str:
    """The system's code for *tag*; raises Invalid naming *field* for a language the system does not have."""
    code = normalise(tag)
    if code is None:
        raise Invalid(
            f"{tag!r} is not a language of this system; the languages are {', '.join(ALL)}",
            field=field,
            reason="UNKNOWN_LANGUAGE",
        )
    return code


def preferred(accept_language: str) -> str | None:
    """The best of our languages in an ``Accept-Language`` header (RFC 9110, section 12.5.4), or None."""
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, parameters = part.partition(";")
        code = normalise(tag)
        if code is None:
            continue
        name, _, value = parameters.strip().partition("=")
        weight = value.strip() if name.strip().lower() == "q" else "1"
        if _WEIGHT.fullmatch(weight) and float(weight) > 0:
            ranked.append((-float(weight), position, code))
    return min(ranked)[2] if ranked else None


def best_text(texts: Mapping[str, str], language: str) -> tuple[str, str] | None:
    """The text of *texts* for a reader of *language*, with the language it is in.

    The order is the reader's language, English, then whatever there is (an authority's official name may exist in its own
    language only). None when there is no text at all.
    """
    for code in (language, FALLBACK):
        if texts.get(code):
            return texts[code], code
    for code, text in texts.items():
        if text:
            return text, code
    return None


def missing(texts: Mapping[str, str], wanted: Iterable[str] = OFFICIAL) -> tuple[str, ...]:
    """The languages of *wanted* in which *texts* says nothing."""
    return tuple(code for code in wanted if not texts.get(code, "").strip())
