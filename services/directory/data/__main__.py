"""Make ``territories.json`` and ``cities.json``, or see whether they are current.

Without sources, only what babel and pycountry know is brought in line: the countries' names, which regions there are, and
their official names.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.directory.data import cities, sources
from services.directory.data.sources import SourceMissing, Sources
from services.directory.data.territories import TARGET, rendered

__all__ = ["TARGET", "rendered"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(help=f"{__doc__}\n\n{sources.__doc__}")
def main(
    folder: Annotated[
        Path | None, typer.Option("--sources", help="The folder with the packages that the data are made from.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file is not current.")] = False,
) -> None:
    try:
        stale = _made(Sources(folder) if folder else None, check=check)
    except SourceMissing as missing:
        sys.exit(f"{folder} has no {missing}; --help says how to get it")
    if check and stale:
        sys.exit(f"not current: {', '.join(stale)}")


def _made(found: Sources | None, *, check: bool) -> list[str]:
    """The names of the files that were not current; without *check* they are now."""
    # Cities lie in regions, and are made after them.
    stale = _keep(TARGET, rendered(found), check=check)
    return [*stale, *_keep(cities.TARGET, cities.rendered(found), check=check)] if found else stale


def _keep(target: Path, content: str, *, check: bool) -> list[str]:
    if target.read_text(encoding="utf-8") == content:
        return []
    if not check:
        target.write_text(content, encoding="utf-8")
        print(f"updated {target.name}")
    return [target.name]


if __name__ == "__main__":
    app()
