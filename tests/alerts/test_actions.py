"""What a reader may do, and why not what they may not: what is said beforehand is what the command then meets."""

from dataclasses import replace

import pytest

from services.alerts.domain import contents, ending, sending
from services.alerts.domain.actions import possibilities
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow
from services.alerts.domain.views import view
from tests.alerts.cast import (
    AUTHORITIES,
    FR_COORDINATOR,
    HU_COORDINATOR,
    IT_COORDINATOR,
    IT_REGION,
    as_party,
    someone,
)
from tests.alerts.lives import KINDS, commands, later, lives
from tests.alerts.threads import said as saying
from vocabulary.refusals import Refusal
from vocabulary.roles import UserRole

# What only the system does is nobody's to be told of.
SYSTEMS = {Action.ESCALATE, Action.BLOCK, Action.ERASE, Action.REJECT_CLOSURE}
CELLS = [(flow, status) for flow in Flow for status in lives(flow)]


@pytest.mark.parametrize(("flow", "status"), CELLS)
def test_what_is_possible_is_done_and_what_is_not_is_refused_as_foretold(flow: Flow, status: Status) -> None:
    """Each person of each authority, in each role and in all."""
    kind, alert = KINDS[flow], lives(flow)[status]
    do = commands(kind)
    for authority_id in AUTHORITIES:
        for roles in (*({role} for role in UserRole), set(UserRole)):
            who = later(as_party(someone(authority_id, *sorted(roles))), hours=1)
            if view(alert, who) is None:
                continue
            for said in possibilities(alert, kind, who):
                cell = (authority_id, roles, said.action)
                assert said.action not in SYSTEMS, cell
                met: Refusal | None = None
                try:
                    do[said.action](alert, kind, who)
                except Refusal as refusal:
                    met = refusal
                foretold = said.refusal
                assert (foretold is None) is (met is None), (cell, foretold, met)
                if met and foretold and said.action not in (Action.APPROVE_INFORMATION, Action.REJECT_INFORMATION):
                    assert (foretold.code, foretold.reason, foretold.message) == (met.code, met.reason, met.message), (
                        cell
                    )


@pytest.mark.parametrize("flow", Flow)
def test_every_action_of_a_type_is_said_once_and_no_other(flow: Flow) -> None:
    every = {
        Flow.SERVICES_ALERT: "EDIT DELETE SUBMIT RETURN BROADCAST ACKNOWLEDGE DISSEMINATE ADD_COUNTRIES ADD_INFORMATION "
        "APPROVE_INFORMATION REJECT_INFORMATION CORRECT WITHDRAW PROPOSE_CLOSURE OBJECT WITHDRAW_OBJECTION PROVE",
        Flow.PROFESSIONAL_ALERT: "EDIT DELETE SUBMIT RETURN BROADCAST ACKNOWLEDGE DISSEMINATE ADD_COUNTRIES AMEND "
        "NOTE_APPEAL REVOKE EXPIRE",
        Flow.NOTIFICATION: "EDIT DELETE SUBMIT RETURN BROADCAST ACKNOWLEDGE DISSEMINATE ADD_COUNTRIES WITHDRAW CLOSE "
        "MODIFY COMMENT PROVE",
    }
    found = possibilities(lives(flow)[Status.BROADCAST], KINDS[flow], as_party(IT_COORDINATOR))
    assert [one.action for one in found] == [Action(name) for name in every[flow].split()]


def reason(status: Status, action: Action, flow: Flow = Flow.SERVICES_ALERT, *, hours: float = 1) -> dict[str, str]:
    """What speaks against *action*, for the coordinators of each country; empty where nothing does."""
    found = {}
    for caller in (IT_COORDINATOR, HU_COORDINATOR, FR_COORDINATOR):
        said = possibilities(lives(flow)[status], KINDS[flow], later(as_party(caller), hours=hours))
        (one,) = (each.refusal for each in said if each.action is action)
        found[caller.country] = one.reason if one else ""
    return found


def test_why_not_is_said_by_the_rule_that_is_in_the_way() -> None:
    sent, proposed = Status.BROADCAST, Status.CLOSURE_PROPOSED
    never = "FORBIDDEN"
    assert reason(sent, Action.ACKNOWLEDGE) == {"IT": never, "HU": "ALREADY_ACKNOWLEDGED", "FR": ""}
    assert reason(sent, Action.DISSEMINATE) == {"IT": never, "HU": "", "FR": "NOT_ACKNOWLEDGED"}
    for action in (Action.APPROVE_INFORMATION, Action.REJECT_INFORMATION):
        assert reason(sent, action) == {"IT": "", "HU": "", "FR": "NOTHING_TO_APPROVE"}
    assert reason(sent, Action.PROVE) == dict.fromkeys(("IT", "HU", "FR"), "TRANSITION")
    assert reason(Status.BLOCKED, Action.PROVE) == dict.fromkeys(("IT", "HU", "FR"), "")
    assert reason(proposed, Action.OBJECT) == {"IT": "OWN_PROPOSAL", "HU": "", "FR": ""}
    assert reason(proposed, Action.WITHDRAW_OBJECTION) == dict.fromkeys(("IT", "HU", "FR"), "NO_OBJECTION")
    assert reason(proposed, Action.OBJECT, hours=24 * 40)["HU"] == "OBJECTIONS_OVER"
    assert reason(Status.BROADCAST, Action.EXPIRE, Flow.PROFESSIONAL_ALERT)["IT"] == "NOT_DUE"
    assert reason(Status.COMMENTING, Action.COMMENT, Flow.NOTIFICATION, hours=24 * 100)["HU"] == "COMMENTS_OVER"


def test_who_wrote_it_does_not_replace_what_another_has_to_approve() -> None:
    kind = KINDS[Flow.SERVICES_ALERT]
    sent = lives(Flow.SERVICES_ALERT)[Status.BROADCAST]
    own = replace(sent, author_id="aut_it_region")
    for caller, expected in ((IT_REGION, "FOUR_EYES"), (IT_COORDINATOR, "")):
        said = {one.action: one.refusal for one in possibilities(own, kind, as_party(caller))}
        found = said[Action.CORRECT]
        assert (found.reason if found else "") == expected
    with pytest.raises(Refusal) as refused:
        contents.require_replaceable(own, kind, Action.CORRECT, as_party(IT_REGION))
    assert refused.value.reason == "FOUR_EYES"
    for caller, expected in ((IT_REGION, "FOUR_EYES"), (IT_COORDINATOR, "")):
        (found,) = (
            one.refusal for one in possibilities(own, kind, as_party(caller)) if one.action is Action.ADD_COUNTRIES
        )
        assert (found.reason if found else "") == expected, "nor do they send it to more countries alone"
    with pytest.raises(Refusal) as refused:
        sending.add_countries(own, kind, ["AT"], as_party(IT_REGION))
    assert refused.value.reason == "FOUR_EYES"
    # That it should not have been sent, they may say.
    assert ending.withdraw(own, kind, saying("infondata"), as_party(IT_REGION)).status is Status.WITHDRAWN
