"""Texts at rest: what people wrote, and what was made of it, is stored encrypted (AES-256-GCM, as JWE).

The key comes from the service's own private key: replicas that share that read each other's. What was sealed with a former one
(``<name>-<anything>.private.jwk``) can still be opened.
"""

import hashlib

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chassis.keys import KeyRing

_HEADER = {"alg": "dir", "enc": "A256GCM"}


class Sealed(Exception):
    """This cannot be opened with any key there is."""


class Vault:
    """Seals and opens texts."""

    def __init__(self, keys: KeyRing, name: str) -> None:
        secrets = [keys.secret(name), *keys.former_secrets(name)]
        self._keys = [OctKey.import_key(hashlib.sha256(b"texts at rest" + one).digest()) for one in secrets]
        # What ids of personal texts are made with, so that nobody finds a text by trying ids.
        self.pepper = hashlib.sha256(b"ids of texts" + secrets[0]).hexdigest()

    def seal(self, text: str) -> str:
        """*text*, unreadable; the empty text as it is."""
        return jwe.encrypt_compact(_HEADER, text.encode(), self._keys[0]) if text else ""

    def open(self, sealed: str) -> str:
        """What was sealed; raises Sealed if the key is gone."""
        if not sealed:
            return ""
        for key in self._keys:
            try:
                plaintext = jwe.decrypt_compact(sealed, key).plaintext
            except (JoseError, ValueError):
                continue
            return (plaintext or b"").decode()
        raise Sealed
