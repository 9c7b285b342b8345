"""Whom an alert is about, as keyed hashes: the same for the same person or provider, and no use to anybody without the key.

A hash is made with a secret of the deployment and never leaves the service. It is one of an area of legislation: data of one module
are not searched from another (IMI Regulation, Article 6), and here could not be.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.keys import KeyRing
from services.alerts.domain.types import AlertType
from services.alerts.hints.names import spelled
from vocabulary.values import Value, ValueType

NAME = "alerts_related"
# What two alerts may say differently for the same subject: one knows it and the other does not.
_MAY_BE_UNKNOWN = frozenset({ValueType.COUNTRY, ValueType.CONCEPT})
ANY, EXACT = "any", "exact"


class Identities:
    """Makes the hashes. Whoever changes the key keeps the former one for reading, until all hashes are made anew."""

    def __init__(self, secret: bytes, former: Sequence[bytes] = ()) -> None:
        self._secret = secret
        self._former = tuple(former)

    @classmethod
    def of(cls, ring: KeyRing) -> "Identities":
        return cls(ring.secret(NAME), ring.former_secrets(NAME))

    def kept(self, kind: AlertType, values: Mapping[str, Value]) -> list[str]:
        """What an alert with these *values* is found under; nothing, as long as they do not say whom it is about."""
        subject = _subject(kind, values)
        if subject is None:
            return []
        return [subject.hashed(self._secret, ANY), subject.hashed(self._secret, EXACT, *subject.beside)]

    def wanted(self, kind: AlertType, values: Mapping[str, Value]) -> list[str]:
        """What the alerts about the same subject are found under.

        Who knows the country, say, wants those with the same one and those that know none; who knows none wants any.
        """
        subject = _subject(kind, values)
        if subject is None:
            return []
        ways = [(EXACT, *subject.beside), (EXACT,)] if subject.beside else [(ANY,)]
        return [subject.hashed(secret, *way) for secret in (self._secret, *self._former) for way in ways]


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whom an alert is about, in its area: what has to be the same, and what another alert may not know."""

    parts: tuple[str, ...]
    beside: tuple[str, ...]

    def hashed(self, secret: bytes, *way: str) -> str:
        return hmac.new(secret, json.dumps([*self.parts, *way]).encode(), hashlib.sha256).hexdigest()


def _subject(kind: AlertType, values: Mapping[str, Value]) -> _Subject | None:
    """Whom *values* are about; None if a part of what says so is missing, or has no letter in it."""
    fields = {field.code: field.type for field in kind.fields}
    names: list[str] = []
    facts: list[str] = []
    beside: list[str] = []
    for code in kind.rules.identity_fields:
        value = values.get(code)
        if fields[code] in _MAY_BE_UNKNOWN:
            beside += value.references or () if value else ()
            continue
        words = spelled(value.text.text) if value and value.text else []
        if value is None or (value.text and not words):
            return None
        if words:
            names += words
        else:
            facts.append(str(value.date or f"{value.number:f}"))
    if not names and not facts:
        return None
    # Order says nothing: a family name stands first in Hungary and last in Italy.
    listed = [text for texts in (names, facts) for text in (str(len(texts)), *sorted(texts))]
    return _Subject((kind.area, *listed), tuple(sorted(beside)))
