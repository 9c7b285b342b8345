"""Make ``territories.json`` from the CLDR names that babel carries and the ISO 3166-2 names that pycountry carries.

``python -m services.directory.data [TARGET]`` writes it here, or to TARGET, which is how a test finds out whether it is current.

Countries have names in all languages. CLDR has no names of subdivisions in most languages; the iso-codes translations fill in
what they know, and where they know nothing a region goes by its name in ISO 3166-2, as it does in most languages.
"""

import gettext
import json
import sys
from pathlib import Path

import pycountry
from babel import Locale

from vocabulary import countries, languages

TARGET = Path(__file__).parent / "territories.json"
# ISO 3166-2 writes these countries' names in Latin letters, which makes them names for readers of English.
_ROMANISED = {"EL", "CY", "BG"}
# The Irish iso-codes catalogue translates Hungarian place names as if they were words ("Békés" as "peaceful").
_UNRELIABLE = {"ga"}


def territories() -> dict[str, object]:
    """Countries and regions by code, each with its names by language."""
    locales = {code: Locale.parse(code) for code in languages.ALL}
    return {
        "countries": {
            code: {language: locale.territories[countries.iso(code)] for language, locale in locales.items()}
            for code in countries.ALL
        },
        "regions": _regions(),
    }


def _regions() -> dict[str, object]:
    translations = {
        code: gettext.translation("iso3166-2", pycountry.LOCALES_DIR, [code], fallback=True)
        for code in languages.ALL
        if code not in _UNRELIABLE
    }
    regions: dict[str, object] = {}
    for country in countries.ALL:
        iso = countries.iso(country)
        found = pycountry.subdivisions.get(country_code=iso)  # type: ignore[no-untyped-call]
        for subdivision in sorted(found, key=lambda s: s.code):
            native = "en" if country in _ROMANISED else countries.LANGUAGES[country][0]
            names = {native: subdivision.name}
            for language, translation in translations.items():
                translated = translation.gettext(subdivision.name)
                if translated != subdivision.name:
                    names[language] = translated
            regions[_ours(subdivision.code)] = {
                "country": country,
                "parent": _ours(subdivision.parent_code) if subdivision.parent_code else None,
                "names": dict(sorted(names.items())),
            }
    return regions


def _ours(code: str) -> str:
    """ISO 3166-2 codes begin with the ISO country; ours with the EU's code for it."""
    return f"EL{code[2:]}" if code.startswith("GR-") else code


def rendered() -> str:
    return json.dumps(territories(), ensure_ascii=False, indent=1, sort_keys=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(rendered(), encoding="utf-8")
