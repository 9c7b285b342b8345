"""Signing keys: each process signs with its own, and trusts the public ones in the folder.

A private key stays with its process: ``<name>.private.jwk``, readable by its owner only. The public halves, ``<name>.public.jwk``, are
for everybody who must verify. Keys are Ed25519 (RFC 8037). On one machine the folder is made as it is needed; in a cluster
it is mounted, and a process that finds its private key there never makes one.

A training system has keys of its own, in a folder with a file ``training``, and signs for an audience of its own: what is signed in
one system is believed in no other, even if somebody gave both the same keys.
"""

import json
import os
import tempfile
from pathlib import Path

from joserfc.jwk import OKPKey

from chassis.settings import CannotStart, ProcessSettings

ALGORITHM = "Ed25519"
# Whom caller tokens and development sign-ins are for.
AUDIENCE, TRAINING_AUDIENCE = "imi", "imi-training"
# The file that says of a folder of keys that a training system's are in it.
TRAINING = "training"


def key_ring(settings: ProcessSettings) -> "KeyRing":
    """The keys of the system that *settings* are of; raises CannotStart if those in its folder are of the other kind of system."""
    return KeyRing(settings.keys, training=settings.training)


class KeyRing:
    """The keys of one folder."""

    def __init__(self, folder: Path, *, training: bool = False) -> None:
        self.audience = TRAINING_AUDIENCE if training else AUDIENCE
        self._folder = folder
        self._training = training
        self._public: dict[str, OKPKey] = {}
        trains = (folder / TRAINING).exists()
        if trains and not training:
            raise CannotStart(
                f"The keys in {folder} are those of a training system. Set TRAINING=1, or another KEYS_DIR or DATA_DIR."
            )
        if training and not trains and any(folder.glob("*.jwk")):
            raise CannotStart(
                f"The keys in {folder} are those of a real system, and a training system has its own. Set KEYS_DIR or DATA_DIR."
            )

    def private(self, name: str) -> OKPKey:
        """The private key of *name*, made on first use together with its public half."""
        path = self._folder / f"{name}.private.jwk"
        try:
            return self._made(name, path)
        except OSError as error:
            raise CannotStart(
                f"The key {path} can be neither read nor made ({error.strerror}): put it there, or set KEYS_DIR."
            ) from error

    def _made(self, name: str, path: Path) -> OKPKey:
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._training:
                (self._folder / TRAINING).touch()
            key = OKPKey.generate_key("Ed25519")
            _place(path, json.dumps(key.as_dict(private=True)), mode=0o600)
        key = OKPKey.import_key(json.loads(path.read_text()))
        public = self._folder / f"{name}.public.jwk"
        if not public.exists():
            _place(public, json.dumps(key.as_dict(private=False)), mode=0o644)
        return key

    def secret(self, name: str) -> bytes:
        """What the private key of *name* is as a secret to make codes with: the same for all who have the key."""
        return str(self.private(name).as_dict(private=True)["d"]).encode()

    def former(self, name: str) -> list[OKPKey]:
        """The public keys that *name* had before, kept as ``<name>-<anything>.public.jwk``: nobody is believed by them any more."""
        paths = sorted(self._folder.glob(f"{name}-*.public.jwk"))
        return [OKPKey.import_key(json.loads(path.read_text())) for path in paths]

    def former_secrets(self, name: str) -> list[bytes]:
        """What `secret` was before, of the private keys that are kept as ``<name>-<anything>.private.jwk``."""
        paths = sorted(self._folder.glob(f"{name}-*.private.jwk"))
        return [str(json.loads(path.read_text())["d"]).encode() for path in paths]

    def public(self, name: str) -> OKPKey | None:
        """The public key of *name*, looked for anew as long as there is none; None if nobody trusts such a name."""
        if name not in self._public:
            path = self._folder / f"{name}.public.jwk"
            # A name comes from a token nobody has verified yet: it must not lead out of the folder.
            if not name.isidentifier() or not path.exists():
                return None
            self._public[name] = OKPKey.import_key(json.loads(path.read_text()))
        return self._public[name]


def _place(path: Path, content: str, *, mode: int) -> None:
    """Write a file that appears whole; if another process was first, its file stays."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(name, mode)
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
