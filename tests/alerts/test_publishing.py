"""What keeps an alert type from being offered: every rule is what it says, about a field that is there and fit for it."""

from typing import Any

import pytest

from services.alerts.catalogue import alert_type
from services.alerts.domain.publishing import DAYS_LIMIT, MONTHS_LIMIT
from services.alerts.domain.types import Audience, Flow, TypeRules
from tests.alerts.kinds import FIELDS, RULES, a_structure
from vocabulary.refusals import Invalid
from vocabulary.values import Value

DAYS = (
    "acknowledge_days",
    "comment_days",
    "decision_days",
    "erase_days",
    "objection_days",
    "standstill_days",
)
FLOW_OF = {name: flow for flow, rules in RULES.items() for name in rules}
# Which fields of the form a rule may name; it may name no other.
FIT = {
    "decision_field": {"on"},
    "establishment_field": {"country"},
    "expiry_field": {"on"},
    "headline_field": {"subject"},
    "severity_field": {"risk"},
    "urgent_field": {"urgent"},
}
IDENTIFYING = {"subject", "name", "profession", "country", "on"}
# Stages and duties that belong to one flow.
ONLY_IN: dict[str, dict[str, Any]] = {
    "SERVICES_ALERT": {"objection_days": 1, "establishment_field": "country"},
    "PROFESSIONAL_ALERT": {
        "decision_field": "on",
        "decision_days": 1,
        "expiry_field": "on",
        "erase_days": 1,
    },
    "NOTIFICATION": {"comment_days": 1, "standstill_days": 1},
}


def refused(structure: dict[str, Any]) -> tuple[str, str]:
    """The field and the reason for which *structure* is refused."""
    with pytest.raises(Invalid) as found:
        alert_type(structure)
    return found.value.field, found.value.reason


def with_rule(name: str, value: Any) -> dict[str, Any]:
    """A type that has the rule *name* as a matter of course, with *value* in its place."""
    return a_structure(FLOW_OF[name], rules={name: value})


@pytest.mark.parametrize("flow", sorted(RULES))
def test_a_type_may_have_every_rule_of_its_flow_or_only_those_that_each_needs(flow: str) -> None:
    full = alert_type(a_structure(flow)).rules
    given = {name: getattr(full, name) for name in RULES[flow]}
    lists = {"flow": Flow(flow), "recipients": Audience(RULES[flow]["recipients"])}
    assert given == {
        name: lists.get(name, tuple(value) if isinstance(value, list) else value) for name, value in RULES[flow].items()
    }
    least = alert_type(a_structure(flow, rules=dict.fromkeys(set(RULES[flow]) - {"flow", "approval", "recipients"})))
    assert least.rules == TypeRules(
        flow=Flow(flow), approval=RULES[flow]["approval"], recipients=Audience(RULES[flow]["recipients"])
    )
    assert least.rules.retention_months == 6


def test_a_type_without_rules_is_refused_and_with_half_of_them() -> None:
    assert refused(a_structure(rules={"flow": None})) == ("kind-v1.rules.flow", "MISSING")
    assert refused(a_structure(rules={"approval": None})) == ("kind-v1.rules.approval", "MISSING")
    assert refused(a_structure(rules={"recipients": None})) == ("kind-v1.rules.recipients", "MISSING")
    structure = a_structure()
    del structure["rules"]
    assert refused(structure) == ("kind-v1.rules.flow", "MISSING")


def test_a_rule_that_there_is_not_is_refused() -> None:
    assert refused(a_structure(rules={"acknowlege_days": 3})) == (
        "kind-v1.rules.acknowlege_days",
        "UNKNOWN_RULE",
    )


@pytest.mark.parametrize("name", ["flow", "recipients"])
def test_a_closed_list_has_no_other_value(name: str) -> None:
    for value in ("", "REQUEST", "all", 1, True, ["ALL"]):
        assert refused(with_rule(name, value)) == (f"kind-v1.rules.{name}", "UNKNOWN_CHOICE"), value


@pytest.mark.parametrize("name", ["approval", "retention_months", "identity_fields", *DAYS, *sorted(FIT)])
def test_a_rule_of_another_kind_is_refused(name: str) -> None:
    own = type(RULES[FLOW_OF[name]][name])
    for value in ("3", 3, 3.0, True, ["subject"], ["subject", 3], [["subject"]], [], "", {"days": 3}):
        if type(value) is own and value in ("3", 3, True, ["subject"]):
            continue  # of its kind; what it says is for the other tests
        assert refused(with_rule(name, value)) == (f"kind-v1.rules.{name}", "WRONG_TYPE"), value


@pytest.mark.parametrize("name", DAYS)
def test_days_begin_with_one_and_have_a_limit(name: str) -> None:
    for days in (1, DAYS_LIMIT):
        assert getattr(alert_type(with_rule(name, days)).rules, name) == days
    for days in (-3, 0, DAYS_LIMIT + 1):
        assert refused(with_rule(name, days)) == (f"kind-v1.rules.{name}", "OUT_OF_RANGE"), days


def test_retention_has_the_limits_of_the_regulation() -> None:
    for months in (1, MONTHS_LIMIT):
        assert alert_type(with_rule("retention_months", months)).rules.retention_months == months
    for months in (-1, 0, MONTHS_LIMIT + 1):
        assert refused(with_rule("retention_months", months)) == ("kind-v1.rules.retention_months", "OUT_OF_RANGE")


@pytest.mark.parametrize("name", sorted(FIT))
def test_a_rule_names_a_field_that_is_there_and_fit_for_it(name: str) -> None:
    assert refused(with_rule(name, "colour")) == (f"kind-v1.rules.{name}", "UNKNOWN_FIELD")
    for field in FIELDS:
        code = field["code"]
        if code in FIT[name]:
            assert getattr(alert_type(with_rule(name, code)).rules, name) == code
        else:
            assert refused(with_rule(name, code)) == (f"kind-v1.rules.{name}", "WRONG_TYPE"), code


@pytest.mark.parametrize("name", ["decision_field", "expiry_field", "severity_field"])
def test_what_is_shown_beside_the_form_is_no_personal_data(name: str) -> None:
    """Whoever sees an alert without them would see them after all: when it expires, how grave it is, that it was late."""
    personal = [{"label": {"en": field["code"]}, **field, "personal": True} for field in FIELDS]
    own = a_structure(FLOW_OF[name], rules={"headline_field": None}, fields=personal)
    others = dict.fromkeys({"decision_field", "decision_days", "expiry_field", "severity_field"} - {name})
    if name == "decision_field":
        del others["decision_days"]
    own["rules"] = {key: value for key, value in own["rules"].items() if key not in others}
    assert refused(own) == (f"kind-v1.rules.{name}", "WRONG_TYPE")


def test_a_subject_is_told_by_fields_that_two_authorities_fill_in_alike() -> None:
    for field in FIELDS:
        code = field["code"]
        others = ["country"] if code == "name" else ["name"]
        structure = with_rule("identity_fields", [*others, code])
        if code in IDENTIFYING:
            assert alert_type(structure).rules.identity_fields == (*others, code)
        else:
            assert refused(structure) == ("kind-v1.rules.identity_fields[1]", "WRONG_TYPE"), code
    assert refused(with_rule("identity_fields", ["name", "colour"])) == (
        "kind-v1.rules.identity_fields[1]",
        "UNKNOWN_FIELD",
    )
    assert refused(with_rule("identity_fields", ["on", "name", "on"])) == (
        "kind-v1.rules.identity_fields[2]",
        "REPEATED",
    )


@pytest.mark.parametrize("flow", sorted(RULES))
def test_a_stage_of_another_flow_is_refused(flow: str) -> None:
    for owner, rules in ONLY_IN.items():
        for name, value in rules.items():
            structure = a_structure(flow, rules={name: value})
            if owner == flow:
                alert_type(structure)
            else:
                assert refused(structure) == (f"kind-v1.rules.{name}", "OTHER_FLOW"), name


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("decision_days", "decision_field"),
        ("decision_field", "decision_days"),
        ("expiry_field", "erase_days"),
        ("urgent_field", "standstill_days"),
    ],
)
def test_a_rule_that_says_nothing_alone_is_refused(name: str, needed: str) -> None:
    assert refused(a_structure(FLOW_OF[name], rules={needed: None})) == (f"kind-v1.rules.{needed}", "MISSING")


def test_what_is_revoked_can_be_erased_though_it_never_expires() -> None:
    assert alert_type(a_structure("PROFESSIONAL_ALERT", rules={"expiry_field": None})).rules.erase_days == 3


def test_a_form_has_a_code_a_version_and_fields_of_different_names() -> None:
    def a_field(code: str, kind: str = "TEXT") -> dict[str, Any]:
        return {"code": code, "label": {"en": code}, "type": kind}

    assert refused(a_structure(code="Kind")) == ("Kind-v1.code", "NOT_A_CODE")
    assert refused(a_structure(version=0)) == ("kind-v0.version", "OUT_OF_RANGE")
    assert refused(a_structure(fields=[])) == ("kind-v1.fields", "OUT_OF_RANGE")
    assert refused(a_structure(fields=[a_field(f"f{number}") for number in range(101)])) == (
        "kind-v1.fields",
        "OUT_OF_RANGE",
    )
    assert refused(a_structure(fields=[a_field("subject"), a_field("subject")])) == (
        "kind-v1.fields[1].code",
        "REPEATED",
    )
    for kind in ("DOCUMENT", "STATEMENT"):
        assert refused(a_structure(fields=[a_field("subject"), a_field("photo", kind)])) == (
            "kind-v1.fields[1].type",
            "TYPE_NOT_OFFERED",
        )


def test_an_urgent_measure_waits_for_nothing() -> None:
    kind = alert_type(a_structure("NOTIFICATION"))
    assert kind.standstill({}) == kind.standstill({"urgent": Value(codes=("NO",))}) == 15
    assert kind.standstill({"urgent": Value(codes=("YES",))}) is None
    never_urgent = alert_type(a_structure("NOTIFICATION", rules={"urgent_field": None}))
    assert never_urgent.standstill({"urgent": Value(codes=("YES",))}) == 15
    assert alert_type(a_structure("SERVICES_ALERT")).standstill({}) is None
