"""Files are read as they are meant, however they are cut into chunks; what cannot be read is one row, and never the rest."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.tables import csv_records
from chassis.tables.csv_files import CsvReader, CsvWriter
from chassis.tables.csv_records import CsvRecords
from chassis.tables.json_lines import JsonReader, JsonWriter
from chassis.tables.rows import ROW_BYTES_MAX, Cell, Kind, Row, Table
from services.directory.bulk.columns import column, columns
from services.directory.reference import Reference
from vocabulary.refusals import Invalid

COLUMNS = {
    "external_id": Kind.TEXT,
    "town": Kind.TEXT,
    "languages": Kind.WORDS,
    "official_name.it": Kind.TEXT,
    "modules.services/alerts": Kind.WORDS,
}
TABLE = Table(COLUMNS, described="docs/bulk.md", key="external_id")
HEADER = b"external_id,town,languages\n"


def chunks(content: bytes, size: int) -> Iterable[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def read(reader: CsvReader | JsonReader, content: bytes, size: int = 1 << 20) -> list[Row]:
    return [row for chunk in chunks(content, size) for row in reader.feed(chunk)] + list(reader.end())


def of_csv(content: bytes, size: int = 1 << 20) -> list[Row]:
    return read(CsvReader(TABLE), content, size)


def of_json(*lines: Any, size: int = 1 << 20) -> list[Row]:
    texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return read(JsonReader(TABLE), b"\n".join(texts), size)


def faults(rows: Iterable[Row]) -> list[tuple[int, int, str, str]]:
    return [(row.number, row.line, row.fault.reason, row.fault.field) for row in rows if row.fault]


def cells(rows: Iterable[Row]) -> list[Mapping[str, Cell]]:
    rows = list(rows)
    assert not faults(rows)
    return [row.cells for row in rows]


TABLES = st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=2), max_size=6)


@given(
    table=TABLES, size=st.integers(1, 40), separator=st.sampled_from([",", ";"]), end=st.sampled_from(["\n", "\r\n"])
)
def test_records_are_what_another_writer_wrote(table: list[list[str]], size: int, separator: str, end: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *table])
    content = written.getvalue().encode()
    records = CsvRecords()
    found = [record for chunk in chunks(content, size) for record in records.feed(chunk)] + list(records.end())
    assert [[cell.decode() for cell in record.cells] for record in found] == [["a", "b"], *table]
    lines = [1]
    for row in [["a", "b"], *table]:
        text = "".join(row)
        lines.append(lines[-1] + 1 + text.count("\n") + text.count("\r") - sum(cell.count("\r\n") for cell in row))
    assert [record.line for record in found] == lines[:-1]


PIECES = st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"x", b" ", b"\xc3\xa9", b"\0", b"xxxxx"]), max_size=60)


@given(content=st.binary(max_size=200) | PIECES.map(b"".join), sizes=st.integers(1, 50))
def test_whatever_comes_and_however_it_is_cut_the_rows_are_the_same(content: bytes, sizes: int) -> None:
    whole, pieces = of_csv(HEADER + content), of_csv(HEADER + content, sizes)
    assert [(row.number, row.line, row.cells) for row in whole] == [(row.number, row.line, row.cells) for row in pieces]
    assert faults(whole) == faults(pieces)
    lines = content.split(b"\n")
    assert [row.cells for row in of_json(*lines)] == [row.cells for row in of_json(*lines, size=sizes)]


@given(content=PIECES.map(b"".join), size=st.integers(1, 8))
def test_so_they_are_where_lines_are_too_long(content: bytes, size: int) -> None:
    with patch.object(csv_records, "ROW_BYTES_MAX", 12):
        whole, pieces = of_csv(b"external_id\n" + content), of_csv(b"external_id\n" + content, size)
    assert [(row.number, row.line, row.cells) for row in whole] == [(row.number, row.line, row.cells) for row in pieces]
    # Why a row is refused may differ: what is wrong behind its limit is seen only where it is there.
    assert [bool(row.fault) for row in whole] == [bool(row.fault) for row in pieces]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with the mark of UTF-8"])
@pytest.mark.parametrize("separator", [b",", b";"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_files_of_every_spreadsheet_are_read(mark: bytes, separator: bytes, end: bytes) -> None:
    content = b'external_id,Town ,languages\nK1,"Forl\xc3\xac",it en\nK2,,"it,en;fr"\n'
    if separator == b";":
        content = content.replace(b",", b";").replace(b"it;en;fr", b"it,en;fr")
    rows = of_csv(mark + content.replace(b"\n", end))
    assert cells(rows) == [
        {"external_id": "K1", "town": "Forlì", "languages": ("it", "en")},
        {"external_id": "K2", "town": "", "languages": ("it", "en", "fr")},
    ]
    assert [(row.number, row.line) for row in rows] == [(1, 2), (2, 3)]


def test_a_cell_may_have_lines_and_quotation_marks_and_the_line_of_a_row_is_where_it_begins() -> None:
    rows = of_csv(HEADER + b'K1,"Via ""Larga""\r\n3\n\nMilano",it\n\n,,\nK2,5" pipe,it')
    assert [row.text("town") for row in rows] == ['Via "Larga"\r\n3\n\nMilano', '5" pipe']
    assert [(row.number, row.line) for row in rows] == [(1, 2), (4, 8)], "blank rows are counted, as a spreadsheet does"


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (b"", "file", "EMPTY"),
        (b"\xef\xbb\xbf", "file", "EMPTY"),
        (b"external_id,wizardry\n", "wizardry", "UNKNOWN_COLUMN"),
        (b"external_id,official_name\n", "official_name", "UNKNOWN_COLUMN"),
        (b"external_id,official_name.tlh\n", "official_name.tlh", "UNKNOWN_COLUMN"),
        (b"external_id,town,\n", "", "UNKNOWN_COLUMN"),
        (b"external_id,town,TOWN\n", "town", "REPEATED"),
        (b"town,languages\n", "external_id", "MISSING_COLUMN"),
        (b"external_id|town\n", "external_id|town", "UNKNOWN_COLUMN"),
        ("external_id,town\n".encode("utf-16"), "file", "ENCODING"),
        ("external_id,town\n".encode("utf-16-le"), "e\0x\0t\0e\0r\0n\0a\0l\0_\0i\0d\0", "UNKNOWN_COLUMN"),
        (b"external_id,citt\xe0\n", "file", "ENCODING"),
        (b'"external_id,town\n', "file", "CSV"),
        (b'"external_id"x,town\n', "file", "CSV"),
        (b"external_id," + b"x" * ROW_BYTES_MAX, "file", "CSV"),
    ],
)
def test_a_file_without_the_right_columns_is_refused_by_the_name_of_the_column(
    content: bytes, field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        of_csv(content)
    assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (b"K2,Roma", "TOO_FEW_CELLS", ""),
        (b"K2,Roma,it,", "TOO_MANY_CELLS", ""),
        (b"K2,Forl\xec,it", "ENCODING", "town"),
        (b"K2,Ro\0ma,it", "CONTROL_CHARACTER", "town"),
        (b"K2,Ro\x1bma,it", "CONTROL_CHARACTER", "town"),
        (b"K2,Roma,i\x07t", "CONTROL_CHARACTER", "languages"),
        (b'K2,"Roma"x,it', "CSV", ""),
        (b'K2,"Roma,it', "CSV", ""),
        (b"K2," + b"x" * ROW_BYTES_MAX + b",it", "ROW_TOO_LONG", ""),
    ],
)
@pytest.mark.parametrize("size", [7, 64 * 1024], ids=["small chunks", "large chunks"])
def test_a_row_that_cannot_be_read_is_refused_alone(row: bytes, reason: str, field: str, size: int) -> None:
    if size == 7 and len(row) > 1000:
        size = 4096
    rows = of_csv(HEADER + b"K1,Roma,it\n" + row + b"\nK3,Roma,it\nK4,Roma,it\n", size)
    assert faults(rows) == [(2, 3, reason, field)]
    assert [row.text("external_id") for row in rows] == ["K1", "", "K3", "K4"]


@pytest.mark.parametrize("size", [4096, 1 << 20], ids=["small chunks", "large chunks"])
def test_a_long_row_of_short_lines_is_given_up_at_its_first_and_the_rows_after_it_are_read(size: int) -> None:
    lines = ROW_BYTES_MAX // 5
    long = b'K2,"' + b"Roma\n" * lines + b'",it\n'
    rows = of_csv(HEADER + b"K1,Roma,it\n" + long + b"K3,Roma,it\n", size)
    first, *others = faults(rows)
    assert first == (2, 3, "ROW_TOO_LONG", "")
    assert {(reason, field) for _, _, reason, field in others} <= {("TOO_FEW_CELLS", ""), ("CSV", "")}
    assert (rows[-1].number, rows[-1].line, rows[-1].text("external_id")) == (lines + 3, lines + 4, "K3")


def test_a_cell_of_ten_thousand_letters_is_read_and_left_to_the_rules() -> None:
    (row,) = of_csv(HEADER + b"K1," + b"x" * 10_000 + b",it")
    assert len(row.text("town")) == 10_000


FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://x.example","y")',
    "+39 06 1",
    "-1",
    "@SUM(A1)",
    "＝1+1",
    "'=1",
    "''+1",
    "=",
    "'",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_a_text_and_leaves_so_that_no_spreadsheet_calculates_it(text: str) -> None:
    quoted = text.replace('"', '""')
    (row,) = of_csv(HEADER + f'K1,"{quoted}",it'.encode())
    if not text.startswith("'") or text == "'":
        assert row.text("town") == text
    writer = CsvWriter(TABLE, ";")
    content = writer.begin() + writer.row({"external_id": "K1", "town": text})
    (written,) = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))[1:]
    assert not written[1].startswith(("=", "+", "-", "@", "＝"))
    assert [row.text("town") for row in of_csv(content)] == [text]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12).map(str.strip)
WORDS = st.lists(st.sampled_from(["it", "en", "fr"]), max_size=3).map(tuple)
KEPT = st.fixed_dictionaries(
    {
        "external_id": TEXTS.filter(bool),
        "town": TEXTS | st.sampled_from(FORMULAS) | st.just("a\nb"),
        "languages": WORDS,
        "official_name.it": TEXTS,
        "modules.services/alerts": WORDS,
    }
)


@given(kept=st.lists(KEPT, max_size=4), size=st.integers(1, 60), separator=st.sampled_from([",", ";"]))
def test_what_is_written_is_read_as_it_was(kept: list[dict[str, Cell]], size: int, separator: str) -> None:
    writer = CsvWriter(TABLE, separator)
    assert cells(of_csv(writer.begin() + b"".join(map(writer.row, kept)), size)) == kept
    lines = JsonWriter(TABLE)
    found = cells(read(JsonReader(TABLE), lines.begin() + b"".join(map(lines.row, kept)), size))
    # In several languages and modules, what is empty is not written.
    assert found == [{name: cell for name, cell in row.items() if cell or "." not in name} for row in kept]


def test_json_says_the_same_with_objects_and_lists() -> None:
    (row,) = of_json(
        {
            "external_id": "K1",
            "town": None,
            "languages": ["it", "en"],
            "official_name": {"it": " Ufficio "},
            "modules": {"services/alerts": "CA ALERT_AUTHORITY"},
        }
    )
    assert row.cells == {
        "external_id": "K1",
        "town": "",
        "languages": ("it", "en"),
        "official_name.it": "Ufficio",
        "modules.services/alerts": ("CA", "ALERT_AUTHORITY"),
    }


@pytest.mark.parametrize(
    ("line", "reason", "field"),
    [
        (b"wizardry", "JSON", ""),
        (b"[1]", "JSON", ""),
        (b'"K1"', "JSON", ""),
        (b"null", "JSON", ""),
        (b'{"town": NaN}', "JSON", ""),
        (b'{"town": "x"', "JSON", ""),
        (b"[" * 100_000, "JSON", ""),
        (b'{"town": ' + b"1" * 5_000 + b"}", "JSON", ""),
        (b'{"town": "Forl\xec"}', "ENCODING", ""),
        (b'{"wizardry": 1}', "UNKNOWN_COLUMN", "wizardry"),
        (b'{"official_name": "x"}', "UNKNOWN_COLUMN", "official_name"),
        (b'{"official_name": {"tlh": "x"}}', "UNKNOWN_COLUMN", "official_name.tlh"),
        (b'{"modules": {"services/wizardry": []}}', "UNKNOWN_COLUMN", "modules.services/wizardry"),
        (b'{"town": "x", "town": "y"}', "REPEATED", "town"),
        (b'{"official_name": {"it": "x"}, "official_name": {"it": "x"}}', "REPEATED", "official_name.it"),
        (b'{"town": 1}', "WRONG_TYPE", "town"),
        (b'{"town": ["x"]}', "WRONG_TYPE", "town"),
        (b'{"town": {"x": "y"}}', "WRONG_TYPE", "town"),
        (b'{"languages": [1]}', "WRONG_TYPE", "languages"),
        (b'{"languages": {"it": true}}', "WRONG_TYPE", "languages"),
        (b'{"town": "\\u0000"}', "CONTROL_CHARACTER", "town"),
        (b'{"town": "\\ud800"}', "NOT_TEXT", "town"),
        (b'{"town": "' + b"x" * ROW_BYTES_MAX + b'"}', "ROW_TOO_LONG", ""),
    ],
)
@pytest.mark.parametrize("size", [4096, 1 << 20], ids=["small chunks", "large chunks"])
def test_a_line_that_is_not_such_an_object_is_refused_alone(line: bytes, reason: str, field: str, size: int) -> None:
    rows = of_json({"external_id": "K1"}, b"", line, {"external_id": "K3"}, size=size)
    assert faults(rows) == [(3, 3, reason, field)]
    assert [row.text("external_id") for row in rows] == ["K1", "", "K3"]


def test_every_field_of_the_rules_is_called_by_its_column(reference: Reference) -> None:
    known = columns(reference)
    modules = ["services/alerts", "services/requests"]
    for field, wanted in {
        "authority.officialName.it": "official_name.it",
        "informalName.de": "informal_name.de",
        "description.mt": "description.mt",
        "contact.email": "email",
        "languages[3]": "languages",
        "authority.concepts[0]": "concepts",
        "access[1].workflowRoles[0]": "modules.services/requests",
        "authority.access[0]": "modules.services/alerts",
        "level": "level",
        "authority.region": "region",
        "authority.country": "country",
        "externalId": "external_id",
    }.items():
        assert column(field, modules) == wanted
        assert wanted in known
    assert column("authority.access", ()) == "modules"
    assert column("officialName", ()) == "official_name"


@pytest.mark.parametrize("separator", ["", "|", "\t", ",;"])
def test_cells_are_separated_by_commas_or_semicolons(separator: str) -> None:
    with pytest.raises(Invalid) as refused:
        CsvWriter(TABLE, separator)
    assert (refused.value.field, refused.value.reason) == ("separator", "SEPARATOR")


def test_the_documentation_has_every_column(reference: Reference) -> None:
    page = (Path(__file__).parents[2] / "docs/bulk.md").read_text(encoding="utf-8")
    missing = {name.partition(".")[0] for name in columns(reference)}
    missing -= {name.partition(".")[0] for name in re.findall(r"`([a-z_]+(?:\.[a-z/]+)?)`", page)}
    assert missing == set()


def test_the_example_of_the_documentation_has_the_line_it_shows() -> None:
    page = (Path(__file__).parents[2] / "docs/bulk.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith('{"external_id"'))
    known = Table(columns(Reference.load()), described="docs/bulk.md", key="external_id")
    (row,) = read(JsonReader(known), line.encode())
    assert row.fault is None
    assert row.cells["modules.services/requests"] == ("CA", "REQUEST_PARTNER")
