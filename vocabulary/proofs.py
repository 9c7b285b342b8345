"""That somebody has read what is blocked, and what for (IMI Regulation, Article 14(3)): the same of whatever was exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from vocabulary.refusals import Conflict
from vocabulary.values import FreeText, free_text

# So often one exchange is proved.
PROOFS_LIMIT = 100


class Ground(StrEnum):
    """What allows to read what is blocked: the consent of whom it is about, or an overriding interest of the public."""

    CONSENT = "CONSENT"
    PUBLIC_INTEREST = "PUBLIC_INTEREST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One reading: whose, on which ground, and what had to be proved. The words, and by which official, are erased with
    the exchange.
    """

    authority_id: str
    country: str
    user_id: str
    ground: Ground
    reason: FreeText | None
    at: datetime


class Official(Protocol):
    """Who reads, for which authority, and when."""

    @property
    def authority_id(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def now(self) -> datetime: ...


def with_one_of(proofs: Sequence[Proof], ground: Ground, reason: FreeText, by: Official) -> tuple[Proof, ...]:
    """*proofs*, and one of *by*; raises Invalid naming ``reason`` for words that are none."""
    new = Proof(
        authority_id=by.authority_id,
        country=by.country,
        user_id=by.user_id,
        ground=ground,
        reason=free_text(reason, at="reason"),
        at=by.now,
    )
    return (*proofs, new)


def check_provable(proofs: Sequence[Proof], what: str) -> None:
    """Raises Conflict if *what* has been read too often already."""
    if len(proofs) >= PROOFS_LIMIT:
        raise Conflict(f"{what} is proved at most {PROOFS_LIMIT} times", reason="TOO_MANY_PROOFS")


def without_words(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """*proofs* without what had to be proved: that may be personal data."""
    return tuple(replace(one, reason=None) for one in proofs)


def without_people(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """*proofs* without the officials who read."""
    return tuple(replace(one, user_id="") for one in proofs)
