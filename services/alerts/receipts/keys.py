"""The keys that receipts are signed with: one now, and every earlier one still published, so that an old receipt stays verifiable."""

from typing import Any

from chassis.keys import KeyRing

NAME = "alerts_receipts"


class ReceiptKeys:
    """Signs with the key of today. A key goes by its thumbprint (RFC 7638), which says nothing of where or when it was made."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        private = ring.private(NAME)
        self.id = private.thumbprint()
        self._key: Any = private.private_key  # of Ed25519, though its type says any curve of RFC 8037

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self._key.sign(message)
        return signature

    def published(self) -> list[dict[str, Any]]:
        """The public keys as JSON Web Keys (RFC 8037), that of today first."""
        keys = [self._ring.private(NAME), *self._ring.former(NAME)]
        found = {
            key.thumbprint(): {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig"} for key in keys
        }
        return list(found.values())
