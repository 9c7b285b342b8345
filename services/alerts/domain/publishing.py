"""Whether an alert type makes sense: every field that its rules name is there and fit for it, every stage belongs to its flow.

What is checked here holds for as long as the type exists, so that nothing that reads it later has to ask.
"""

import re
from collections.abc import Callable

from services.alerts.domain.types import AlertType, Flow, TypeRules
from vocabulary.refusals import Invalid
from vocabulary.values import Field, ValueType

DAYS_LIMIT = 3_660
# IMI Regulation, Article 14(1): an act may provide for more than six months, and for no more than eighteen.
MONTHS_LIMIT = 18
FIELDS_LIMIT = 100

# Alerts have no files, and a statement takes no answer.
_NOT_ASKED = frozenset({ValueType.DOCUMENT, ValueType.STATEMENT})
_SLUG = re.compile(r"[a-z][a-z0-9-]{0,63}")
_RISK_LEVELS = ("LOW", "MEDIUM", "HIGH", "VERY_HIGH")

_DAYS = ("acknowledge_days", "objection_days", "comment_days", "decision_days", "standstill_days", "erase_days")
# Stages that only one flow has.
_ONLY_IN = {
    "objection_days": Flow.SERVICES_ALERT,
    "establishment_field": Flow.SERVICES_ALERT,
    "comment_days": Flow.NOTIFICATION,
    "standstill_days": Flow.NOTIFICATION,
    "decision_field": Flow.PROFESSIONAL_ALERT,
    "decision_days": Flow.PROFESSIONAL_ALERT,
    "expiry_field": Flow.PROFESSIONAL_ALERT,
    "erase_days": Flow.PROFESSIONAL_ALERT,
}
# What says nothing alone.
_NEEDS = {
    "decision_field": "decision_days",
    "decision_days": "decision_field",
    "expiry_field": "erase_days",
    "urgent_field": "standstill_days",
}
# A keyed hash is made of what two authorities write in the same way.
_IDENTIFYING = frozenset({ValueType.TEXT, ValueType.DATE, ValueType.NUMBER, ValueType.COUNTRY, ValueType.CONCEPT})


def check_type(kind: AlertType, *, at: str) -> None:
    """Raises Invalid naming the first thing that keeps *kind* from being published, as a part of what stands *at*."""
    if not _SLUG.fullmatch(kind.code):
        raise Invalid(f"{kind.code!r} is not a code such as services", field=f"{at}.code", reason="NOT_A_CODE")
    if kind.version < 1:
        raise Invalid("versions begin with 1", field=f"{at}.version", reason="OUT_OF_RANGE")
    if not 1 <= len(kind.fields) <= FIELDS_LIMIT:
        raise Invalid(f"a form has 1 to {FIELDS_LIMIT} fields", field=f"{at}.fields", reason="OUT_OF_RANGE")
    fields: dict[str, Field] = {}
    for index, field in enumerate(kind.fields):
        where = f"{at}.fields[{index}]"
        if field.code in fields:
            raise Invalid(f"there are two called {field.code}", field=f"{where}.code", reason="REPEATED")
        if field.type in _NOT_ASKED:
            raise Invalid(
                f"{field.code}: alerts have no {field.type} yet", field=f"{where}.type", reason="TYPE_NOT_OFFERED"
            )
        fields[field.code] = field
    _check_numbers(kind.rules, f"{at}.rules")
    _check_stages(kind.rules, f"{at}.rules")
    _check_named(kind.rules, fields, f"{at}.rules")


def _check_numbers(rules: TypeRules, at: str) -> None:
    for name in _DAYS:
        days = getattr(rules, name)
        if days is not None and not 1 <= days <= DAYS_LIMIT:
            raise Invalid(f"{name} is from 1 to {DAYS_LIMIT}", field=f"{at}.{name}", reason="OUT_OF_RANGE")
    if not 1 <= rules.retention_months <= MONTHS_LIMIT:
        raise Invalid(
            f"retention_months is from 1 to {MONTHS_LIMIT}", field=f"{at}.retention_months", reason="OUT_OF_RANGE"
        )


def _check_stages(rules: TypeRules, at: str) -> None:
    for name, flow in _ONLY_IN.items():
        if getattr(rules, name) and rules.flow is not flow:
            raise Invalid(f"{name} is for a {flow}, not for a {rules.flow}", field=f"{at}.{name}", reason="OTHER_FLOW")
    for name, needed in _NEEDS.items():
        if getattr(rules, name) and not getattr(rules, needed):
            raise Invalid(f"{name} says nothing without {needed}", field=f"{at}.{needed}", reason="MISSING")


def _check_named(rules: TypeRules, fields: dict[str, Field], at: str) -> None:
    for name, (fits, what) in _FIT.items():
        if code := getattr(rules, name):
            _check_field(fields, code, fits, what, f"{at}.{name}")
    for index, code in enumerate(rules.identity_fields):
        where = f"{at}.identity_fields[{index}]"
        _check_field(fields, code, _identifies, "a text, date, number, country or concept", where)
        if code in rules.identity_fields[:index]:
            raise Invalid(f"{code} is named twice", field=where, reason="REPEATED")


def _check_field(fields: dict[str, Field], code: str, fits: Callable[[Field], bool], what: str, at: str) -> None:
    if code not in fields:
        raise Invalid(f"the form has no field {code!r}", field=at, reason="UNKNOWN_FIELD")
    if not fits(fields[code]):
        raise Invalid(f"{code} is not {what}", field=at, reason="WRONG_TYPE")


def _is_date(field: Field) -> bool:
    return field.type is ValueType.DATE and not field.personal


def _is_country(field: Field) -> bool:
    return field.type is ValueType.COUNTRY and not field.many


def _is_headline(field: Field) -> bool:
    return field.type is ValueType.TEXT and not field.personal


def _is_severity(field: Field) -> bool:
    return (
        field.type is ValueType.SINGLE
        and not field.personal
        and tuple(one.code for one in field.choices) == _RISK_LEVELS
    )


def _is_yes_or_no(field: Field) -> bool:
    return field.type is ValueType.YES_NO


def _identifies(field: Field) -> bool:
    return field.type in _IDENTIFYING and not field.many


# What a field must be for the rule that names it. What is shown beside the form, or asked for in lists, everybody sees who
# may know of the alert; so it is no personal data.
_FIT: dict[str, tuple[Callable[[Field], bool], str]] = {
    "decision_field": (_is_date, "a date without personal data"),
    "expiry_field": (_is_date, "a date without personal data"),
    "establishment_field": (_is_country, "one country"),
    "headline_field": (_is_headline, "a text without personal data"),
    "severity_field": (_is_severity, "a choice from the list risk-level without personal data"),
    "urgent_field": (_is_yes_or_no, "answered with yes or no"),
}
