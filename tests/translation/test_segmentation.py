"""A text in sentences and pieces is still the text; and no sentence is cut in two."""

from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.segmentation import LONG, core, pieces, sentences
from tests.cells import cell
from vocabulary import languages

WHOLE = {
    "en": [
        "Art. 5(1) applies, e.g. in cases of No. 7.",
        "It entered into force on 3 May 2024.",
        "Is it valid?",
        "Yes!",
    ],
    "de": ["Nach Art. 5 Abs. 1 gilt dies z. B. am 3. Mai 2024.", "Der Antrag ist vollständig."],
    "fr": ["L’art. 5 s’applique.", "La demande est-elle complète ?", "Oui."],
    "cs": ["Podle čl. 5 odst. 1 se to použije.", "Dne 3. května 2024 bylo rozhodnuto."],
    "pl": ["Zgodnie z art. 5 ust. 1 pkt 2 lit. a wniosek jest ważny.", "Tak."],
    "fi": ["Hakemus hyväksyttiin 3. toukokuuta 2024.", "Päätös on lainvoimainen."],
    "hu": ["A döntés 2024. május 3-án született.", "Az oklevél hiteles."],
    "el": ["Είναι έγκυρο;", "Ναι, σύμφωνα με το άρθ. 5 παρ. 1.", "Τέλος."],
    "bg": ["Съгласно чл. 5 ал. 1 заявлението е валидно.", "Да."],
    "sv": ["Enligt art. 5 gäller detta t.ex. den 3 maj 2024.", "Beslutet är fattat."],
    "it": ["L’art. 5 e l’all. 2 si applicano.", "Il sig. Rossi ha risposto."],
    "mt": ["L-Art. 5 japplika.", "It-talba hija valida."],
}


def test_sentences_end_where_they_end() -> None:
    for language, expected in WHOLE.items():
        with cell(language):
            assert [one.strip() for one in sentences(" ".join(expected), language)] == expected


@given(st.text(max_size=1_200), st.sampled_from(languages.ALL), st.integers(1, 300))
def test_put_together_again_it_is_the_text(text: str, language: str, characters_max: int) -> None:
    assert "".join(sentences(text, language)) == text
    cut = pieces(text, language, characters_max)
    assert "".join(cut) == text
    assert all(len(piece) <= characters_max for piece in cut)
    for piece in cut:
        head, middle, tail = core(piece)
        assert head + middle + tail == piece
        assert middle == piece.strip()


def test_no_mark_is_cut_in_two_where_there_is_room_for_it() -> None:
    text = " ".join(f'di <x id="{number}"/> e' for number in range(40))
    for characters_max in range(20, 60):
        with cell(characters_max):
            cut = pieces(text, "it", characters_max)
            assert "".join(cut) == text
            assert sum(piece.count("<x id=") for piece in cut) == sum(piece.count("/>") for piece in cut) == 40
            assert all(piece.count("<x id=") == piece.count("/>") for piece in cut)


@given(st.text("ab.;: \n", min_size=1, max_size=200))
def test_no_sentence_is_empty(text: str) -> None:
    assert all(sentences(text, "en"))


def test_a_line_ends_a_sentence_and_a_long_one_ends_at_its_semicolons() -> None:
    assert sentences("Titolo\n\nIl testo", "it") == ["Titolo\n\n", "Il testo"]
    long = "a" * LONG + "; segue: fine"
    assert sentences(long, "it") == ["a" * LONG + "; ", "segue: ", "fine"]
    assert sentences("breve; segue", "it") == ["breve; segue"]


def test_a_text_that_is_made_to_be_hard_to_cut_is_looked_through_once() -> None:
    """If every place were looked at from every other, this would take hours."""
    for text in (
        "a" * 100_000 + ". A" * 50_000,
        "a. " * 100_000,
        '" ' * 100_000,
        "a" * 200_000 + ".)" * 100_000 + " A",
    ):
        with cell(text[-6:]):
            assert "".join(sentences(text, "it")) == text


def test_whole_sentences_go_together_as_far_as_they_fit() -> None:
    assert pieces("Uno due. Tre. Quattro.", "it", 15) == ["Uno due. Tre. ", "Quattro."]
    assert pieces("Uno due.", "it", 100) == ["Uno due."]
    assert pieces("abcdefgh ij", "it", 4) == ["abcd", "efgh", " ij"]
