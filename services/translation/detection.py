"""Asking the two language identifiers, py3langid and CLD2.

Both compute, and the first takes a second or two to load, so they work in a thread of their own: neither the event loop nor
the store waits for them. They are loaded when the first text needs them.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import lru_cache
from typing import TYPE_CHECKING

from services.translation.domain.detection import SHARE_MIN, UNDETERMINED, Detection, decide, is_long_enough
from vocabulary import languages

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# py3langid's name for Norwegian; it has none for Bokmål alone.
_NORWEGIAN = {"nb": "no"}


class Detector:
    """Tells in which of our languages texts are."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread

    async def detect(self, texts: Sequence[str]) -> list[Detection]:
        """One detection for each of *texts*, in their order."""
        loop = asyncio.get_running_loop()
        # Text by text: a call that nobody waits for any more ends with the text at hand.
        return [await loop.run_in_executor(self._thread, _detect, text) for text in texts]


def _detect(text: str) -> Detection:
    if not is_long_enough(text):
        return UNDETERMINED
    first, probability = _identifier().classify(text)
    return decide(text, first=first, probability=probability, second=_second_opinion(text))


@lru_cache(1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([_NORWEGIAN.get(code, code) for code in languages.ALL])
    return identifier


def _second_opinion(text: str) -> str:
    """What CLD2 calls the language of *text*; empty if it does not trust itself, or finds too much in another one."""
    import pycld2

    # CLD2 refuses texts with control characters.
    plain = "".join(character if character.isprintable() else " " for character in text)
    reliable, _, found = pycld2.detect(plain, isPlainText=True)
    _, language, percent, _ = found[0]
    return str(language) if reliable and percent >= 100 * SHARE_MIN else ""
