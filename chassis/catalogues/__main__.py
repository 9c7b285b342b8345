"""Keep the catalogues in step with their structures, and exchange them with translators' tools."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from chassis.catalogues import IncompleteCatalogue, load
from chassis.catalogues.exchange import Format, NotExchanged, export, take_over
from chassis.catalogues.files import ROOT, folders, rendered
from vocabulary import languages
from vocabulary.refusals import Invalid

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Only = Annotated[str, typer.Option(help="only the folders whose path contains this")]
LanguageName = Annotated[str, typer.Argument(help="a language of the system, such as hu")]


def _chosen(only: str) -> list[Path]:
    return [folder for folder in folders() if only in str(folder.relative_to(ROOT))]


@app.command()
def update() -> None:
    """Write the templates, and bring every catalogue in line with them, keeping its translations."""
    for folder in folders():
        _write(rendered(folder))


@app.command()
def check(only: Only = "") -> None:
    """Say what keeps a catalogue from being published, and exit with 1 if anything does."""
    failed = False
    for folder in _chosen(only):
        try:
            load(folder)
        except IncompleteCatalogue as incomplete:
            print(incomplete, file=sys.stderr)
            failed = True
        else:
            print(f"complete: {folder.relative_to(ROOT)}")
    raise typer.Exit(1 if failed else 0)


@app.command("export")
def export_to(
    language: LanguageName,
    to: Annotated[
        Format, typer.Option(help="XLIFF to translate, TMX as a memory of what is translated")
    ] = Format.XLIFF,
    out: Annotated[Path | None, typer.Option(help="the file to write; otherwise <language>.xlf or .tmx here")] = None,
    only: Only = "",
) -> None:
    """Write the catalogues of one language to a file that translators' tools read."""
    code = _language(language)
    target = out or Path(f"{code}.{'xlf' if to is Format.XLIFF else 'tmx'}")
    try:
        export(_chosen(only), code, to, target)
    except NotExchanged as error:
        _fail(error)
    print(f"written {target}")


@app.command("import")
def import_from(
    file: Annotated[Path, typer.Argument(help="an XLIFF that was exported here", exists=True, dir_okay=False)],
    language: LanguageName,
) -> None:
    """Take over the translations of an XLIFF, if all of them fit."""
    try:
        changed = take_over(file, folders(), _language(language))
    except NotExchanged as error:
        _fail(error)
    _write(changed)


def _write(files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            print(f"updated {path.relative_to(ROOT)}")


def _language(name: str) -> str:
    try:
        code = languages.require(name, field="language")
    except Invalid as refusal:
        _fail(refusal)
    if code == languages.FALLBACK:
        _fail(ValueError("English is the source: it is written in structure.toml"))
    return code


def _fail(error: Exception) -> NoReturn:
    print(error, file=sys.stderr)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
