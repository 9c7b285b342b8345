"""Commands by anybody in any order, while time passes: no sequence leaves the tables, and nothing that was said is unsaid."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.domain import duties
from services.alerts.domain.alerts import Alert, InformationStatus, News, Party, system
from services.alerts.domain.lifecycle import Action, Side, Status
from services.alerts.domain.steps import standing
from services.alerts.domain.types import AlertType, Flow
from tests.alerts.cast import COMMISSION, as_party, someone
from tests.alerts.dangers import NOW
from tests.alerts.lives import KINDS, commands, lives
from tests.alerts.test_alerts import owed
from tests.alerts.test_lifecycle import expected
from vocabulary.refusals import Refusal
from vocabulary.roles import UserRole

BUSY = (UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR)
PEOPLE = [
    *(someone(f"aut_it_{name}", *BUSY) for name in ("labour", "coordinator", "region")),
    *(someone(f"aut_hu_{name}", *BUSY) for name in ("labour", "coordinator", "nimic")),
    someone("aut_fr_coordinator", *BUSY),
    someone("aut_at_coordinator", *BUSY),
    someone("aut_it_labour", UserRole.VIEWER),
    COMMISSION,
]
NEWS_OF = {
    Action.SUBMIT: [News.SUBMITTED],
    Action.RETURN: [News.RETURNED],
    Action.BROADCAST: [News.BROADCAST],
    Action.ADD_COUNTRIES: [News.BROADCAST],
    Action.DISSEMINATE: [News.DISSEMINATED],
    Action.ADD_INFORMATION: [News.INFORMATION_PROPOSED],
    Action.APPROVE_INFORMATION: [News.INFORMATION],
    Action.REJECT_INFORMATION: [News.INFORMATION_REJECTED],
    Action.CORRECT: [News.CORRECTED],
    Action.WITHDRAW: [News.WITHDRAWN],
    Action.PROPOSE_CLOSURE: [News.CLOSURE_PROPOSED],
    Action.OBJECT: [News.OBJECTED],
    Action.WITHDRAW_OBJECTION: [News.OBJECTION_WITHDRAWN],
    Action.CLOSE: [News.CLOSED],
    Action.REJECT_CLOSURE: [News.CLOSURE_REJECTED],
    Action.AMEND: [News.AMENDED],
    Action.NOTE_APPEAL: [News.APPEAL_NOTED],
    Action.REVOKE: [News.REVOKED],
    Action.EXPIRE: [News.EXPIRED],
    Action.MODIFY: [News.MODIFIED],
    Action.COMMENT: [News.COMMENTED],
    Action.ESCALATE: [News.ESCALATED],
}
# Told to everybody who has the alert, wherever it is.
TO_ALL = set(NEWS_OF) - {
    Action.SUBMIT, Action.RETURN, Action.BROADCAST, Action.ADD_COUNTRIES, Action.DISSEMINATE, Action.ADD_INFORMATION,
    Action.REJECT_INFORMATION, Action.ESCALATE,
}  # fmt: skip
ERASING = {Action.DELETE, Action.ERASE}
REWRITING = {Action.EDIT, Action.CORRECT, Action.AMEND, Action.MODIFY, *ERASING}


def taken(alert: Alert, kind: AlertType, by: Party, random: Random) -> Alert:
    """*alert* after a step that somebody tries to take, one that the status allows more often than others; or after time has acted."""
    if by.is_system:
        action = random.choice(duties.BY_ITSELF)
        return duties.done(alert, kind, action, by.now)
    do = commands(kind)
    possible = [action for status, action in expected(kind.rules.flow, kind.rules) if status is alert.status]
    return do[random.choice([*[action for action in possible if action in do] * 4, *do])](alert, kind, by)


@settings(deadline=None)
@given(st.sampled_from(Flow), st.integers(5, 40), st.randoms(), st.data())
def test_no_sequence_of_commands_leaves_the_table_or_unsays_anything(
    flow: Flow, count: int, random: Random, data: st.DataObject
) -> None:
    kind, now = KINDS[flow], NOW
    start = data.draw(st.sampled_from([*lives(flow).values()]))
    alert = start
    for _ in range(count):
        now += timedelta(days=random.choice((0, 0, 0, 1, 4, 30, 400)))
        by = random.choice([*(replace(as_party(caller), now=now) for caller in PEOPLE), system(now)])
        before = alert
        try:
            alert = taken(before, kind, by, random)
        except Refusal:
            continue
        action = alert.history[-1].action
        who, after = expected(flow, kind.rules)[before.status, action]
        acted = standing(before, kind, by) & set(who)
        assert any(side is Side.SYSTEM or by.roles & who[side] for side in acted)
        assert alert.status is after
        unnamed = tuple(replace(entry, user_id="") for entry in before.history)
        assert alert.history[:-1] == (unnamed if action in ERASING else before.history)
        assert (alert.history[-1].user_id, alert.changed_at) == ("" if action in ERASING else by.user_id, now)
        told = owed(before, alert)
        assert [one.news for one in told] == NEWS_OF.get(action, [])
        if action in TO_ALL:
            assert set(told[0].authority_ids) == {alert.author_id, *alert.told}
            assert list(told[0].countries) == [alert.country, *(one.country for one in alert.addressed)]
        assert (alert.number, alert.author_id, alert.created_at) == (start.number, start.author_id, start.created_at)
        assert action in REWRITING or alert.values == before.values
        assert_nothing_unsaid(before, alert, action)
    assert [one.id for one in alert.deliveries] == [str(number + 1) for number in range(len(alert.deliveries))]


def assert_nothing_unsaid(before: Alert, after: Alert, action: Action) -> None:
    """Once addressed, acknowledged, told and shared, always so; nobody is told by a country that has not acknowledged."""
    earlier = [one.country for one in before.addressed]
    assert [one.country for one in after.addressed][: len(earlier)] == earlier
    for old in before.addressed:
        new = after.to(old.country)
        assert new is not None
        assert new.told[: len(old.told)] == old.told
        assert old.acknowledged_at in (None, new.acknowledged_at)
        assert old.escalated_at in (None, new.escalated_at)
    assert all(one.acknowledged_at or not one.told for one in after.addressed)
    assert not any(
        one.acknowledged_at and one.escalated_at and one.escalated_at > one.acknowledged_at for one in after.addressed
    )
    if action in ERASING:
        assert "SECRET" not in repr(after)
        return
    assert after.versions[: len(before.versions)] == before.versions
    assert len(after.versions) - len(before.versions) == (action in REWRITING and before.is_sent)
    if len(after.versions) > len(before.versions):
        assert after.versions[-1].values == before.values
    assert after.comments[: len(before.comments)] == before.comments
    for one, later_on in zip(before.information, after.information, strict=False):
        assert replace(later_on, status=one.status, rejection_reason=one.rejection_reason) == one
        assert one.status in (InformationStatus.PROPOSED, later_on.status)
    assert len(after.information) >= len(before.information)
    assert after.proofs[: len(before.proofs)] == before.proofs


@settings(deadline=None)
@given(st.sampled_from(Flow), st.data(), st.integers(0, 1_600), st.randoms())
def test_what_the_system_did_is_not_due_any_more_and_what_it_does_ends(
    flow: Flow, data: st.DataObject, days: int, random: Random
) -> None:
    kind = KINDS[flow]
    alert = data.draw(st.sampled_from([*lives(flow).values()]))
    now = NOW + timedelta(days=days)
    for _ in range(10):
        due = [action for action, at in duties.due(alert, kind).items() if at <= now]
        if not due:
            break
        action = random.choice(due)
        alert = duties.done(alert, kind, action, now)
        assert duties.due(alert, kind).get(action) is None or duties.due(alert, kind)[action] > now
    else:
        raise AssertionError("it never ends")
    assert alert.status is not Status.CLOSURE_PROPOSED or alert.closure is not None
