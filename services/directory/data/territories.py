"""Countries and their regions (ISO 3166-2), each with its names by language.

Countries have names in all languages, from babel. A region is called as CLDR calls it in a language, but for words that only
say what kind of region it is; where CLDR has no name the iso-codes translations that pycountry carries may have one. The
official name is the one in ISO 3166-2 itself; `regions.toml` has names that all of these lack. What else a region is called,
without a language, is in ``also``.
"""

import gettext
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pycountry
from babel import Locale

from services.directory.data.names import (
    Folded,
    Kinds,
    capitalised,
    folded,
    has_inside,
    is_legible,
    is_spelled,
    tidied,
    unexplained,
)
from services.directory.data.sources import Sources
from vocabulary import countries, languages

HERE = Path(__file__).parent
TARGET = HERE / "territories.json"
# ISO 3166-2 has the names of these countries' regions in Latin letters: they are names for readers of English.
_ROMANISED = {"EL", "CY", "BG"}
# It has those of these countries' regions in whatever language is spoken there.
_MIXED = {"BE", "ES", "LU"}
# The Irish iso-codes catalogue translates Hungarian place names as if they were words ("Békés" as "peaceful").
_UNRELIABLE = {"ga"}
# Territories that have a code of their own in ISO 3166-1, by which CLDR names them.
_OVERSEAS = {
    "FI-01": "AX", "FR-BL": "BL", "FR-CP": "CP", "FR-MF": "MF", "FR-NC": "NC", "FR-PF": "PF", "FR-PM": "PM", "FR-TF": "TF",
    "FR-WF": "WF", "NL-AW": "AW", "NL-CW": "CW", "NL-SX": "SX",
}  # fmt: skip
# Regions that CLDR's names in most languages know by an older code.
_RENAMED = {"FR-75C": "FR-75", "FR-974": "FR-RE", "FR-976": "FR-YT", "IT-SU": "IT-SD", "NO-50": "NO-23"}
# Norway's counties before 2020, most of which are counties again.
_FORMER = {
    "NO-30": ("NO-01", "NO-02", "NO-06"),
    "NO-34": ("NO-04", "NO-05"),
    "NO-38": ("NO-07", "NO-08"),
    "NO-42": ("NO-09", "NO-10"),
    "NO-46": ("NO-12", "NO-14"),
    "NO-54": ("NO-19", "NO-20"),
}
# CLDR's plain Portuguese is that of Brazil.
_LOCALES = {"pt": "pt_PT"}
# Both have names that were translated as words ("Liègen pronssi", the bronze of Liège), or are another region's.
_WRONG = {
    ("el", "FI-04"), ("es", "SI-004"), ("fi", "BE-WLG"), ("hu", "FI-06"), ("hu", "SI-044"), ("hu", "SI-159"),
    ("lv", "FR-PDL"), ("nb", "MT-18"), ("nb", "SI-085"), ("pl", "EE-284"), ("pl", "IS-3"), ("pt", "SI-085"),
    ("ro", "IS-TJO"), ("sl", "EL-D"), ("sl", "FR-PDL"),
}  # fmt: skip
# Languages in which the kind of region comes last, after a genitive.
_GENITIVE = {"et", "fi", "lt", "lv"}

Names = dict[str, str]


@dataclass(frozen=True, slots=True)
class Subdivision:
    """A region as ISO 3166-2 has it. *language* is the one that *name* is in, empty if nobody knows."""

    code: str
    country: str
    parent: str | None
    name: str
    language: str


def rendered(sources: Sources | None = None) -> str:
    """The content of the file. Without *sources* it is as it was, but for what babel and pycountry alone can say."""
    made = _regions(sources) if sources else _kept_regions(json.loads(TARGET.read_text(encoding="utf-8"))["regions"])
    lines = ",\n".join(f"  {_json(code)}: {_json(region)}" for code, region in made)
    listed = json.dumps(_countries(), ensure_ascii=False, indent=1).replace("\n", "\n ")
    return f'{{\n "countries": {listed},\n "regions": {{\n{lines}\n }}\n}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _countries() -> dict[str, Names]:
    return {code: {lang: _territory(lang, countries.iso(code)) for lang in languages.ALL} for code in countries.ALL}


@cache
def locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))


def _territory(language: str, iso: str) -> str:
    name: str = locale(language).territories[iso]
    return name


def subdivisions() -> Iterator[Subdivision]:
    for country in countries.ALL:
        found = pycountry.subdivisions.get(country_code=countries.iso(country))  # type: ignore[no-untyped-call]
        for one in sorted(found, key=lambda one: one.code):
            language = "en" if country in _ROMANISED else "" if country in _MIXED else countries.LANGUAGES[country][0]
            parent = ours(one.parent_code) if one.parent_code else None
            yield Subdivision(ours(one.code), country, parent, one.name, language)


@cache
def by_hand() -> dict[str, Names]:
    """What `regions.toml` calls regions, by code."""
    return tomllib.loads((HERE / "regions.toml").read_text(encoding="utf-8"))


def ours(code: str) -> str:
    """ISO 3166-2 codes begin with the ISO country; ours with the EU's code for it."""
    return f"EL{code[2:]}" if code.startswith("GR-") else code


def _kept_regions(kept: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    named = {folded(name) for names in by_hand().values() for name in names.values()}
    for one in subdivisions():
        was = kept.get(one.code, {"names": {}, "also": []})
        also = [name for name in was["also"] if folded(name) not in named]
        official = {one.language: tidied(one.name)} if _is_official(one) or not was["names"] else {}
        yield _entry(one, was["names"] | official | by_hand().get(one.code, {}), also)


def _is_official(one: Subdivision) -> bool:
    """Whether the name in ISO 3166-2 is what the region is called in its language."""
    is_at_home = one.language != "en" or countries.LANGUAGES[one.country][0] == "en"
    return bool(one.language) and is_at_home and one.code not in _OVERSEAS


def _entry(one: Subdivision, names: Names, also: Iterable[str]) -> tuple[str, object]:
    ordered = {language: names[language] for language in sorted(names)}
    return one.code, {"country": one.country, "parent": one.parent, "names": ordered, "also": sorted(also)}


def _regions(sources: Sources) -> Iterator[tuple[str, object]]:
    every = list(subdivisions())
    named: dict[str, Names] = {one.code: {} for one in every}
    other: dict[str, list[str]] = {one.code: [] for one in every}
    for language in languages.ALL:
        cldr = {ours(code): name for code, name in sources.subdivisions(language).items()}
        cldr |= {code: cldr[old] for code, old in _RENAMED.items() if old in cldr and code not in cldr}
        cldr |= {code: _territory(language, iso) for code, iso in _OVERSEAS.items()}
        translated = _translated(language, every)
        for wrong in (code for its, code in _WRONG if its == language):
            cldr.pop(wrong, None)
            translated.pop(wrong, None)
        for country in countries.ALL:
            inside = [one for one in every if one.country == country]
            for code, (name, rest) in _called(language, inside, cldr, translated).items():
                named[code][language] = name
                other[code] += [*rest, *(cldr[old] for old in _FORMER.get(code, ()) if old in cldr)]
    for one in every:
        if not named[one.code]:
            named[one.code][one.language or countries.LANGUAGES[one.country][0]] = tidied(one.name)
        named[one.code] |= by_hand().get(one.code, {})
        other[one.code] += [tidied(one.name), *one.name.replace("]", "[").split("[")]
    return _with_others(every, named, other)


def _translated(language: str, every: Iterable[Subdivision]) -> Names:
    """What the iso-codes translations know in *language*, by code."""
    if language in _UNRELIABLE:
        return {}
    catalogue = gettext.translation("iso3166-2", pycountry.LOCALES_DIR, [language], fallback=True)
    found = {one.code: catalogue.gettext(one.name) for one in every}
    return {one.code: found[one.code] for one in every if found[one.code] != one.name}


def _called(
    language: str, inside: list[Subdivision], cldr: Names, translated: Names
) -> dict[str, tuple[str, list[str]]]:
    """What the regions *inside* one country are called in *language*, and what else."""
    full = {one.code: _first_part(cldr[one.code]) for one in inside if one.code in cldr}
    full = {code: name for code, name in full.items() if _is_sound(code, name, language)}
    kinds = Kinds(language, full.values())
    official = {one.code: tidied(one.name) for one in inside if one.language == language and _is_official(one)}
    chosen = dict(official)
    other: dict[str, list[str]] = defaultdict(list)
    for one in inside:
        known = [tidied(translated[one.code])] if one.code in translated else []
        its_own = tidied(one.name)
        if one.code in full:
            name = full[one.code]
            # The iso-codes have the name as it is.
            nominative = [short for short in known if language in _GENITIVE and len(folded(short)) < len(folded(name))]
            inside_it = [short for short in (*known, its_own) if has_inside(name, short)]
            shorter = (short for short in (*nominative, *inside_it) if _is_name(short, language))
            chosen.setdefault(one.code, next(shorter, kinds.without(name)))
            # The genitive is what people write, too.
            other[one.code] += [kinds.without(name), *([kinds.ahead(name)] if language in _GENITIVE else [])]
        elif known or one.language == language:
            chosen.setdefault(one.code, (known or [its_own])[0])
        other[one.code] += known
    times = defaultdict(list)
    for code, name in chosen.items():
        times[folded(name)].append(code)
    # What would name several regions stays with its kind.
    for codes in times.values():
        if len(codes) > 1:
            chosen |= {code: full[code] for code in codes if code in full and code not in official}
    return {code: (name, other[code]) for code, name in chosen.items()}


def _is_sound(code: str, name: str, language: str) -> bool:
    return is_spelled(name, language) and name.upper() != code[3:]


def _is_name(short: str, language: str) -> bool:
    return short[:1].isupper() and is_spelled(short, language)


def _first_part(name: str) -> str:
    """CLDR has some names as encyclopaedias title their articles: ``Tišina, Slovenija``, ``Cork (hrabstwo)``."""
    return capitalised(unexplained(name).partition(",")[0])


def _with_others(
    every: list[Subdivision], named: Mapping[str, Names], other: Mapping[str, list[str]]
) -> Iterator[tuple[str, object]]:
    taken = {folded(_territory(language, countries.iso(code))) for code in countries.ALL for language in languages.ALL}
    for names in named.values():
        taken |= {folded(name) for name in names.values()}
    holders: dict[Folded, set[str]] = defaultdict(set)
    for code, several in other.items():
        for name in several:
            holders[folded(name)].add(code)
    for one in every:
        also: dict[Folded, str] = {}
        known = set(named[one.code].values())
        for name in other[one.code]:
            key = folded(name)
            is_its_own = key not in taken and len(holders[key]) == 1
            if is_its_own and is_legible(name) and not any(has_inside(name, inner) for inner in known):
                also.setdefault(key, name.strip())
        yield _entry(one, named[one.code], also.values())
