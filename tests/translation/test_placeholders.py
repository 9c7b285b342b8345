"""What must come through a translation as it is comes through, or the translation does not count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.placeholders import Lost, Marks, protect, protected_parts, restore
from tests.cells import cell

LEGAL = (
    'See <a href="/x">Art. 5(1)(a)</a> of Directive 2005/36/EC and Regulation (EU) No 1024/2012, '
    "https://eur-lex.europa.eu/eli/reg/2012/1024. Pay EUR 1.250,50 by 12/05/2024 or 2024-06-01 to {name} ({{iban}}), a.b@imi.example."
)
PARTS = [
    '<a href="/x">',
    "5(1)(a)",
    "</a>",
    "2005/36/EC",
    "(EU) No 1024/2012",
    "https://eur-lex.europa.eu/eli/reg/2012/1024",
    "EUR 1.250,50",
    "12/05/2024",
    "2024-06-01",
    "{name}",
    "{{iban}}",
    "a.b@imi.example",
]

# Texts as people write them, with what looks like our marks, markup, acts and amounts in between.
pieces = st.sampled_from(
    ["⟦0⟧", "⟦", "⟧", "⟦12", '<x id="0"/>', "<x>", "</x>", "<", ">", "&", "&lt;", "&amp;lt;", "{", "{a}", "%s", *PARTS]
)
texts = st.lists(pieces | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12).map("".join)


def test_each_kind_of_part_is_protected_without_the_space_around_it() -> None:
    assert list(protected_parts(LEGAL)) == PARTS


@given(texts, st.sampled_from(Marks))
def test_a_text_that_comes_back_as_it_went_is_the_text(text: str, marks: Marks) -> None:
    protected = protect(text, marks)
    assert restore(protected, protected.text) == text


@given(texts, st.sampled_from(Marks), st.data())
def test_a_mark_that_is_missing_or_there_twice_or_invented_is_found(
    text: str, marks: Marks, data: st.DataObject
) -> None:
    protected = protect(f"{{kept}} {text}", marks)
    number = data.draw(st.integers(0, len(protected.parts) - 1))
    written = {Marks.BRACKETS: "⟦{}⟧", Marks.ELEMENTS: '<x id="{}"/>'}[marks]
    mark = written.format(number)
    for damaged in (
        protected.text.replace(mark, "", 1),
        protected.text + mark,
        protected.text + written.format(len(protected.parts)),
    ):
        with pytest.raises(Lost):
            restore(protected, damaged)


def test_marks_come_back_in_the_ways_that_engines_write_them() -> None:
    for marks, forms in (
        (Marks.BRACKETS, ["⟦0⟧", "⟦ 0 ⟧", "⟦0 ⟧"]),
        (
            Marks.ELEMENTS,
            ['<x id="0"/>', '<x id="0" />', '<x id="0"></x>', "<x id='0'/>", "<X id=0 >", '< x id = "0" />'],
        ),
    ):
        protected = protect("Il {nome} è qui.", marks)
        for form in forms:
            with cell(marks, form):
                assert restore(protected, f"Itt van {form}.") == "Itt van {nome}."


def test_half_a_mark_is_no_mark() -> None:
    for marks, broken in (
        (Marks.BRACKETS, "⟦0 Itt."),
        (Marks.ELEMENTS, "<x Itt."),
        (Marks.ELEMENTS, '<x id="0"/> </x>'),
    ):
        with cell(broken), pytest.raises(Lost):
            restore(protect("{nome} qui.", marks), broken)


def test_markup_of_an_engine_reads_markup_in_a_text_as_text() -> None:
    protected = protect("a < b & c > d &amp; {x}", Marks.ELEMENTS)
    assert protected.text == 'a &lt; b &amp; c &gt; d <x id="0"/> <x id="1"/>'
    assert restore(protected, 'd &gt; c &amp; b &lt; a <x id="1"/> <x id="0"/> &#39;') == "d > c & b < a {x} &amp; '"


def test_a_text_that_is_made_to_be_hard_to_look_through_is_looked_through_once() -> None:
    """If every place were looked at from every other, this would take hours."""
    for piece in ("a", "a.", "a@", "1", "1.", "1,", "1..", "1 ", "{", "<a", "&a", "%(", "(EU) ", "http:", "€1.", "⟦"):
        with cell(piece):
            assert len(protect(piece * 100_000, Marks.BRACKETS).text) > 0


def test_addresses_and_amounts_are_parts_wherever_they_stand() -> None:
    for text, expected in (
        ("a.b+c@imi.example, a@b.", ["a.b+c@imi.example"]),
        ("(x@y.example)", ["x@y.example"]),
        ("x@y@z.example", ["y@z.example"]),
        ("1.234,50 EUR e 5 €; 1\u00a0000 EUR", ["1.234,50 EUR", "5 €", "1\u00a0000 EUR"]),
        ("12 EUR, 7,5€.", ["12 EUR", "7,5€"]),
        ("1.234 5", []),
    ):
        with cell(text):
            assert list(protected_parts(text)) == expected


def test_a_text_of_parts_alone_has_nothing_to_translate() -> None:
    for text, is_all in (("12/05/2024 {x} https://a.example", True), ("12/05/2024: sì", False), ("⟦0⟧", True)):
        for marks in Marks:
            with cell(text, marks):
                assert protect(text, marks).is_all_marks is is_all
