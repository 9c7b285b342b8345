"""What a CAP message says in one language: its own sentence, and how that language writes dates, numbers, countries and languages."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from chassis import catalogues
from vocabulary import countries, languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("words")


@lru_cache(1)
def words() -> Mapping[str, Any]:
    """The words by code, each in all languages; raises IncompleteCatalogue."""
    table: Mapping[str, Any] = catalogues.load(CATALOGUE)["said"]
    return table


class Wording:
    """How things are said in *language*."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)

    def said(self, code: str) -> str:
        """The text *code* of our own."""
        return self.of(words()[code]["label"])

    def of(self, texts: LocalizedText) -> str:
        """The text of *texts* for this language's readers; empty if there is none."""
        found = languages.best_text(texts, self.language)
        return found[0] if found else ""

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self._locale)

    def number(self, number: Decimal) -> str:
        return format_decimal(number, locale=self._locale, decimal_quantization=False)

    def amount(self, amount: Decimal, currency: str) -> str:
        return format_currency(amount, currency, locale=self._locale, currency_digits=False, decimal_quantization=False)

    def country(self, code: str) -> str:
        return str(self._locale.territories.get(countries.iso(code), code))

    def language_name(self, code: str) -> str:
        return str(self._locale.languages.get(code, code))
