"""Every cell of the tables: each flow, each status, each action, each side, each role; and what the tables as a whole must be like."""

from collections.abc import Iterator

import pytest

from services.alerts.domain.flows import FLOWS, ever, named, step, table, traits
from services.alerts.domain.lifecycle import ENDED, GIVEN, OPEN, UNSENT, WHO, Action, Side, Status, Trait
from services.alerts.domain.types import Flow, TypeRules
from tests.alerts.kinds import a_structure
from tests.alerts.lives import KINDS, a_type
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole

WRITE = {UserRole.ALERT_HANDLER, UserRole.COORDINATOR}
DISPATCH = {UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
COORDINATE = {UserRole.COORDINATOR}
NOBODY: set[UserRole] = set()

Who = dict[Side, set[UserRole]]
OWN: Who = {Side.AUTHOR: WRITE}
UNAPPROVED: Who = {Side.SENDING_AUTHOR: WRITE}
COUNTRY: Who = {Side.COORDINATOR: COORDINATE}
SENDER: Who = {**COUNTRY, **UNAPPROVED}
ADDRESSED: Who = {Side.RECEIVER: DISPATCH}
COUNTRIES: Who = {Side.COORDINATOR: COORDINATE, Side.RECEIVER: COORDINATE}
CLOSER: Who = {Side.CLOSER: COORDINATE}
SYSTEM: Who = {Side.SYSTEM: NOBODY}
PARTIES: Who = dict.fromkeys((Side.AUTHOR, Side.COORDINATOR, Side.RECEIVER, Side.RECIPIENT), WRITE | DISPATCH)

Written = list[tuple[str | None, str, Who, str, Trait | None]]


def spreading(status: str) -> Written:
    return [
        (status, "ACKNOWLEDGE", ADDRESSED, status, None),
        (status, "DISSEMINATE", ADDRESSED, status, None),
        (status, "ADD_COUNTRIES", SENDER, status, Trait.CHOSEN),
        (status, "ESCALATE", SYSTEM, status, Trait.ESCALATION),
    ]


def informing(status: str, given: Trait | None = None) -> Written:
    return [
        (status, "ADD_INFORMATION", PARTIES, status, given),
        (status, "APPROVE_INFORMATION", COUNTRIES, status, given),
        (status, "REJECT_INFORMATION", COUNTRIES, status, given),
    ]


def blocked(given: Trait | None = None) -> Written:
    return [
        ("BLOCKED", "PROVE", COUNTRIES, "BLOCKED", given),
        ("BLOCKED", "ERASE", SYSTEM, "DELETED", given),
    ]


BEGINNING: Written = [
    (None, "CREATE", OWN, "DRAFT", None),
    ("DRAFT", "EDIT", OWN, "DRAFT", None),
    ("DRAFT", "DELETE", OWN, "DELETED", None),
    ("DRAFT", "SUBMIT", OWN, "SUBMITTED", Trait.APPROVAL),
    ("DRAFT", "BROADCAST", UNAPPROVED, "BROADCAST", Trait.NO_APPROVAL),
    ("SUBMITTED", "RETURN", COUNTRY, "DRAFT", Trait.APPROVAL),
    ("SUBMITTED", "BROADCAST", COUNTRY, "BROADCAST", Trait.APPROVAL),
]
# The tables of the domain, written down a second time: who may do what in which roles, what it leads to, and for which types.
WRITTEN: dict[Flow, Written] = {
    Flow.SERVICES_ALERT: [
        *BEGINNING,
        *spreading("BROADCAST"),
        *informing("BROADCAST"),
        ("BROADCAST", "CORRECT", SENDER, "BROADCAST", None),
        ("BROADCAST", "WITHDRAW", SENDER, "WITHDRAWN", None),
        ("BROADCAST", "PROPOSE_CLOSURE", CLOSER, "CLOSURE_PROPOSED", Trait.OBJECTIONS),
        ("BROADCAST", "CLOSE", CLOSER, "CLOSED", Trait.NO_OBJECTIONS),
        *spreading("CLOSURE_PROPOSED"),
        *informing("CLOSURE_PROPOSED"),
        ("CLOSURE_PROPOSED", "CORRECT", SENDER, "CLOSURE_PROPOSED", None),
        ("CLOSURE_PROPOSED", "WITHDRAW", SENDER, "WITHDRAWN", None),
        ("CLOSURE_PROPOSED", "OBJECT", COUNTRIES, "CLOSURE_PROPOSED", None),
        ("CLOSURE_PROPOSED", "WITHDRAW_OBJECTION", COUNTRIES, "CLOSURE_PROPOSED", None),
        ("CLOSURE_PROPOSED", "CLOSE", SYSTEM, "CLOSED", None),
        ("CLOSURE_PROPOSED", "REJECT_CLOSURE", SYSTEM, "BROADCAST", None),
        ("CLOSED", "BLOCK", SYSTEM, "BLOCKED", None),
        ("WITHDRAWN", "BLOCK", SYSTEM, "BLOCKED", None),
        *blocked(),
    ],
    Flow.PROFESSIONAL_ALERT: [
        *BEGINNING,
        *(
            row
            for status in ("BROADCAST", "AMENDED")
            for row in (
                *spreading(status),
                (status, "AMEND", SENDER, "AMENDED", None),
                (status, "NOTE_APPEAL", SENDER, status, None),
                (status, "REVOKE", SENDER, "REVOKED", None),
                (status, "EXPIRE", {**SENDER, **SYSTEM}, "EXPIRED", None),
            )
        ),
        ("EXPIRED", "ERASE", SYSTEM, "DELETED", Trait.ERASURE),
        ("EXPIRED", "BLOCK", SYSTEM, "BLOCKED", Trait.NO_ERASURE),
        ("REVOKED", "ERASE", SYSTEM, "DELETED", Trait.ERASURE),
        ("REVOKED", "BLOCK", SYSTEM, "BLOCKED", Trait.NO_ERASURE),
        *blocked(Trait.NO_ERASURE),
    ],
    Flow.NOTIFICATION: [
        *BEGINNING,
        *(
            row
            for status in ("BROADCAST", "MODIFIED", "COMMENTING")
            for row in (
                *spreading(status),
                *informing(status, Trait.NO_COMMENTS),
                (status, "MODIFY", SENDER, "MODIFIED", None),
                (status, "COMMENT", COUNTRIES, "COMMENTING", Trait.COMMENTS),
                (status, "CLOSE", {**SENDER, **SYSTEM}, "CLOSED", None),
                (status, "WITHDRAW", SENDER, "WITHDRAWN", None),
            )
        ),
        ("CLOSED", "MODIFY", SENDER, "MODIFIED", None),
        ("CLOSED", "BLOCK", SYSTEM, "BLOCKED", None),
        ("WITHDRAWN", "BLOCK", SYSTEM, "BLOCKED", None),
        *blocked(),
    ],
}


def types(flow: Flow) -> Iterator[TypeRules]:
    """Every combination of the traits that a type of *flow* can have."""
    optional = {
        Flow.SERVICES_ALERT: {"objection_days": 20},
        Flow.PROFESSIONAL_ALERT: {"erase_days": 3},
        Flow.NOTIFICATION: {"comment_days": 90},
    }[flow]
    for approval in (True, False):
        for recipients in ("CHOSEN", "ALL"):
            for acknowledge in (3, None):
                for stage in (True, False):
                    rules: dict[str, object] = {
                        "approval": approval,
                        "recipients": recipients,
                        "acknowledge_days": acknowledge,
                        **{name: days if stage else None for name, days in optional.items()},
                    }
                    if flow is Flow.PROFESSIONAL_ALERT and not stage:
                        rules["expiry_field"] = None
                    yield a_type(flow, **rules).rules


def expected(flow: Flow, rules: TypeRules) -> dict[tuple[Status | None, Action], tuple[Who, Status]]:
    return {
        (None if status is None else Status(status), Action(action)): (who, Status(after))
        for status, action, who, after, given in WRITTEN[flow]
        if given is None or given in traits(rules)
    }


@pytest.mark.parametrize("flow", Flow)
def test_no_type_has_a_row_more_or_less_than_is_written_here(flow: Flow) -> None:
    for rules in types(flow):
        found = {
            (status, action): ({side: set(roles) for side, roles in row.who.items()}, row.next)
            for status, rows in table(rules).items()
            for action, row in rows.items()
        }
        assert found == expected(flow, rules), rules


@pytest.mark.parametrize("flow", Flow)
@pytest.mark.parametrize("status", [None, *Status], ids=str)
def test_each_cell_leads_where_the_table_says_or_is_refused(flow: Flow, status: Status | None) -> None:
    # The one that has everything, and the one that has nothing.
    *_, last = types(flow)
    for rules in (next(types(flow)), last):
        if status not in table(rules):
            assert status not in {row[0] for row in WRITTEN[flow]}
            continue
        rows = expected(flow, rules)
        for action in Action:
            ever_by = {side for (_, known), (who, _) in rows.items() if known is action for side in who}
            for side in [*Side, None]:
                for role in [*UserRole, None]:
                    _check(rules, status, action, side, role, rows.get((status, action)), ever_by)


def _check(
    rules: TypeRules,
    status: Status | None,
    action: Action,
    side: Side | None,
    role: UserRole | None,
    row: tuple[Who, Status] | None,
    ever_by: set[Side],
) -> None:
    cell = (rules.flow, status, action, side, role)
    sides = {side} if side else set()
    roles = {role} if role else set()
    if row and side in row[0] and (side is Side.SYSTEM or roles & row[0][side]):
        assert step(rules, status, action, sides, roles) is row[1], cell
        return
    with pytest.raises((Conflict, Forbidden)) as found:
        step(rules, status, action, sides, roles)
    if not ever_by:
        assert found.value.reason == "OTHER_TYPE", cell
    elif side not in ever_by:
        assert type(found.value) is Forbidden, cell
    elif row is None:
        assert found.value.reason == "TRANSITION", cell
    else:
        assert type(found.value) is Forbidden, cell


# What the tables as a whole must be like: a model check over their statuses, for every type that there can be.


def reached_from(rules: TypeRules, start: Status | None) -> set[Status | None]:
    rows = table(rules)
    found: set[Status | None] = {start}
    while more := {row.next for status in found for row in rows[status].values()} - found:
        found |= more
    return found


@pytest.mark.parametrize("flow", Flow)
def test_every_status_is_reached_by_some_type_and_every_status_that_is_reached_can_come_to_an_end(flow: Flow) -> None:
    reached: set[Status | None] = set()
    for rules in types(flow):
        there = reached_from(rules, None)
        reached |= there
        for status in there:
            assert reached_from(rules, status) & ENDED, (rules, status)
    assert reached == set(FLOWS[flow])


@pytest.mark.parametrize("flow", Flow)
def test_of_all_that_is_reached_only_what_is_erased_is_dead_and_whatever_has_ended_comes_to_that_by_itself(
    flow: Flow,
) -> None:
    for rules in types(flow):
        reached = reached_from(rules, None)
        assert {status for status in reached if not table(rules)[status]} == {Status.DELETED}, rules
        for status in reached & ENDED:
            assert status is Status.DELETED or erased_from(rules, status), (rules, status)
        assert (Status.BLOCKED in reached) is (Trait.NO_ERASURE in traits(rules)), rules


def erased_from(rules: TypeRules, status: Status | None) -> bool:
    """Whether the system alone leads from *status* to where the content is erased."""
    assert status is not None
    rows = table(rules)
    while status is not Status.DELETED:
        following = {row.next for row in rows[status].values() if Side.SYSTEM in row.who} - {status}
        if len(following) != 1:
            return False
        (status,) = following
    return True


def test_every_flow_has_its_own_ends_and_all_statuses_are_somebodys() -> None:
    assert {status for rows in FLOWS.values() for status in rows} == {None, *Status}
    assert OPEN | ENDED | {Status.DRAFT} == set(Status)
    assert not OPEN & ENDED
    assert set(UNSENT) == {Status.DRAFT, Status.SUBMITTED}


def test_every_action_side_and_trait_has_a_part_and_a_name() -> None:
    rows = [row for flow in FLOWS.values() for rows in flow.values() for row in rows.values()]
    assert {side for row in rows for side in row.who} == set(Side) == set(WHO)
    assert {row.given for row in rows if row.given} == set(Trait) == set(GIVEN)
    assert {action for flow in FLOWS.values() for rows in flow.values() for action in rows} == set(Action)


def test_a_refused_step_says_what_is_possible_instead() -> None:
    rules = KINDS[Flow.SERVICES_ALERT].rules
    with pytest.raises(
        Conflict, match=r"SUBMIT is not possible while the alert is SUBMITTED; possible is RETURN, BROAD"
    ):
        step(rules, Status.SUBMITTED, Action.SUBMIT, {Side.AUTHOR}, {UserRole.ALERT_HANDLER})
    with pytest.raises(Forbidden, match=r"^SUBMIT is for the authority that wrote the alert only$"):
        step(rules, Status.DRAFT, Action.SUBMIT, {Side.COORDINATOR}, {UserRole.COORDINATOR})
    with pytest.raises(Forbidden, match=r"through a person who is ALERT_HANDLER or COORDINATOR$"):
        step(rules, Status.DRAFT, Action.SUBMIT, {Side.AUTHOR}, {UserRole.VIEWER})
    with pytest.raises(Conflict, match="alerts of this type have no AMEND"):
        step(rules, Status.BROADCAST, Action.AMEND, {Side.COORDINATOR}, {UserRole.COORDINATOR})
    assert named({Side.SYSTEM, Side.AUTHOR}) == "the authority that wrote the alert or the system"
    assert set(ever(rules)[Action.CLOSE]) == {Side.SYSTEM}


def test_types_of_these_tests_are_like_those_of_catalogues() -> None:
    """Every flow has one, with every stage."""
    for flow, kind in KINDS.items():
        assert kind.rules.flow is flow
        assert a_structure(flow)["rules"]["flow"] == flow
