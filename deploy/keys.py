"""Make the signing keys of a cluster: ``python -m deploy.keys FOLDER``.

On one machine each process makes its own on first use. In a cluster a process is given its own private key and everybody's public
ones, and could not write them anyway.
"""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from chassis.keys import TRAINING, KeyRing
from chassis.settings import CannotStart

# Who calls others in its own name, or signs for people.
SIGNERS = ("gateway", "directory", "requests", "alerts", "translation", "repositories")
# What parts have keys for besides calls. These outlive a change of the others (docs/operating.md).
MORE = {
    "directory": ("directory_audit",),
    "requests": ("requests_audit",),
    "alerts": ("alerts_receipts", "alerts_related", "alerts_webhooks", "alerts_audit"),
    "repositories": ("repositories_audit",),
}
# What these keep or give out is sealed with their own key; with one that they had before, it can still be opened.
SEALING = ("translation", "repositories")


def main(
    folder: Annotated[Path, typer.Argument(help="where the keys go; those that are there stay")],
    release: Annotated[str, typer.Option(help="what the names of the Secrets begin with")] = "imi",
    namespace: Annotated[str, typer.Option(help="the namespace of the release")] = "imi",
    training: Annotated[bool, typer.Option(help="the keys of a training system")] = False,
) -> None:
    """Make a key pair for each part that signs, and print the commands that bring them into a cluster."""
    try:
        ring = KeyRing(folder, training=training)
        for part in SIGNERS:
            for name in _names(part):
                _make(ring, name)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        raise typer.Exit(1) from None
    for command in commands(folder, release, namespace):
        print(command)


def _make(ring: KeyRing, name: str) -> None:
    """Make the pair of *name*, if it is not there; exits with 1 for halves of two keys, with which everybody would refuse *name*."""
    key, public = ring.private(name), ring.public(name)
    if public is None or public.thumbprint() != key.thumbprint():
        print(
            f"{name}.public.jwk is not the public half of {name}.private.jwk. Call it {name}-<year>.public.jwk if what was signed "
            "before is to be verified, or else take it away; then try again.",
            file=sys.stderr,
        )
        raise typer.Exit(1)


def commands(folder: Path, release: str, namespace: str) -> list[str]:
    """One Secret for each part's private keys, and one ConfigMap of all public ones, named as the chart expects them."""

    def create(*kind_and_name: str, files: list[str]) -> str:
        sources = [f"--from-file={name}={folder / name}" for name in files]
        return shlex.join(["kubectl", "--namespace", namespace, "create", *kind_and_name, *sources])

    return [
        *(
            create("secret", "generic", f"{release}-{part}-key", files=_files(folder, part, "private"))
            for part in SIGNERS
        ),
        create(
            "configmap",
            f"{release}-public-keys",
            files=[
                *(name for part in SIGNERS for name in _files(folder, part, "public")),
                *([TRAINING] if (folder / TRAINING).exists() else []),
            ],
        ),
    ]


def _files(folder: Path, part: str, half: str) -> list[str]:
    """The files of *part*; with those that its keys had before, as far as they are kept and good for anything (`KeyRing.former`)."""
    kept = [*MORE.get(part, ()), *([part] if part in SEALING and half == "private" else [])]
    former = [path.name for name in kept for path in sorted(folder.glob(f"{name}-*.{half}.jwk"))]
    return [*(f"{name}.{half}.jwk" for name in _names(part)), *former]


def _names(part: str) -> tuple[str, ...]:
    """What the keys of *part* are called, the one that it signs calls with first."""
    return (part, *MORE.get(part, ()))


if __name__ == "__main__":
    typer.run(main)
