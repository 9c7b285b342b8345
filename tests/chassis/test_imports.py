"""A file that comes in pieces is the same file, however it is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.imports import LINE_BYTES_MAX, Incoming, Lines, parsed
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
