"""Chains of hashes, such as receipts and the audit of reads: what is hashed, byte for byte, and who signs for how far a chain goes.

Everything that is hashed is a list of texts, each behind its length, the first of which says what it is: so no two different things
are ever hashed as the same bytes.
"""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import OKPKey

from chassis.keys import KeyRing


def encoded(*texts: str) -> bytes:
    """Each text as UTF-8 behind its length in bytes, four bytes with the highest first."""
    parts = [text.encode() for text in texts]
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def digest(kind: str, *texts: str) -> str:
    """The SHA-256 of *texts* as a thing of this *kind*, which begins with the format that it is of, in hexadecimal."""
    return hashlib.sha256(encoded(kind, *texts)).hexdigest()


def instant(at: datetime) -> str:
    """A time as chains write it: ``2026-11-26T09:30:00.000000Z``."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class SigningKeys:
    """The keys that one kind of statement is signed with: one now, and every earlier one still published, so that old statements stay
    verifiable. A key goes by its thumbprint (RFC 7638), which says nothing of where or when it was made.
    """

    def __init__(self, ring: KeyRing, name: str) -> None:
        self._ring = ring
        self._name = name
        private = ring.private(name)
        self.id = private.thumbprint()
        self._key: Any = private.private_key  # of Ed25519, though its type says any curve of RFC 8037

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self._key.sign(message)
        return signature

    def signature(self, message: bytes) -> str:
        """As `sign`, in base64url without padding."""
        return base64.urlsafe_b64encode(self.sign(message)).decode().rstrip("=")

    def published(self) -> list[dict[str, Any]]:
        """The public keys as JSON Web Keys (RFC 8037), that of today first."""
        return published(self._ring, self._name)


def published(ring: KeyRing, name: str) -> list[dict[str, Any]]:
    """The public halves of the key *name* as JSON Web Keys: that of today first, then those that it had before."""
    today = ring.public(name)
    keys = [*([today] if today else []), *ring.former(name)]
    found = {key.thumbprint(): {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"} for key in keys}
    return list(found.values())


def is_signed(message: bytes, signature: str, key: dict[str, Any]) -> bool:
    """Whether *signature*, in base64url, is one of *message* by the JSON Web Key *key*."""
    public: Any = OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x")}).public_key
    try:
        given = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
        public.verify(given, message)
    except Exception:  # whatever the library calls it, it is none
        return False
    return True
