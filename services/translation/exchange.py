"""The memory in the formats of translators' tools: TMX 1.4 and XLIFF 1.2, written and read.

A file comes from outside. It may have no entities of its own. Everything that is wrong with it is listed; then nothing of it counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from xml.etree import ElementTree as ET
from xml.parsers import expat

from services.translation.domain.memory import Entry
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import FreeText

CONTENT_LIMIT_BYTES = 2 * 1024 * 1024
UNITS_LIMIT = 2_000
FAULTS_SHOWN = 20
_XML = "http://www.w3.org/XML/1998/namespace"
_XLIFF = "urn:oasis:names:tc:xliff:document:1.2"
_DONE = frozenset({"final", "signed-off"})
# What stands for something that was in the text, other than what stands around some of it.
_PLACES = frozenset({"ph", "x"})
# Characters that no XML has.
_NOT_WRITTEN = str.maketrans("", "", "\ufffe\uffff")


class Format(StrEnum):
    """The formats."""

    TMX = "TMX"
    XLIFF = "XLIFF"


MEDIA_TYPE = {Format.TMX: "application/x-tmx+xml", Format.XLIFF: "application/xliff+xml"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A text and its translation, each with its language."""

    source: tuple[str, str]
    target: tuple[str, str]


def read(content: bytes, written: Format) -> list[Unit]:
    """The translations in a file; raises Invalid for one that cannot be taken over as a whole.

    A TMX unit in more than two languages translates its first, or its `srclang`, into each of the others. An XLIFF unit counts once
    it is approved.
    """
    if len(content) > CONTENT_LIMIT_BYTES:
        raise _unfit(f"a file has at most {CONTENT_LIMIT_BYTES} bytes", "TOO_LONG")
    root = _parsed(content)
    faults: list[str] = []
    units = list(_tmx_units(root, faults) if written is Format.TMX else _xliff_units(root, faults))
    if faults:
        shown = "; ".join(faults[:FAULTS_SHOWN])
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise _unfit(f"the file does not fit, and nothing was changed: {shown}{more}", "FAULTY_FILE")
    if not units:
        raise _unfit("there is no finished translation in the file", "EMPTY")
    if len(units) > UNITS_LIMIT:
        raise _unfit(f"a file has at most {UNITS_LIMIT} translations, not {len(units)}", "TOO_MANY")
    return units


def write(entries: Sequence[Entry], to: Format, now: datetime) -> bytes:
    """*entries* as a file; those of an XLIFF are of one pair."""
    root = _tmx(entries, now) if to is Format.TMX else _xliff(entries)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + written + b"\n"


def _tmx(entries: Sequence[Entry], now: datetime) -> ET.Element:
    root = ET.Element("tmx", version="1.4")
    ET.SubElement(
        root,
        "header",
        {
            "creationtool": "imi",
            "creationtoolversion": "1",
            "segtype": "block",
            "o-tmf": "imi",
            "adminlang": "en",
            "srclang": "*all*",
            "datatype": "plaintext",
            "creationdate": f"{now:%Y%m%dT%H%M%SZ}",
        },
    )
    body = ET.SubElement(root, "body")
    for entry in entries:
        changed = f"{entry.current.at:%Y%m%dT%H%M%SZ}"
        unit = ET.SubElement(
            body, "tu", tuid=entry.id, srclang=entry.source.language, datatype="plaintext", changedate=changed
        )
        for name, value in (("x-area", entry.area), ("x-context", entry.context)):
            if value:
                ET.SubElement(unit, "prop", type=name).text = value
        for text in (entry.source, entry.current.text):
            variant = ET.SubElement(unit, "tuv", {"xml:lang": text.language})
            ET.SubElement(variant, "seg").text = _written(text)
    return root


def _xliff(entries: Sequence[Entry]) -> ET.Element:
    root = ET.Element("xliff", version="1.2", xmlns=_XLIFF)
    file = ET.SubElement(
        root,
        "file",
        {
            "original": "memory",
            "datatype": "plaintext",
            "source-language": entries[0].source.language,
            "target-language": entries[0].target_language,
        },
    )
    body = ET.SubElement(file, "body")
    for entry in entries:
        unit = ET.SubElement(body, "trans-unit", {"id": entry.id, "approved": "yes", "xml:space": "preserve"})
        ET.SubElement(unit, "source").text = _written(entry.source)
        ET.SubElement(unit, "target", state="final").text = _written(entry.current.text)
    return root


def _written(text: FreeText) -> str:
    return text.text.translate(_NOT_WRITTEN)


def _tmx_units(root: ET.Element, faults: list[str]) -> Iterator[Unit]:
    if root.tag != "tmx":
        faults.append("it is no TMX")
        return
    header = root.find("header")
    usual = "" if header is None else header.get("srclang", "")
    for number, unit in enumerate(root.iter("tu"), start=1):
        texts = [
            (variant.get(f"{{{_XML}}}lang") or variant.get("lang") or "", _text(variant.find("seg"), number, faults))
            for variant in unit.findall("tuv")
        ]
        if len(texts) < 2:
            faults.append(f"unit {number} has no two languages")
            continue
        known = [(languages.normalise(tag) or "", text) for tag, text in texts]
        if unknown := [tag for (tag, _), (code, _) in zip(texts, known, strict=True) if not code]:
            faults.append(f"unit {number} has a language that the system does not: {unknown[0][:20]!r}")
            continue
        wanted = languages.normalise(unit.get("srclang") or usual) or known[0][0]
        source = next((one for one in known if one[0] == wanted), known[0])
        yield from (_checked(number, source, one, faults) for one in known if one is not source)


def _xliff_units(root: ET.Element, faults: list[str]) -> Iterator[Unit]:
    if root.tag not in (f"{{{_XLIFF}}}xliff", "xliff") or root.get("version") != "1.2":
        faults.append("it is no XLIFF 1.2")
        return
    space = root.tag.removesuffix("xliff")
    number = 0
    for file in root.iter(f"{space}file"):
        pair = [languages.normalise(file.get(f"{side}-language") or "") or "" for side in ("source", "target")]
        if not all(pair):
            faults.append("a file does not say its two languages, or the system does not have them")
            continue
        for unit in file.iter(f"{space}trans-unit"):
            number += 1
            target = unit.find(f"{space}target")
            if target is None or not (unit.get("approved") == "yes" or target.get("state") in _DONE):
                continue
            source = _text(unit.find(f"{space}source"), number, faults)
            yield _checked(number, (pair[0], source), (pair[1], _text(target, number, faults)), faults)


def _checked(number: int, source: tuple[str, str], target: tuple[str, str], faults: list[str]) -> Unit:
    if not source[1].strip() or not target[1].strip():
        faults.append(f"unit {number} has an empty text")
    elif source[0] == target[0]:
        faults.append(f"unit {number} has the same language twice")
    return Unit(source, target)


def _text(element: ET.Element | None, number: int, faults: list[str]) -> str:
    """The text of *element*, with what stands inside of its inline elements, and what the empty ones say that they stand for.

    Of formatting nothing is kept. A place of which nobody knows what was there is a fault: the text would say something else.
    """
    if element is None:
        return ""
    for inner in element.iter():
        name = inner.tag.rpartition("}")[2]
        if name in _PLACES and inner.text is None and not len(inner):
            inner.text = inner.get("equiv-text") or ""
            if not inner.text:
                faults.append(f"unit {number} has a <{name}/> and does not say what it stands for")
    return "".join(element.itertext())


def _parsed(content: bytes) -> ET.Element:
    """The root of a document; raises Invalid for what is none, or declares entities."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def name(given: str) -> str:
        return f"{{{given}" if "}" in given else given

    def declared(*_: object) -> None:
        raise _unfit("the file declares entities, which it may not", "FAULTY_FILE")

    def unknown(name: str, *_: object) -> None:
        raise _unfit(f"the file does not say what &{name[:20]}; is", "FAULTY_FILE")

    parser.StartElementHandler = lambda tag, attributes: builder.start(
        name(tag), {name(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda tag: builder.end(name(tag))
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = declared
    # Of what a document type may declare that is elsewhere.
    parser.SkippedEntityHandler = unknown
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise _unfit(f"the file is no well-formed XML (line {error.lineno})", "FAULTY_FILE") from None
    return builder.close()


def _unfit(message: str, reason: str) -> Invalid:
    return Invalid(message, field="content", reason=reason)
