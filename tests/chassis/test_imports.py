"""A file that comes in pieces is the same file, however it is cut."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.imports import LINE_BYTES_MAX, Incoming, Lines, parsed
from chassis.tables.csv_files import CsvReader
from chassis.tables.csv_records import CELLS_MAX
from chassis.tables.json_lines import JsonReader
from chassis.tables.rows import Kind, Row, Table
from tests.cells import cell
from vocabulary.refusals import Invalid


def lines_of(*chunks: bytes) -> list[tuple[int, bytes | None]]:
    reader = Lines()
    return [line for chunk in chunks for line in reader.feed(chunk)] + list(reader.end())


@given(st.lists(st.sampled_from([b"", b"a", b" ", b"\r", "\u00e9".encode(), b"\n", b"\xef\xbb\xbf"])), st.data())
def test_lines_are_the_same_however_the_file_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    chunks = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    expected = [
        (number, line)
        for number, line in enumerate(whole.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1)
        if line.strip()
    ]
    assert lines_of(*chunks) == lines_of(whole) == expected


def test_a_line_that_is_too_long_is_told_and_the_next_one_is_read() -> None:
    half = b"x" * (LINE_BYTES_MAX // 2 + 1)
    assert lines_of(half, half, b"y\nz") == [(1, None), (2, b"z")]
    assert lines_of(b"x" * LINE_BYTES_MAX + b"\nz") == [(1, b"x" * LINE_BYTES_MAX), (2, b"z")]


def test_there_are_so_many_at_the_most_and_the_rest_is_told_of() -> None:
    incoming = Incoming(Lines(), most=2, called="lines", reason="TOO_MANY_LINES")
    assert [number for number, _ in incoming.feed(b"a\nb\n")] == [1, 2]
    incoming.check()
    assert list(incoming.feed(b"c\n")) == []
    with pytest.raises(Invalid, match="at most 2 lines") as refused:
        incoming.check()
    assert (refused.value.field, refused.value.reason) == ("file", "TOO_MANY_LINES")
    assert incoming.bytes == 6


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": Infinity}', "[" * 100_000, "1" * 5_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(text)
    assert refused.value.reason == "JSON"


def test_a_key_that_is_there_twice_is_seen() -> None:
    assert parsed('{"a": 1, "a": [2]}') == (("a", 1), ("a", [2]))


BODIES: dict[str, tuple[type[CsvReader | JsonReader], bytes, str]] = {
    "blank lines": (CsvReader, b"\n", "TOO_MANY_LINES"),
    "blank lines of JSON": (JsonReader, b"\n", "TOO_MANY_LINES"),
    "rows": (CsvReader, b"x,y\n", "TOO_MANY_ROWS"),
    "rows that end as they did on old machines": (CsvReader, b"x,y\r", "TOO_MANY_ROWS"),
    "rows that cannot be read": (CsvReader, b'"x"y\n', "TOO_MANY_ROWS"),
    "objects": (JsonReader, b"{}\n", "TOO_MANY_ROWS"),
}


def test_a_file_of_nearly_nothing_many_times_is_given_up_at_its_limit_and_not_read_to_its_end() -> None:
    table = Table({"a": Kind.TEXT, "b": Kind.TEXT}, "the documentation")
    for what, (reader, line, reason) in BODIES.items():
        counting = _Counting(reader(table))
        incoming = Incoming(counting, most=1_000, called="rows", reason="TOO_MANY_ROWS")
        chunks = [b"a,b\n" if reader is CsvReader else b"", *[line * (16_384 // len(line))] * 1_000]
        with cell(what), pytest.raises(Invalid) as refused:
            _read(incoming, chunks)
        assert refused.value.reason == reason
        assert counting.fed < 10


def _read(incoming: Incoming[Row], chunks: list[bytes]) -> None:
    for chunk in chunks:
        list(incoming.feed(chunk))
    incoming.check()


class _Counting:
    """Counts the chunks that a reader is fed."""

    def __init__(self, reader: CsvReader | JsonReader) -> None:
        self._reader = reader
        self.fed = 0

    def feed(self, chunk: bytes) -> Iterator[Row]:
        self.fed += 1
        return self._reader.feed(chunk)

    def end(self) -> Iterator[Row]:
        return self._reader.end()


def test_a_row_of_more_cells_than_any_table_has_columns_is_refused_alone() -> None:
    reader = CsvReader(Table({"a": Kind.TEXT, "b": Kind.TEXT}, "the documentation"))
    content = b"a,b\n1,2\n" + b"," * CELLS_MAX + b"\n3,4\n"
    rows = [row for start in range(0, len(content), 100) for row in reader.feed(content[start : start + 100])]
    assert [(row.line, row.fault and row.fault.reason) for row in rows] == [(2, None), (3, "CSV"), (4, None)]
