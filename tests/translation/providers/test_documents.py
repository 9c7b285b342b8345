"""Texts that travel as one document come back as texts, or it is said which did not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.providers.documents import document, texts_of
from services.translation.providers.port import Rejected, Rendered


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t<&"), max_size=80),
        min_size=1,
        max_size=8,
    )
)
def test_texts_come_out_of_their_document_as_they_went_in_but_for_space(texts: list[str]) -> None:
    outcomes = texts_of(document(texts, "it"))
    assert [outcome.text for outcome in outcomes if isinstance(outcome, Rendered)] == [
        "\n".join(" ".join(line.split()) for line in text.split("\n")) for text in texts
    ]


@given(st.text(max_size=200))
def test_no_document_makes_the_reader_fail(anything: str) -> None:
    for text in (anything, document([anything], "it")[: len(anything) + 120]):
        try:
            assert texts_of(text)
        except Rejected:
            continue


def test_a_forged_document_costs_no_memory() -> None:
    [outcome] = texts_of('<p id="t0.1.0.99999.1">a</p>')
    assert isinstance(outcome, Rendered)
    assert len(outcome.text) <= 10_000
    [outcome] = texts_of('<p id="t0.1.99999.99999.1">a</p>')
    assert isinstance(outcome, Rejected)
    with pytest.raises(Rejected):
        texts_of('<p id="t0.99999.0.1.1">a</p>')


def test_what_an_engine_puts_around_and_into_paragraphs_is_not_text() -> None:
    told = (
        document(["Uno due.", "Tre."], "it").replace("Uno due", "<b>Uno</b><br>d&uuml;e").replace("</p>", "<i></i></P>")
    )
    assert texts_of(told.replace("<body>", "<body><p>Notice</p><!-- t0.1.0.1.1 -->")) == [
        Rendered(text="Uno düe."),
        Rendered(text="Tre."),
    ]
