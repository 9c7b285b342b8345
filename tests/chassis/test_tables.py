"""Workbooks are read as a spreadsheet shows them and written so that nothing in them is calculated; what is no workbook is refused."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.tables import workbooks_read
from chassis.tables.rows import ROW_BYTES_MAX, Cell, Kind, Row, Table
from chassis.tables.workbooks_read import Workbook
from chassis.tables.xlsx_files import XlsxReader, XlsxWriter
from vocabulary.refusals import Invalid

COLUMNS = {"name": Kind.TEXT, "languages": Kind.WORDS, "entry.id": Kind.TEXT}
TABLE = Table(COLUMNS, described="docs/repositories.md")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def a_workbook(
    sheet: str, *, shared: Sequence[str] = (), formats: str = "", styles: Sequence[int] = (), properties: str = ""
) -> bytes:
    """A workbook as a spreadsheet writes it, with *sheet* inside of its data."""
    kinds = "".join(f"<xf numFmtId='{one}'/>" for one in (0, *styles))
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>'
        '<sheet name="One" sheetId="3" r:id="rId7"/><sheet name="Two" sheetId="4" r:id="rId8"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<Relationships>"
        '<Relationship Id="rId8" Target="worksheets/second.xml"/>'
        '<Relationship Id="rId7" Target="/xl/worksheets/first.xml"/></Relationships>',
        "xl/worksheets/first.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
        "xl/worksheets/second.xml": "<worksheet/>",
        "xl/sharedStrings.xml": f"<sst>{''.join(f'<si>{one}</si>' for one in shared)}</sst>",
        "xl/styles.xml": f"<styleSheet><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
        f"<cellXfs>{kinds}</cellXfs></styleSheet>",
    }
    return zipped(parts)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def shown(content: bytes) -> list[tuple[int, Sequence[str | None]]]:
    workbook = Workbook()
    for start in range(0, len(content), 1000):
        workbook.feed(content[start : start + 1000])
    return list(workbook.rows())


def read(content: bytes) -> list[Row]:
    reader = XlsxReader(TABLE)
    return [*reader.feed(content), *reader.end()]


def written(rows: Iterable[Mapping[str, Cell]]) -> bytes:
    writer = XlsxWriter(TABLE)
    return b"".join([writer.begin(), *map(writer.row, rows), writer.end()])


def test_cells_say_what_a_spreadsheet_shows() -> None:
    sheet = """
      <row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" t="inlineStr"><is><t> in </t><t>line</t></is></c></row>
      <row r="5"><c t="s"><v>1</v></c><c><v>12.50</v></c><c><v>1E+3</v></c><c><v>0.30000000000000004</v></c><c t="b"><v>1</v></c>
        <c t="e"><v>#REF!</v></c><c t="str"><f>A1&amp;"!"</f><v>came to</v></c><c s="1"><v>46350.75</v></c><c s="2"><v>46350</v></c>
        <c s="3"><v>46350</v></c><c t="d"><v>2026-11-24T00:00:00</v></c><c/></row>
      <row r="6"><c r="AB6"><v>7</v></c></row><row r="7"/>"""
    shared = ["<t>first</t>", "<r><t>rich </t></r><r><t>text</t></r><rPh><t>not this</t></rPh>"]
    formats = '<numFmt numFmtId="164" formatCode="dd/mm/yyyy"/><numFmt numFmtId="165" formatCode="[Red]0.0&quot; days&quot;"/>'
    found = shown(a_workbook(sheet, shared=shared, formats=formats, styles=(14, 164, 165)))
    assert found == [
        (2, ["first", "", " in line"]),
        (5, ["rich text", "12.5", "1000", "0.3", "TRUE", None, "came to", *["2026-11-24"] * 2, "46350", "2026-11-24"]),
        (6, [*[""] * 27, "7"]),
    ]


def test_days_count_from_1904_where_the_workbook_says_so() -> None:
    content = a_workbook('<row><c s="1"><v>44888</v></c></row>', styles=(14,), properties='<workbookPr date1904="1"/>')
    assert shown(content) == [(1, ["2026-11-24"])]


def test_a_day_after_a_number_of_days_that_nobody_could_write_out_is_not_looked_for() -> None:
    content = a_workbook('<row><c s="1"><v>1E999999999</v></c></row>', styles=(14,))
    assert shown(content) == [(1, ["1E999999999"])]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=12
)
FORMULAS = st.sampled_from(["=1+1", "+49 30", "-1", "@SUM(A1)", "'=x", '=HYPERLINK("http://x")', "<b>&amp;</b>"])
KEPT = st.fixed_dictionaries(
    {
        "name": TEXTS.map(str.strip) | FORMULAS,
        "languages": st.lists(st.sampled_from(["it", "en"]), max_size=2).map(tuple),
        "entry.id": TEXTS.map(str.strip).filter(bool),
    }
)


@settings(max_examples=40)
@given(st.lists(KEPT, max_size=4))
def test_what_is_written_is_read_as_it_was_and_is_text_in_every_cell(kept: list[dict[str, Cell]]) -> None:
    content = written(kept)
    guarded = [{**row, "name": str(row["name"]).removeprefix("'")} if _is_guarded(row) else row for row in kept]
    assert [dict(row.cells) for row in read(content)] == guarded
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert sheet.count("<c ") == sheet.count('t="inlineStr"')


def _is_guarded(row: Mapping[str, Cell]) -> bool:
    return str(row["name"]).startswith("'") and str(row["name"]).lstrip("'")[:1] in set("=+-@＝＋－＠")


def test_rows_are_numbered_below_the_names_and_one_that_cannot_be_read_is_alone() -> None:
    long = "x" * (ROW_BYTES_MAX + 1)
    sheet = (
        '<row r="3"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        '<row r="4"><c t="e"><v>#N/A</v></c></row>'
        '<row r="6"><c t="s"><v>2</v></c></row>'
        '<row r="7"><c/><c/><c><v>1</v></c></row>'
        f'<row r="8"><c t="inlineStr"><is><t>{long}</t></is></c></row>'
    )
    rows = read(a_workbook(sheet, shared=["<t>Name</t>", "<t>languages</t>", "<t>Albo</t>"]))
    assert [(row.number, row.line, row.fault and (row.fault.field, row.fault.reason)) for row in rows] == [
        (1, 4, ("name", "CELL_ERROR")),
        (3, 6, None),
        (4, 7, ("", "TOO_MANY_CELLS")),
        (5, 8, ("", "ROW_TOO_LONG")),
    ]
    assert rows[1].cells == {"name": "Albo", "languages": ()}


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
GOOD = a_workbook('<row><c t="inlineStr"><is><t>name</t></is></c></row>')
REFUSED = {
    "no archive": (b"PK nothing", "WORKBOOK"),
    "nothing": (b"", "WORKBOOK"),
    "half of one": (GOOD[: len(GOOD) // 2], "WORKBOOK"),
    "another archive": (zipped({"a.txt": "a"}), "WORKBOOK"),
    "entities": (
        a_workbook("").replace(b"", b"") and zipped({"xl/workbook.xml": ENTITIES + "<workbook/>"}),
        "WORKBOOK",
    ),
    "no XML": (zipped({"xl/workbook.xml": "<workbook>"}), "WORKBOOK"),
    "no sheet": (zipped({"xl/workbook.xml": "<workbook/>", "xl/_rels/workbook.xml.rels": "<x/>"}), "WORKBOOK"),
    "a string that is not there": (a_workbook('<row><c t="s"><v>9</v></c></row>'), "WORKBOOK"),
    "a number that is none": (a_workbook("<row><c><v>twelve</v></c></row>"), "WORKBOOK"),
    "a cell in no column": (a_workbook('<row><c r="9"><v>1</v></c></row>'), "WORKBOOK"),
    "a row before the first": (a_workbook('<row r="-4"><c><v>1</v></c></row>'), "WORKBOOK"),
    "empty": (a_workbook(""), "EMPTY"),
    "another column": (a_workbook('<row><c t="inlineStr"><is><t>nmae</t></is></c></row>'), "UNKNOWN_COLUMN"),
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_what_cannot_be_read_is_refused(what: str) -> None:
    content, reason = REFUSED[what]
    with pytest.raises(Invalid) as refused:
        read(content)
    assert refused.value.reason == reason


def test_what_unpacks_to_more_than_is_allowed_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks_read, "UNPACKED_BYTES_MAX", 100_000)
    with pytest.raises(Invalid) as refused:
        read(a_workbook("<row/>" * 50_000))
    assert refused.value.reason == "FILE_TOO_LARGE"
    monkeypatch.undo()
    monkeypatch.setattr(workbooks_read, "SHARED_BYTES_MAX", 100)
    with pytest.raises(Invalid) as refused:
        read(a_workbook("", shared=["<t>0123456789</t>"] * 20))
    assert refused.value.reason == "FILE_TOO_LARGE"
    monkeypatch.undo()
    monkeypatch.setattr(workbooks_read, "ELEMENTS_MAX", 1_000)
    for much in (a_workbook("<row/>" * 1_000), a_workbook("", shared=[""] * 1_000)):
        with pytest.raises(Invalid) as refused:
            read(much)
        assert (refused.value.reason, refused.value.field) == ("FILE_TOO_LARGE", "file")


@settings(max_examples=60)
@given(st.binary(max_size=40), st.integers(0, len(GOOD)))
def test_whatever_comes_is_read_or_refused(junk: bytes, at: int) -> None:
    try:
        read(GOOD[:at] + junk + GOOD[at + len(junk) :])
    except Invalid:
        return
