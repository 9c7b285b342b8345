"""The family of refusals: codes and reasons are for programs, and stay."""

import pytest

from vocabulary import refusals
from vocabulary.refusals import Conflict, Refusal, Stale

CODES = {
    "Unauthenticated": "UNAUTHENTICATED",
    "Forbidden": "FORBIDDEN",
    "NotFound": "NOT_FOUND",
    "Invalid": "INVALID",
    "Conflict": "CONFLICT",
    "Stale": "CONFLICT",
    "CursorExpired": "CURSOR_EXPIRED",
    "Unavailable": "UNAVAILABLE",
}
KINDS = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refusal)]


def test_the_table_knows_every_refusal() -> None:
    assert {kind.__name__ for kind in KINDS} == {"Refusal", *CODES}


@pytest.mark.parametrize("name", CODES)
def test_a_refusal_says_its_code_and_the_rule_that_refused(name: str) -> None:
    kind: type[Refusal] = getattr(refusals, name)
    plain = kind("no")
    assert (plain.code, plain.message, plain.field, str(plain)) == (CODES[name], "no", "", "no")
    assert plain.reason == ("STALE_REVISION" if kind is Stale else CODES[name])
    exact = kind("no", field="a.b", reason="RULE")
    assert (exact.code, exact.field, exact.reason) == (CODES[name], "a.b", "RULE")


def test_stale_is_a_conflict() -> None:
    assert issubclass(Stale, Conflict)
