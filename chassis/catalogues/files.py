"""The files of a catalogue: what the template and each language's .po should contain."""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from chassis.catalogues import read_structure, sources
from vocabulary import languages

ROOT = Path(__file__).resolve().parents[2]
HEADER = "Pre-translated texts. Unofficial translation, open to correction by native speakers and lawyer-linguists."


def folders(root: Path = ROOT) -> list[Path]:
    """Every catalogue folder of the project."""
    found = (
        path.parent for room in ("vocabulary", "services", "gateway") for path in (root / room).rglob("structure.toml")
    )
    return sorted(found)


def rendered(folder: Path) -> dict[Path, bytes]:
    """What the template and the catalogues of *folder* should contain: the source's texts, with the translations kept.

    Each official language has a catalogue; those of the EEA have one where somebody has begun it.
    """
    template = _template(folder)
    files = {folder / "template.pot": written(template)}
    for code in languages.ALL:
        path = folder / f"{code}.po"
        if code == languages.FALLBACK or (code in languages.EEA and not path.exists()):
            continue
        catalogue = read(path, code)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        files[path] = written(catalogue)
    return files


def read(path: Path, language: str) -> Catalog:
    """The catalogue at *path*; an empty one if there is none. Raises PoFileError for what is no gettext file."""
    if not path.exists():
        return Catalog(locale=language, header_comment=f"# {HEADER}", fuzzy=False)
    return read_po(io.BytesIO(path.read_bytes()), locale=language, abort_invalid=True)


def written(catalogue: Catalog) -> bytes:
    """*catalogue* as a file that changes only where its texts do: no dates, no line breaks of its own."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=0, omit_header=True, sort_output=False)
    comment = f"# {HEADER}\n"
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    if catalogue.locale:
        head += f'"Language: {catalogue.locale}\\n"\n'
    return (comment + head + "\n").encode() + buffer.getvalue()


def _template(folder: Path) -> Catalog:
    catalogue = Catalog(header_comment=f"# {HEADER}", project="IMI", fuzzy=False)
    for source in sources(read_structure(folder)):
        catalogue.add(source.text, context=source.context, auto_comments=list(source.notes))
    return catalogue
