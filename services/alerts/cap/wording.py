"""What a CAP message says in one language beside what the alert says: its own sentences."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from chassis import catalogues, wording

CATALOGUE = Path(__file__).with_name("words")


@lru_cache(1)
def words() -> Mapping[str, Any]:
    """The words by code, each in all languages; raises IncompleteCatalogue."""
    table: Mapping[str, Any] = catalogues.load(CATALOGUE)["said"]
    return table


class Wording(wording.Wording):
    """How things are said in *language*."""

    def said(self, code: str) -> str:
        """The text *code* of our own."""
        return self.of(words()[code]["label"])
