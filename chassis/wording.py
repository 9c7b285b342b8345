"""How a language writes dates, numbers, amounts, countries and languages, and which of the texts there are its readers get."""

from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from vocabulary import countries, languages
from vocabulary.values import LocalizedText


class Wording:
    """How things are said in *language*."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language)

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
