"""The words of a report in one language."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_datetime

from chassis import catalogues, wording
from vocabulary.days import BRUSSELS

CATALOGUE = Path(__file__).with_name("words")


@lru_cache(1)
def tables() -> Mapping[str, Any]:
    """The words by table and code, each in all languages; raises IncompleteCatalogue."""
    return catalogues.load(CATALOGUE)


class Wording(wording.Wording):
    """What a report says in *language*."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self._tables = tables()

    def __call__(self, table: str, code: str, **places: str) -> str:
        """The text *code* of *table* with its *places* filled in."""
        text = self.of(self._tables[table][code]["label"])
        for name, value in places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def moment(self, at: datetime) -> str:
        """By the clock of Brussels, as a report says of all its times."""
        return format_datetime(at, "medium", tzinfo=BRUSSELS, locale=self._locale)
