"""That somebody has read what a blocked alert says, and what for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vocabulary.values import FreeText

# So often one alert is proved.
PROOFS_LIMIT = 100


class Ground(StrEnum):
    """What allows to read what is blocked (IMI Regulation, Article 14(3)): the consent of whom it is about, or an overriding interest
    of the public.
    """

    CONSENT = "CONSENT"
    PUBLIC_INTEREST = "PUBLIC_INTEREST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One reading: whose, on which ground, and what had to be proved. The words, and by which official, are erased with
    the alert.
    """

    authority_id: str
    country: str
    user_id: str
    ground: Ground
    reason: FreeText | None
    at: datetime
