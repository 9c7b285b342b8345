"""Catalogues in the formats of translators' tools: XLIFF to translate and give back, TMX as a memory of what was translated.

The translate-toolkit converts, run as a command. A text is found again by where it stands: its folder and its context are the
location that every unit carries. What comes back is checked as a whole, and taken over as a whole or not at all.
"""

import io
import subprocess
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from chassis.catalogues import messages, read_structure, sources
from chassis.catalogues.files import ROOT, read, written


class Format(StrEnum):
    """What a catalogue can be exported to."""

    XLIFF = "xliff"
    TMX = "tmx"


class NotExchanged(Exception):
    """A catalogue could not be converted, or what came back does not fit. Every fault is listed."""

    def __init__(self, what: str, faults: Sequence[str] = ()) -> None:
        super().__init__("\n  ".join([what, *faults]))
        self.faults = list(faults)


def export(folders: Sequence[Path], language: str, to: Format, target: Path, root: Path = ROOT) -> None:
    """Write the catalogues of *language* in all *folders* to one file; raises NotExchanged."""
    catalogue = Catalog(locale=language, fuzzy=False)
    for folder in folders:
        kept = _by_context(read(folder / f"{language}.po", language))
        for source in sources(read_structure(folder)):
            place = f"{folder.relative_to(root).as_posix()}/{source.context}"
            before = kept.get(source.context)
            current = before if before is not None and before.id == source.text else None
            catalogue.add(
                source.text,
                current.string if current else "",
                locations=[(place, None)],  # type: ignore[list-item]
                flags=current.flags if current else (),
                auto_comments=source.notes,
                context=place,
            )
    with TemporaryDirectory() as work:
        po = Path(work) / f"{language}.po"
        po.write_bytes(written(catalogue))
        made = Path(work) / f"{language}.{'xlf' if to is Format.XLIFF else 'tmx'}"
        if to is Format.XLIFF:
            _convert("po2xliff", po, made)
        else:
            _convert("po2tmx", po, made, "--language", language)
        text = made.read_text(encoding="utf-8")
        # Neither the paths of this machine nor another English than ours.
        text = text.replace(f'original="{po}"', f'original="{po.name}"').replace(
            'source-language="en-US"', 'source-language="en"'
        )
        target.write_text(text, encoding="utf-8")


def take_over(file: Path, folders: Sequence[Path], language: str, root: Path = ROOT) -> dict[Path, bytes]:
    """What the catalogues of *language* contain with the translations of *file*, an XLIFF; those that change.

    Raises NotExchanged if any of its texts is unknown, translates another English, or does not fill in the same places.
    A translation that nobody has approved is kept as such, and does not count.
    """
    with TemporaryDirectory() as work:
        po = Path(work) / f"{language}.po"
        _convert("xliff2po", file, po)
        back = read_po(io.BytesIO(po.read_bytes()), locale=language, abort_invalid=True)
    known = {f"{folder.relative_to(root).as_posix()}/": folder for folder in folders}
    by_folder: dict[Path, dict[str, Message]] = {}
    faults: list[str] = []
    for message in back:
        if not message.id:
            continue
        place = message.locations[0][0] if message.locations else ""
        head, _, context = place.rpartition("/")
        folder = known.get(f"{head}/")
        if folder is None:
            faults.append(f"{place or message.id!r} is not a place of a text")
        else:
            by_folder.setdefault(folder, {})[context] = message
    changed: dict[Path, bytes] = {}
    for folder, given in by_folder.items():
        faults += _misfits(folder, given, language)
        path = folder / f"{language}.po"
        catalogue = read(path, language)
        if _apply(catalogue, given):
            changed[path] = written(catalogue)
    if faults:
        raise NotExchanged(f"{file.name} does not fit; nothing was changed:", faults)
    return changed


def _misfits(folder: Path, given: dict[str, Message], language: str) -> Iterator[str]:
    english = {source.context: source.text for source in sources(read_structure(folder))}
    for context, message in given.items():
        place = f"{folder.name}/{context}"
        if context not in english:
            yield f"{place} is not a place of a text"
        elif english[context] != message.id:
            yield f"{place}: the English text has changed since it was sent out"
        elif message.string:
            yield from (f"{place}: {one}" for one in messages.faults(english[context], str(message.string), language))


def _apply(catalogue: Catalog, given: dict[str, Message]) -> bool:
    """Put what was given into *catalogue*; what came back empty leaves what there was. Says whether anything changed."""
    kept = _by_context(catalogue)
    changed = False
    for context, message in given.items():
        before = kept.get(context)
        if not message.string:
            continue
        if before is None or before.id != message.id:
            if before is not None:
                catalogue.delete(before.id, context)
            catalogue.add(message.id, message.string, context=context, flags=message.flags)
        elif (before.string, before.fuzzy) != (message.string, message.fuzzy):
            before.string = message.string
            before.flags = set(message.flags)
        else:
            continue
        changed = True
    return changed


def _by_context(catalogue: Catalog) -> dict[str, Message]:
    return {message.context or "": message for message in catalogue if message.id}


def _convert(command: str, source: Path, target: Path, *more: str) -> None:
    program = Path(sys.executable).with_name(command)
    if not program.exists():
        raise NotExchanged(f"{command} is missing: install the translate-toolkit")
    arguments = ["--progress=none", "--errorlevel=message", *more, "-i", str(source), "-o", str(target)]
    made = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    # It says what is wrong, and exits with 0 all the same.
    if made.returncode or not target.exists() or not target.stat().st_size:
        said = (made.stderr or made.stdout).replace(f"{source.parent}/", "").strip()
        raise NotExchanged(f"{source.name} could not be converted:", said.splitlines()[-5:])
