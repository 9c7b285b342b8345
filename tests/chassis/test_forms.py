"""Fields as catalogues describe them."""

from decimal import Decimal
from typing import Any

import pytest

from chassis.forms import closed_lists, field, list_of
from vocabulary import languages
from vocabulary.values import Choice, Field, ValueType

LABEL = {"en": "Name"}
NAME = {"code": "name", "label": LABEL, "type": "TEXT"}


def test_a_field_is_plain_unless_its_table_says_otherwise() -> None:
    assert field(NAME) == Field(code="name", label=LABEL, type=ValueType.TEXT)


def test_a_field_is_all_that_its_table_says() -> None:
    table: dict[str, Any] = {
        **NAME,
        "type": "NUMBER",
        "help": {"en": "what is meant"},
        "mandatory": True,
        "personal": True,
        "many": True,
        "minimum": 0.1,
        "maximum": 10,
        "searchable": True,
        "choices": [{"code": "A", "label": {"en": "a"}}],
    }
    assert field(table) == Field(
        code="name",
        label=LABEL,
        type=ValueType.NUMBER,
        help={"en": "what is meant"},
        choices=(Choice(code="A", label={"en": "a"}),),
        mandatory=True,
        personal=True,
        many=True,
        minimum=Decimal("0.1"),
        maximum=Decimal(10),
        searchable=True,
    )


@pytest.mark.parametrize(
    ("kind", "codes"), [("YES_NO", ["YES", "NO"]), ("YES_NO_UNKNOWN", ["YES", "NO", "NOT_KNOWN"]), ("SINGLE", [])]
)
def test_a_yes_or_no_brings_its_own_choices(kind: str, codes: list[str]) -> None:
    assert [choice.code for choice in field({**NAME, "type": kind}).choices] == codes
    assert bool(list_of(ValueType(kind))) is bool(codes)


def test_a_closed_list_is_taken_by_its_name_and_speaks_every_official_language() -> None:
    lists = closed_lists()
    assert {"yes-no", "yes-no-not-known"} <= set(lists)
    for name, choices in lists.items():
        assert field({**NAME, "type": "SINGLE", "choices": name}).choices == choices
        assert all(languages.missing(choice.label) == () for choice in choices)
        assert len({choice.code for choice in choices}) == len(choices)


@pytest.mark.parametrize(
    ("changed", "error"), [({"type": "COLOUR"}, ValueError), ({"type": "SINGLE", "choices": "no-such-list"}, KeyError)]
)
def test_a_field_that_cannot_be_is_no_field(changed: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        field({**NAME, **changed})
