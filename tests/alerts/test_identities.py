"""Two alerts are about the same subject if what says so is the same, and a hash of it is of no use without the key."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from chassis.keys import KeyRing
from services.alerts.domain.types import AlertType, Audience, Flow, TypeRules
from services.alerts.hints.identity import NAME, Identities
from vocabulary.values import Field, FreeText, Value, ValueType

SECRET = b"a secret of this deployment"
FIELDS = {
    "family-name": ValueType.TEXT,
    "given-name": ValueType.TEXT,
    "birth-date": ValueType.DATE,
    "provider": ValueType.TEXT,
    "establishment": ValueType.COUNTRY,
    "number": ValueType.NUMBER,
}
PERSON = ("family-name", "given-name", "birth-date")
PROVIDER = ("provider", "establishment")


def a_kind(*identity: str, area: str = "services", code: str = "services") -> AlertType:
    return AlertType(
        code=code,
        version=1,
        area=area,
        act="2006/123/EC",
        title={"en": "Alert"},
        fields=tuple(Field(code=name, label={"en": name}, type=kind) for name, kind in FIELDS.items()),
        rules=TypeRules(flow=Flow.SERVICES_ALERT, approval=True, recipients=Audience.CHOSEN, identity_fields=identity),
    )


def text(words: str, language: str = "it") -> Value:
    return Value(text=FreeText(text=words, language=language))


def a_person(family: str = "Rossi", given: str = "Mario", born: date = date(1980, 5, 17)) -> dict[str, Value]:
    return {"family-name": text(family), "given-name": text(given), "birth-date": Value(date=born)}


def a_provider(name: str = "Edilizia S.r.l.", country: str = "") -> dict[str, Value]:
    return {"provider": text(name), **({"establishment": Value(references=(country,))} if country else {})}


def finds(one: dict[str, Value], other: dict[str, Value], kind: AlertType) -> bool:
    """Whether an alert about *one* finds one about *other*."""
    identities = Identities(SECRET)
    return bool(set(identities.wanted(kind, one)) & set(identities.kept(kind, other)))


def test_a_person_is_found_however_the_name_is_written() -> None:
    kind = a_kind(*PERSON)
    for other in (
        a_person("ROSSI", "mario"),
        a_person("Mario", "Rossi"),
        a_person("Ròssi", "Márió"),
    ):
        assert finds(a_person(), other, kind)
        assert finds(other, a_person(), kind)
    assert finds(a_person("Петров", "Николай"), a_person("Petrov", "Nikolay"), kind)


def test_another_person_is_not_found() -> None:
    kind = a_kind(*PERSON)
    for other in (
        a_person("Russo"),
        a_person(given="Maria"),
        a_person(born=date(1980, 5, 18)),
        a_person("Rossi Mario", "Mario"),
        a_person("Rossi", "Mario Luigi"),
    ):
        assert not finds(a_person(), other, kind)
        assert not finds(other, a_person(), kind)


def test_who_is_not_said_whole_is_nobody() -> None:
    kind = a_kind(*PERSON)
    identities = Identities(SECRET)
    for missing in PERSON:
        part = {code: value for code, value in a_person().items() if code != missing}
        assert identities.kept(kind, part) == identities.wanted(kind, part) == []
    assert identities.kept(a_kind(), a_person()) == []
    assert identities.kept(a_kind("provider"), {"provider": text("- ? -")}) == []
    assert identities.kept(kind, a_person("Rossi", "-")) == identities.wanted(kind, a_person("?", "-")) == []


def test_a_country_that_only_one_of_them_knows_does_not_keep_two_alerts_apart() -> None:
    kind = a_kind(*PROVIDER)
    at = {country: a_provider(country=country) for country in ("", "RO", "IT")}
    for one, other in [("", ""), ("RO", "RO"), ("RO", ""), ("", "RO")]:
        assert finds(at[one], at[other], kind), (one, other)
    assert not finds(at["RO"], at["IT"], kind)
    assert not finds(at["IT"], at["RO"], kind)
    assert not finds(at["RO"], a_provider("Idraulica S.r.l.", "RO"), kind)
    assert Identities(SECRET).kept(kind, {"establishment": Value(references=("RO",))}) == []


def test_one_module_is_not_searched_from_another() -> None:
    here, elsewhere = a_kind("provider"), a_kind("provider", area="consumer-protection")
    identities = Identities(SECRET)
    assert not set(identities.wanted(here, a_provider())) & set(identities.kept(elsewhere, a_provider()))
    # A form that asks for no country knows none.
    asks = a_kind(*PROVIDER, code="services-derogation")
    for one, other in ((here, asks), (asks, here)):
        found = identities.wanted(one, a_provider(country="RO")), identities.kept(other, a_provider(country="RO"))
        assert set(found[0]) & set(found[1])


def test_what_is_a_name_in_one_place_is_no_number_in_another() -> None:
    identities = Identities(SECRET)
    number = {"number": Value(number=Decimal(12))}
    assert identities.kept(a_kind("number"), number)
    assert not set(identities.kept(a_kind("number"), number)) & set(
        identities.kept(a_kind("provider"), a_provider("12"))
    )


def test_without_the_key_a_right_guess_is_like_a_wrong_one() -> None:
    kind = a_kind(*PERSON)
    ours, theirs = Identities(SECRET).kept(kind, a_person()), Identities(b"another").kept(kind, a_person())
    assert not set(ours) & set(theirs)
    assert all(len(one) == 64 for one in ours)
    assert not any(word in json.dumps(ours) for word in ("rossi", "mario", "1980"))


def test_a_key_that_was_changed_still_finds_until_everything_is_made_anew(tmp_path: Path) -> None:
    kind = a_kind(*PERSON)
    old = Identities.of(KeyRing(tmp_path))
    (tmp_path / f"{NAME}.private.jwk").rename(tmp_path / f"{NAME}-2026.private.jwk")
    (tmp_path / f"{NAME}.public.jwk").unlink()
    new = Identities.of(KeyRing(tmp_path))
    assert not set(new.kept(kind, a_person())) & set(old.kept(kind, a_person()))
    for kept in (new, old):
        assert set(new.wanted(kind, a_person())) & set(kept.kept(kind, a_person()))
    (tmp_path / f"{NAME}-2026.private.jwk").unlink()
    assert not set(Identities.of(KeyRing(tmp_path)).wanted(kind, a_person())) & set(old.kept(kind, a_person()))


@pytest.mark.parametrize("folder", ["", "deeper"])
def test_every_process_with_the_key_makes_the_same_hashes(folder: str, tmp_path: Path) -> None:
    kind = a_kind(*PERSON)
    made = [Identities.of(KeyRing(tmp_path / folder)).kept(kind, a_person()) for _ in range(2)]
    assert made[0] == made[1]
