"""A text as an engine is given it, and the translation put together from what it gave back.

Both follow from the text and the engine alone, so that a callback after a restart finds everything again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.translation.domain.placeholders import Lost, Protected, protect, restore
from services.translation.domain.segmentation import core, pieces, sentences
from services.translation.providers.port import Outcome, Provider, ProviderError, Rendered


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text, cut as its engine wants it: the space around each piece stays here."""

    protected: Protected
    cut: tuple[tuple[str, str, str], ...]

    @property
    def texts(self) -> list[str]:
        """What the engine is given."""
        return [text for _, text, _ in self.cut if text]

    def assembled(self, outcomes: Sequence[Outcome]) -> Rendered:
        """The whole translation; raises the first ProviderError among *outcomes*, and Lost if marks did not come through."""
        if len(outcomes) != len(self.texts):
            raise Lost
        given = iter(outcomes)
        said: list[str] = []
        unknown = 0
        for head, text, tail in self.cut:
            middle = ""
            if text:
                outcome = next(given)
                if isinstance(outcome, ProviderError):
                    raise outcome
                middle = outcome.text.strip()
                unknown += outcome.unknown
            said += [head, middle, tail]
        return Rendered(text=restore(self.protected, "".join(said)), unknown=unknown)


def prepare(
    text: str, language: str, provider: Provider, characters_max: int, *, by_sentence: bool = False
) -> Prepared:
    """*text* for *provider*; *by_sentence* even where it takes more at once."""
    protected = protect(text, provider.marks)
    if provider.sentences or by_sentence:
        cut = [part for one in sentences(protected.text, language) for part in pieces(one, language, characters_max)]
    else:
        cut = pieces(protected.text, language, characters_max)
    return Prepared(protected, tuple(core(piece) for piece in cut))
