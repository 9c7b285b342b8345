"""Keep the catalogues in step with their structures: ``python -m chassis.catalogues {update,check}``."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from chassis.catalogues import IncompleteCatalogue, load, read_structure, sources
from vocabulary import languages

ROOT = Path(__file__).resolve().parents[2]
HEADER = "Pre-translated texts. Unofficial translation, open to correction by native speakers and lawyer-linguists."

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def folders(root: Path = ROOT) -> list[Path]:
    """Every catalogue folder of the project."""
    found = (path.parent for room in ("vocabulary", "services") for path in (root / room).rglob("structure.toml"))
    return sorted(found)


def _template(folder: Path) -> Catalog:
    catalogue = Catalog(header_comment=f"# {HEADER}", project="IMI", fuzzy=False)
    for source in sources(read_structure(folder)):
        catalogue.add(source.text, context=source.context, auto_comments=list(source.notes))
    return catalogue


def _rendered(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0, omit_header=True, sort_output=False)
    comment = f"# {HEADER}\n"
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    if catalogue.locale:
        head += f'"Language: {catalogue.locale}\\n"\n'
    return (comment + head + "\n").encode() + buffer.getvalue()


def rendered(folder: Path) -> dict[Path, bytes]:
    """What the template and the catalogues of *folder* should contain: the source's texts, with the translations kept."""
    template = _template(folder)
    files = {folder / "template.pot": _rendered(template)}
    for code in languages.ALL:
        path = folder / f"{code}.po"
        if code == languages.FALLBACK or not path.exists():
            continue
        catalogue = read_po(io.BytesIO(path.read_bytes()), locale=code, abort_invalid=True)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        files[path] = _rendered(catalogue)
    return files


@app.command()
def update() -> None:
    """Write the templates, and bring every catalogue in line with them, keeping its translations."""
    for folder in folders():
        for path, content in rendered(folder).items():
            if not path.exists() or path.read_bytes() != content:
                path.write_bytes(content)
                print(f"updated {path.relative_to(ROOT)}")


@app.command()
def check(only: Annotated[str, typer.Option(help="check only the folders whose path contains this")] = "") -> None:
    """Say what keeps a catalogue from being published, and exit with 1 if anything does."""
    failed = False
    for folder in folders():
        if only not in str(folder):
            continue
        try:
            load(folder)
        except IncompleteCatalogue as incomplete:
            print(incomplete, file=sys.stderr)
            failed = True
        else:
            print(f"complete: {folder.relative_to(ROOT)}")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    app()
