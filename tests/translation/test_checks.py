"""What an engine gave is shown only if nothing speaks against it."""

import pytest

from services.translation.domain.checks import LOOP, Fault, fault, language_fault
from tests.cells import cell
from vocabulary import languages

SOURCE = "Il titolo n. 12 è stato rilasciato il 3 maggio 2024 (https://a.example/x)."
GOOD = "A 12. számú oklevelet 2024. május 3-án állították ki (https://a.example/x)."


def test_a_sound_translation_has_no_fault() -> None:
    for source, rendered in (
        (SOURCE, GOOD),
        ("Sì", "Igen"),
        ("12/05/2024", "12/05/2024"),
        ("sì sì sì sì sì", "igen igen igen igen igen"),
        ("{nome} è qui", "Itt van {nome}"),
    ):
        with cell(source):
            assert fault(source, rendered) is None


def test_each_fault_is_found() -> None:
    for rendered, expected in (
        ("", Fault.EMPTY),
        (" \n", Fault.EMPTY),
        (GOOD.replace("12", "21"), Fault.NUMBERS),
        (GOOD.replace("3-án", "harmadikán"), Fault.NUMBERS),
        (GOOD + " 7", Fault.NUMBERS),
        (GOOD.replace("https://a.example/x", "https://b.example/x"), Fault.PLACEHOLDERS),
        (GOOD + " https://a.example/x", Fault.LINKS),
        (SOURCE, Fault.UNCHANGED),
        (SOURCE.upper().replace("HTTPS://A.EXAMPLE/X", "https://a.example/x"), Fault.UNCHANGED),
        ("12 3 2024 https://a.example/x", Fault.LENGTH),
        (GOOD + " igen nem talán soha mindig" * 5, Fault.LENGTH),
        (GOOD + " jó" * LOOP, Fault.REPETITION),
        (GOOD + " az oklevél" * LOOP, Fault.REPETITION),
        (GOOD + "\x00", Fault.CONTROL_CHARACTERS),
        (GOOD + "\ud800", Fault.CONTROL_CHARACTERS),
        # Shown, it would read 21.
        (GOOD.replace("12", "\u202e12\u202c"), Fault.CONTROL_CHARACTERS),
        (GOOD.replace("12", "\u206712\u2069"), Fault.CONTROL_CHARACTERS),
        (GOOD + " www.b.example", Fault.LINKS),
        (GOOD + " <b>jó</b>", Fault.PLACEHOLDERS),
        (GOOD + " {nev}", Fault.PLACEHOLDERS),
        (GOOD + " a@b.example", Fault.LINKS),
    ):
        with cell(rendered, expected):
            assert fault(SOURCE, rendered) is expected


def test_a_number_stays_the_number_that_it_is() -> None:
    for source, rendered, expected in (
        ("Pagare 1.234,50 entro sera", "Estig 1 234,50 fizetendő", None),
        ("Pagare 1.234,50 entro sera", "Estig 1,234.50 fizetendő", None),
        ("I giorni 1,2,3 e poi basta", "Az 1., 2., 3. nap, semmi több", None),
        ("Il 12.5 per cento del valore", "Az érték 12,5 százaléka", None),
        ("Il 12.5 per cento del valore", "Az érték 5,12 százaléka", Fault.NUMBERS),
        ("Pagare 1.234,50 entro sera", "Estig 234.1,50 fizetendő", Fault.NUMBERS),
        ("Pagare 1.234,50 entro sera", "Estig 1.234 vagy 50 fizetendő", Fault.NUMBERS),
        ("Pagare 1.234,50 entro sera", "Estig 11.234,50 vagy 1.234.501", Fault.NUMBERS),
        ("Pagare 1.234,50 entro sera", "Estig 2. 1.234,50 fizetendő 1, 3", Fault.NUMBERS),
        ("Il 2 pagare 1.234,50 entro", "Estig, 2. 1.234,50 fizetendő", None),
        ("Alle 10:30 e poi basta", "10 h 30-kor, és utána semmi", None),
    ):
        with cell(source, rendered):
            assert fault(source, rendered) is expected


def test_a_text_that_is_made_to_be_hard_to_check_is_looked_through_once() -> None:
    """If every place were looked at from every other, this would take hours."""
    for piece in ("a", "a.", "1", "1.1 ", "www.", "a@"):
        with cell(piece):
            source = f"{piece * 20_000} ieri"
            assert fault(source, source.replace("ieri", "oggi")) in (None, Fault.REPETITION)
    numbers = " ".join(f"{number},{number} euro" for number in range(4_000))
    assert fault(numbers, numbers.replace("euro", "eurót")) is None


def test_directions_that_the_text_has_itself_may_stay() -> None:
    assert fault("\u2067Il titolo\u2069 è qui", "\u2067Az oklevél\u2069 itt van") is None
    assert fault("\u2067Il titolo\u2069 è qui", "Az oklevél itt van") is None


def test_a_short_text_has_no_long_translation() -> None:
    assert fault("Sì", "Igen, természetesen") is None
    assert fault("Sì", "igen nem talán soha mindig " * 8) is Fault.LENGTH


def test_a_lost_part_of_any_kind_is_found() -> None:
    for part in ("<b>", "{nome}", "2005/36/EC", "a@b.example", "5(1)", "EUR 10,50"):
        with cell(part):
            assert fault(f"Il {part} è valido ancora", f"A {part} továbbra is érvényes") is None
            assert fault(f"Il {part} è valido ancora", "A továbbra is érvényes") is Fault.PLACEHOLDERS


@pytest.mark.parametrize(("unknown", "expected"), [(0, None), (2, None), (3, Fault.UNKNOWN_WORDS)])
def test_an_engine_that_does_not_know_the_words_has_not_translated_them(unknown: int, expected: Fault | None) -> None:
    assert fault("Il titolo è stato rilasciato ieri.", "Az oklevelet tegnap adták ki.", unknown=unknown) is expected


def test_a_translation_is_in_its_language_or_in_one_that_looks_like_it() -> None:
    for target in languages.ALL:
        assert language_fault("", target) is None
        assert language_fault(target, target) is None
    assert language_fault("it", "hu") is Fault.LANGUAGE
    assert language_fault("da", "nb") is None
    assert language_fault("sk", "cs") is None
    assert language_fault("cs", "hr") is Fault.LANGUAGE
