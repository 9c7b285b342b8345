"""Verify an export of an audit, offline: ``python -m chassis.audit verify FILE``."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from chassis.audit.command import FAULT_EXIT_CODE, said, verify_export
from chassis.process import clock

app = typer.Typer(add_completion=False)


@app.callback()
def main() -> None:
    """The audit of reads, away from the system that wrote it."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="what `audit export` wrote", exists=True, dir_okay=False)],
    keys: Annotated[
        Path | None, typer.Option(help="the public keys as a JSON Web Key Set; default: those in the file")
    ] = None,
    kept: Annotated[
        Path | None, typer.Option(help="JSON Lines that say how far the chain went once: a log of the service")
    ] = None,
    retention_days: Annotated[
        int | None, typer.Option(help="how long rows are kept: none may be erased before; default: whenever")
    ] = None,
) -> None:
    """Say whether the chain holds; exits with 1 if it does not."""
    erased_before = clock() - timedelta(days=retention_days) if retention_days else None
    try:
        with file.open(encoding="utf-8") as lines:
            found = verify_export(lines, keys, kept, erased_before)
    except (KeyError, OSError, StopIteration, TypeError, ValueError) as fault:
        # What was tampered with may have any form: it is then no export, or one with keys that are none.
        print(
            f"{file} cannot be verified: it, or what goes with it, is not what `audit export` writes ({fault!r})",
            file=sys.stderr,
        )
        raise typer.Exit(FAULT_EXIT_CODE) from None
    said(*found)


if __name__ == "__main__":
    app()
