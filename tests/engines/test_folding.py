"""What people leave out when they type makes no difference: not to a search engine, whose tolerance for slips would hide it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.search.folding import fold, words

# Each of the letters in which the languages of the system are written.
LETTERS = (
    "abcdefghijklmnopqrstuvwxyzáàâäãåāăąæćčçďđéèêëėęēěðģğíìîïįīıķłľĺļñńňņóòôöõőøœŕřśšșßťțúùûüůűųūýÿźžżþħġċŋ"
    "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώϊϋΐΰςабвгдежзийклмнопрстуфхцчшщъьюя"
)


@pytest.mark.parametrize(
    "spellings",
    [
        ("Ärztekammer", "ÄRZTEKAMMER", "arztekammer"),
        ("ιατρός", "ΙΑΤΡΟΣ", "ΙΑΤΡΌΣ", "ιατρος", "ιατροσ", "Ιατρόσ"),
        ("зъболекар", "ЗЪБОЛЕКАР", "зъболе\u0301кар"),
        ("Łódź", "LODZ"),
        ("Straße", "STRASSE", "strasse"),
        ("þjónusta", "Thjonusta"),
        ("Ħal Għargħur", "hal ghargħur", "HAL GHARGHUR"),
    ],
)
def test_all_spellings_of_a_word_are_one(spellings: tuple[str, ...]) -> None:
    written = [*spellings, *(unicodedata.normalize(form, one) for one in spellings for form in ("NFC", "NFD"))]
    assert len({fold(one) for one in written}) == 1


@given(st.text(st.sampled_from(LETTERS), max_size=30))
def test_neither_case_nor_how_letters_are_composed_says_anything(text: str) -> None:
    folded = fold(text)
    assert fold(text.upper()) == fold(unicodedata.normalize("NFD", text)) == fold(folded) == folded
    assert words(text.upper()) == words(text)
