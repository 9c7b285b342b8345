"""A name is recognized in the spellings of 30 countries, and two names stay two."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.hints.names import spelled

SAME = [
    ("Müller", "MUELLER", "Muller"),
    ("Jürgen Groß", "Gross Juergen"),
    ("Николай Петров", "Nikolay Petrov", "PETROV NIKOLAI"),
    ("Щерев", "Shterev"),
    ("Юлия Ъглова", "Yuliya Aglova"),
    ("Мария", "Maria", "Mariya"),
    ("Γεώργιος Παπαδόπουλος", "Georgios Papadopoulos", "PAPADOPOULOS GEORGIOS"),
    ("Ευάγγελος", "Evangelos"),
    ("Ελευθέριος", "Eleftherios"),
    ("Μπάμπης", "Bampis"),
    ("Χρήστος", "Christos"),
    ("Søren Ångström", "Soeren Aangstroem", "Soren Angstrom"),
    ("Łukasz Żółć", "Lukasz Zolc"),
    ("Đorđe", "Djordje", "Dorde"),
    ("Niccolò D'Angelo", "NICCOLO DANGELO", "D’Angelo, Niccolò"),
    ("Anne-Marie", "anne marie"),
    ("Edilizia Rossi S.r.l.", "EDILIZIA ROSSI SRL", "Edilizia Rossi S. R. L."),
    ("Nagy Zsófia", "Zsófia NAGY", "Zsofia Nagy"),
    ("ﬁt & Søn", "Fit Soen"),
]
OTHERS = ["Petrov", "Petrova", "Rossi", "Russo", "Müller", "Möller", "Georgios", "Georgia", "Nagy", "Kis", "Ivanov"]


def test_a_name_is_one_name_however_it_is_written() -> None:
    for spellings in SAME:
        assert len({tuple(sorted(spelled(one))) for one in spellings}) == 1, spellings


def test_other_names_are_others() -> None:
    assert len({tuple(spelled(one)) for one in OTHERS}) == len(OTHERS)
    assert len({tuple(sorted(spelled(one[0]))) for one in SAME}) == len(SAME)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_case_accents_and_what_stands_between_words_say_nothing(name: str) -> None:
    found = spelled(name)
    assert spelled(f"  {name}. ") == found
    assert spelled(name.upper()) == spelled(name.upper().lower())
    assert all(found)


def test_what_has_no_letters_is_nobody() -> None:
    assert spelled("") == spelled(" - ’ … !") == []
