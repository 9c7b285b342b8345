"""The memory in translators' files: what is written is read again, by their tools too, and what does not fit is refused as a whole."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.memory import Entry, Reviewed
from services.translation.exchange import FAULTS_SHOWN, UNITS_LIMIT, Format, Unit, read, write
from tests.cells import cell
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import DataClass, FreeText

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# What XML can hold, and does not change.
texts = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=60).filter(str.strip)
pairs = st.permutations(languages.ALL).map(lambda codes: (codes[0], codes[1]))


def entry(source: str, target: str, pair: tuple[str, str] = ("it", "hu"), area: str = "", context: str = "") -> Entry:
    texts = [
        FreeText(text=text, language=code, data_class=DataClass.PUBLIC)
        for text, code in zip((source, target), pair, strict=True)
    ]
    reviewed = Reviewed(text=texts[1], reviewer_id="usr_1", approval="key", at=NOW)
    return Entry(source=texts[0], reviewed=(reviewed,), area=area, context=context)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=5), pairs, st.sampled_from(Format))
def test_what_is_written_is_read_again(said: list[tuple[str, str]], pair: tuple[str, str], to: Format) -> None:
    entries = [entry(source, target, pair, "services", "requests.answer") for source, target in said]
    assert read(write(entries, to, NOW), to) == [Unit((pair[0], source), (pair[1], target)) for source, target in said]


def test_a_character_that_no_xml_has_spoils_no_file() -> None:
    for to in Format:
        with cell(to):
            assert read(write([entry("a\ufffeb", "c\uffffd")], to, NOW), to) == [Unit(("it", "ab"), ("hu", "cd"))]


def test_a_file_without_a_reviewer_in_it_names_no_person() -> None:
    for to in Format:
        assert b"usr_1" not in write([entry("a", "b")], to, NOW)


# Under the GPL, so in a process of its own.
READER = """
import sys
from translate.storage.factory import getobject
print([(str(unit.source), str(unit.target)) for unit in getobject(sys.argv[1]).units if unit.istranslatable()])
"""


@pytest.mark.parametrize(("to", "ending"), [(Format.XLIFF, "xlf"), (Format.TMX, "tmx")])
def test_translators_tools_read_what_is_written(tmp_path: Path, to: Format, ending: str) -> None:
    file = tmp_path / f"memory.{ending}"
    file.write_bytes(write([entry("Il titolo è <b>valido</b>.", "Az oklevél <b>érvényes</b>.")], to, NOW))
    said = subprocess.run([sys.executable, "-c", READER, file], check=True, capture_output=True, text=True).stdout
    assert said.strip() == "[('Il titolo è <b>valido</b>.', 'Az oklevél <b>érvényes</b>.')]"


TMX = '<tmx version="1.4"><header srclang="it"/><body>{}</body></tmx>'
XLIFF = (
    '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">'
    '<file original="x" datatype="plaintext" source-language="it" target-language="hu-HU"><body>{}</body></file></xliff>'
)


INLINE = '<bpt i="1">&lt;b&gt;</bpt>sì'


def tuv(language: str, text: str) -> str:
    return f'<tuv xml:lang="{language}"><seg>{text}</seg></tuv>'


def test_files_of_other_tools_are_read() -> None:
    for written, content, expected in (
        (Format.TMX, TMX.format(f"<tu>{tuv('IT-it', 'sì')}{tuv('hu', 'igen')}</tu>"), [("it", "sì", "hu", "igen")]),
        (Format.TMX, TMX.format(f"<tu>{tuv('hu', 'igen')}{tuv('it', 'sì')}</tu>"), [("it", "sì", "hu", "igen")]),
        (
            Format.TMX,
            TMX.format(f"<tu srclang='de'>{tuv('hu', 'igen')}{tuv('de', 'ja')}{tuv('it', 'sì')}</tu>"),
            [("de", "ja", "hu", "igen"), ("de", "ja", "it", "sì")],
        ),
        (
            Format.TMX,
            '<!DOCTYPE tmx SYSTEM "tmx14.dtd">' + TMX.format(f"<tu>{tuv('it', INLINE)}{tuv('no', 'ja')}</tu>"),
            [("it", "<b>sì", "nb", "ja")],
        ),
        (
            Format.XLIFF,
            XLIFF.format(
                "<trans-unit id='1' approved='yes'><source>sì</source><target>igen</target></trans-unit>"
                "<group><trans-unit id='2'><source>no</source><target state='final'>nem</target></trans-unit></group>"
                "<trans-unit id='3'><source>forse</source><target>talán</target></trans-unit>"
                "<trans-unit id='4' approved='yes'><source>mai</source></trans-unit>"
            ),
            [("it", "sì", "hu", "igen"), ("it", "no", "hu", "nem")],
        ),
    ):
        with cell(written, content[:40]):
            units = read(content.encode(), written)
            assert [(*one.source, *one.target) for one in units] == expected
    places = (
        "<trans-unit id='1' approved='yes'><source>Il <x id='1' equiv-text='{nome}'/> <g id='2'>sì</g><bx id='3'/></source>"
        "<target>A <x id='1' equiv-text='{nome}'/> <g id='2'>igen</g><bx id='3'/></target></trans-unit>"
    )
    assert read(XLIFF.format(places).encode(), Format.XLIFF) == [Unit(("it", "Il {nome} sì"), ("hu", "A {nome} igen"))]
    utf16 = '<?xml version="1.0" encoding="UTF-16"?>' + TMX.format(f"<tu>{tuv('it', 'sì')}{tuv('hu', 'igen')}</tu>")
    assert len(read(utf16.encode("utf-16"), Format.TMX)) == 1


def test_a_file_that_does_not_fit_is_refused_with_everything_that_is_wrong() -> None:
    both = tuv("it", "sì") + tuv("hu", "igen")
    for written, content, reason, said in (
        (Format.TMX, "", "FAULTY_FILE", "no well-formed XML"),
        (Format.TMX, "<tmx>", "FAULTY_FILE", "no well-formed XML"),
        (Format.TMX, "<a/>", "FAULTY_FILE", "no TMX"),
        (Format.XLIFF, "<a/>", "FAULTY_FILE", "no XLIFF 1.2"),
        (Format.XLIFF, XLIFF.format("").replace('"1.2"', '"2.0"'), "FAULTY_FILE", "no XLIFF 1.2"),
        (Format.XLIFF, XLIFF.format("").replace("hu-HU", "ru"), "FAULTY_FILE", "two languages"),
        (Format.XLIFF, XLIFF.format(""), "EMPTY", "no finished translation"),
        (Format.TMX, TMX.format(""), "EMPTY", "no finished translation"),
        (
            Format.TMX,
            TMX.format(f"<tu>{both}</tu><tu>{tuv('it', 'no')}</tu>"),
            "FAULTY_FILE",
            "unit 2 has no two languages",
        ),
        (Format.TMX, TMX.format(f"<tu>{both}{tuv('ru', 'да')}</tu>"), "FAULTY_FILE", "unit 1 has a language"),
        (Format.TMX, TMX.format(f"<tu>{tuv('it', ' ')}{tuv('hu', 'igen')}</tu>"), "FAULTY_FILE", "empty text"),
        (Format.TMX, TMX.format(f"<tu>{tuv('it', 'a')}{tuv('it', 'b')}</tu>"), "FAULTY_FILE", "same language twice"),
        (Format.TMX, TMX.format(f"<tu>{both}</tu>" * (UNITS_LIMIT + 1)), "TOO_MANY", "at most"),
        (Format.TMX, "x" * (2 * 1024 * 1024 + 1), "TOO_LONG", "at most"),
        (
            Format.TMX,
            '<!DOCTYPE tmx [<!ENTITY a "b">]>' + TMX.format(f"<tu>{both}</tu>"),
            "FAULTY_FILE",
            "declares entities",
        ),
        (
            Format.TMX,
            '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/hostname">]>' + TMX.format(f"<tu>{tuv('it', '&a;')}</tu>"),
            "FAULTY_FILE",
            "declares entities",
        ),
        # Without what they stand for, the text would be another one.
        (
            Format.TMX,
            '<!DOCTYPE tmx SYSTEM "tmx14.dtd">' + TMX.format(f"<tu>{tuv('it', 'a &deg; b')}{tuv('hu', 'c')}</tu>"),
            "FAULTY_FILE",
            "what &deg; is",
        ),
        (
            Format.TMX,
            TMX.format(f"<tu>{tuv('it', 'Il <ph/> qui')}{tuv('hu', 'A <ph/> itt')}</tu>"),
            "FAULTY_FILE",
            "unit 1 has a <ph/>",
        ),
    ):
        with cell(reason, said):
            with pytest.raises(Invalid) as refused:
                read(content.encode(), written)
            assert (refused.value.field, refused.value.reason) == ("content", reason)
            assert said in refused.value.message
    many = TMX.format(f"<tu>{tuv('it', 'a')}</tu>" * (FAULTS_SHOWN + 3))
    with pytest.raises(Invalid) as refused:
        read(many.encode(), Format.TMX)
    assert "and 3 more" in refused.value.message


@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_refused(content: bytes) -> None:
    for written in Format:
        with pytest.raises(Invalid):
            read(content, written)
