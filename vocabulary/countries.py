"""The 30 countries that take part, by the codes the EU institutions use (ISO 3166-1 alpha-2, but EL for Greece)."""

from vocabulary.refusals import Invalid

# Country → the languages in which its authorities bear their official names, the first one most common.
LANGUAGES: dict[str, tuple[str, ...]] = {
    "AT": ("de",),
    "BE": ("nl", "fr", "de"),
    "BG": ("bg",),
    "HR": ("hr",),
    "CY": ("el",),
    "CZ": ("cs",),
    "DK": ("da",),
    "EE": ("et",),
    "FI": ("fi", "sv"),
    "FR": ("fr",),
    "DE": ("de",),
    "EL": ("el",),
    "HU": ("hu",),
    "IE": ("en", "ga"),
    "IT": ("it",),
    "LV": ("lv",),
    "LT": ("lt",),
    "LU": ("fr", "de"),
    "MT": ("mt", "en"),
    "NL": ("nl",),
    "PL": ("pl",),
    "PT": ("pt",),
    "RO": ("ro",),
    "SK": ("sk",),
    "SI": ("sl",),
    "ES": ("es",),
    "SE": ("sv",),
    "IS": ("is",),
    "LI": ("de",),
    "NO": ("nb",),
}
ALL = tuple(LANGUAGES)

# The Commission is an actor too, and belongs to no country.
UNION = "EU"

_ISO = {"EL": "GR"}


def iso(code: str) -> str:
    """The ISO 3166-1 code of one of our countries."""
    return _ISO.get(code, code)


def require(code: str, *, field: str) -> str:
    """*code* itself; raises Invalid naming *field* for a country that does not take part."""
    if code not in LANGUAGES:
        raise Invalid(
            f"{code!r} is not a country of this system; the countries are {', '.join(ALL)}",
            field=field,
            reason="UNKNOWN_COUNTRY",
        )
    return code
