"""The words of a report in one language, and how that language writes dates, numbers, countries and languages."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from chassis import catalogues
from services.requests.domain.dates import BRUSSELS
from vocabulary import countries, languages
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).with_name("words")


@lru_cache(1)
def tables() -> Mapping[str, Any]:
    """The words by table and code, each in all languages; raises IncompleteCatalogue."""
    return catalogues.load(CATALOGUE)


class Wording:
    """What a report says in *language*."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)
        self._tables = tables()

    def __call__(self, table: str, code: str, **places: str) -> str:
        """The text *code* of *table* with its *places* filled in."""
        text = self.of(self._tables[table][code]["label"])
        for name, value in places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def of(self, texts: LocalizedText) -> str:
        """The text of *texts* for this language's readers; empty if there is none."""
        found = languages.best_text(texts, self.language)
        return found[0] if found else ""

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self._locale)

    def moment(self, at: datetime) -> str:
        """By the clock of Brussels, as a report says of all its times."""
        return format_datetime(at, "medium", tzinfo=BRUSSELS, locale=self._locale)

    def number(self, number: Decimal) -> str:
        return format_decimal(number, locale=self._locale, decimal_quantization=False)

    def amount(self, amount: Decimal, currency: str) -> str:
        return format_currency(amount, currency, locale=self._locale, currency_digits=False, decimal_quantization=False)

    def country(self, code: str) -> str:
        return str(self._locale.territories.get(countries.iso(code), code))

    def language_name(self, code: str) -> str:
        return str(self._locale.languages.get(code, code))
