"""What a reader is told beside a translation, or in its place, in their own language."""

from collections.abc import Mapping
from pathlib import Path

from chassis import catalogues
from services.translation.domain.translations import Reason, Status, Translation
from vocabulary.values import LocalizedText

CATALOGUE = Path(__file__).parent / "catalogue/notices"


class Notices:
    """The notices, in every language."""

    def __init__(
        self,
        rough_gist: LocalizedText,
        low_confidence: LocalizedText,
        pending: LocalizedText,
        unavailable: Mapping[Reason, LocalizedText],
    ) -> None:
        self._rough_gist = rough_gist
        # Besides what is said of every translation.
        self._uncertain = {
            code: f"{text} {low_confidence[code]}" for code, text in rough_gist.items() if code in low_confidence
        }
        self._pending = pending
        self._unavailable = unavailable

    @classmethod
    def load(cls) -> "Notices":
        """From the catalogue; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
        tables = catalogues.load(CATALOGUE)
        reasons = tables["unavailable"]
        return cls(
            tables["notice"]["label"],
            tables["low_confidence"]["label"],
            tables["pending"]["label"],
            {reason: reasons[reason.lower()]["label"] for reason in Reason},
        )

    def of(self, translation: Translation) -> LocalizedText | None:
        """The notice that goes with *translation*; none for a text in the language it was written in.

        A translation from the memory carries it too: whoever reviewed it, the original prevails.
        """
        match translation.status:
            case Status.TRANSLATED:
                return self._uncertain if translation.low_confidence else self._rough_gist
            case Status.PENDING:
                return self._pending
            case Status.UNAVAILABLE:
                assert translation.reason is not None
                return self._unavailable[translation.reason]
            case Status.IDENTITY:
                return None
