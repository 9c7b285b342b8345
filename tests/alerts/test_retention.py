"""How long what an alert says is kept: blocked some months after its end, erased three years after it, read in between as proof."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts import storage
from services.alerts.domain import contents, duties, retention, sending
from services.alerts.domain.alerts import Alert, HistoryEntry, News
from services.alerts.domain.filters import EVERYTHING, Filter, Severity, matches
from services.alerts.domain.lifecycle import ENDED, Action, Status
from services.alerts.domain.publishing import MONTHS_LIMIT
from services.alerts.domain.types import AlertType, Flow
from services.alerts.domain.views import View, proven, seen, view
from tests.alerts.cast import (
    AUTHORITIES,
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HUNGARY,
    IT_COORDINATOR,
    ITALY,
    as_party,
    someone,
)
from tests.alerts.dangers import NOW, TYPE
from tests.alerts.lives import KINDS, a_type, commands, form, later, lives
from tests.alerts.test_alerts import owed
from tests.alerts.threads import said
from tests.cells import cell
from vocabulary.days import BRUSSELS, months_after
from vocabulary.proofs import PROOFS_LIMIT, Ground
from vocabulary.refusals import Conflict, Forbidden, Refusal
from vocabulary.roles import UserRole
from vocabulary.values import FreeText

INSTANT = timedelta(microseconds=1)
ERASED_AFTER_YEARS = 3
UNERASED = a_type(Flow.PROFESSIONAL_ALERT, expiry_field=None, erase_days=None)
# Of every flow in which alerts are blocked, how they end.
ENDINGS = {
    Flow.SERVICES_ALERT: (Status.CLOSED, Status.WITHDRAWN),
    Flow.PROFESSIONAL_ALERT: (Status.EXPIRED, Status.REVOKED),
    Flow.NOTIFICATION: (Status.CLOSED, Status.WITHDRAWN),
}


def of(flow: Flow, months: int = 6) -> AlertType:
    """A type of *flow* that is blocked after so many *months*."""
    kind = UNERASED if flow is Flow.PROFESSIONAL_ALERT else KINDS[flow]
    return replace(kind, rules=replace(kind.rules, retention_months=months))


def unnamed(alert: Alert) -> tuple[HistoryEntry, ...]:
    """What was done with *alert*, and not by which official."""
    return tuple(replace(entry, user_id="") for entry in alert.history)


def refusal(alert: Alert, kind: AlertType, action: Action, now: datetime) -> str:
    with pytest.raises(Conflict) as found:
        duties.done(alert, kind, action, now)
    return found.value.reason


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 40),
)
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month_and_never_later(at: datetime, months: int) -> None:
    before, after = at.astimezone(BRUSSELS), months_after(at, months).astimezone(BRUSSELS)
    assert (after.year - before.year) * 12 + after.month - before.month == months
    assert after.day == min(before.day, monthrange(after.year, after.month)[1])


@pytest.mark.parametrize(
    ("at", "months", "expected"),
    [
        ("2026-08-31T10:00:00+00:00", 6, "2027-02-28T11:00:00+00:00"),
        ("2027-08-30T10:00:00+00:00", 6, "2028-02-29T11:00:00+00:00"),
        ("2026-11-24T12:00:00+00:00", 18, "2028-05-24T11:00:00+00:00"),
        ("2028-02-29T12:00:00+00:00", 36, "2031-02-28T12:00:00+00:00"),
        # It is the next year in Brussels already.
        ("2026-12-31T23:30:00+00:00", 36, "2029-12-31T23:30:00+00:00"),
    ],
)
def test_months_are_counted_in_brussels(at: str, months: int, expected: str) -> None:
    assert months_after(datetime.fromisoformat(at), months).isoformat() == expected


@pytest.mark.parametrize("flow", sorted(ENDINGS))
def test_what_has_ended_is_blocked_after_the_months_of_its_type_and_erased_three_years_after_its_end(
    flow: Flow,
) -> None:
    """At that moment, and not before; told to nobody; and late blocking does not put erasure off."""
    for status in ENDINGS[flow]:
        for months in (1, 6, MONTHS_LIMIT):
            for late in (timedelta(), timedelta(days=200)):
                with cell(status, months, late):
                    kind, alert = of(flow, months), lives(flow)[status]
                    ended = alert.history[-1].at
                    blocked_at, erased_at = months_after(ended, months), months_after(ended, 12 * ERASED_AFTER_YEARS)
                    assert duties.due(alert, kind) == {Action.BLOCK: blocked_at}
                    assert refusal(alert, kind, Action.BLOCK, blocked_at - INSTANT) == "NOT_DUE"
                    assert refusal(alert, kind, Action.ERASE, erased_at) == "NOT_DUE"
                    blocked = duties.done(alert, kind, Action.BLOCK, blocked_at + late)
                    assert (blocked.status, owed(alert, blocked)) == (Status.BLOCKED, [])
                    assert duties.due(blocked, kind) == {Action.ERASE: erased_at}
                    assert refusal(blocked, kind, Action.ERASE, erased_at - INSTANT) == "NOT_DUE"
                    erased = duties.done(blocked, kind, Action.ERASE, erased_at)
                    assert (erased.status, owed(blocked, erased), duties.due(erased, kind)) == (Status.DELETED, [], {})
                    assert "SECRET" in repr(blocked)
                    assert "SECRET" not in repr(erased)
                    assert [one.country for one in erased.addressed] == ["HU", "FR"]
                    assert blocked.history[:-1] == alert.history
                    assert erased.history[:-1] == unnamed(blocked), "which official took a step is not kept"


def test_what_the_system_slept_through_is_done_in_its_order() -> None:
    kind, alert = TYPE, lives(Flow.SERVICES_ALERT)[Status.CLOSED]
    years_later = NOW + timedelta(days=4_000)
    blocked = duties.done(alert, kind, Action.BLOCK, years_later)
    assert duties.done(blocked, kind, Action.ERASE, years_later).status is Status.DELETED


def test_the_months_run_anew_for_what_is_modified_after_it_was_closed() -> None:
    kind, closed = KINDS[Flow.NOTIFICATION], lives(Flow.NOTIFICATION)[Status.CLOSED]
    by = later(as_party(IT_COORDINATOR), days=150)
    modified = contents.replaced(closed, kind, Action.MODIFY, form(kind, "altro"), None, by)
    assert Action.BLOCK not in duties.due(modified, kind)
    again = commands(kind)[Action.CLOSE](modified, kind, by)
    assert duties.due(again, kind) == {Action.BLOCK: months_after(by.now, 6)}
    blocked = duties.done(again, kind, Action.BLOCK, months_after(by.now, 6))
    assert duties.due(blocked, kind) == {Action.ERASE: months_after(by.now, 36)}
    with pytest.raises(Conflict) as late:
        contents.replaced(blocked, kind, Action.MODIFY, form(kind, "altro"), None, by)
    assert late.value.reason == "TRANSITION"


def test_what_its_act_has_erased_within_days_is_never_blocked() -> None:
    for status in ENDINGS[Flow.PROFESSIONAL_ALERT]:
        assert set(duties.due(lives(Flow.PROFESSIONAL_ALERT)[status], KINDS[Flow.PROFESSIONAL_ALERT])) == {Action.ERASE}


@pytest.mark.parametrize("flow", sorted(ENDINGS))
def test_what_has_not_ended_is_never_blocked(flow: Flow) -> None:
    for status, alert in lives(flow).items():
        if status not in ENDED:
            assert not duties.HIDING & set(duties.due(alert, of(flow))), status
            assert refusal(alert, of(flow), Action.BLOCK, NOW + timedelta(days=10_000)) == "NOT_DUE"


@pytest.mark.parametrize("flow", [Flow.SERVICES_ALERT, Flow.NOTIFICATION])
def test_nothing_is_found_by_what_is_blocked(flow: Flow) -> None:
    """Neither by a list nor by a filter, though it is listed and delivered as one that says nothing."""
    kind, alert = KINDS[flow], lives(flow)[Status.BLOCKED]
    assert storage._indexed(alert)["severity"] == ""
    shown = seen(alert, kind, View.FULL, as_party(HU_COORDINATOR))
    assert matches(EVERYTHING, News.CLOSED, shown, kind)
    for severity in Severity:
        assert not matches(Filter(severities=(severity,)), News.CLOSED, shown, kind)


@pytest.mark.parametrize("flow", [Flow.SERVICES_ALERT, Flow.NOTIFICATION])
def test_what_is_blocked_is_proved_by_coordinators_of_its_countries_and_by_nobody_else(flow: Flow) -> None:
    """In each role of each authority."""
    kind, alert = KINDS[flow], lives(flow)[Status.BLOCKED]
    may = {f"aut_{country}_{name}" for country in ("it", "hu", "fr") for name in ("coordinator", "region", "nimic")}
    for authority_id in AUTHORITIES:
        for role in UserRole:
            with cell(authority_id, role):
                who = later(as_party(someone(authority_id, role)), days=300)
                if authority_id in may and role is UserRole.COORDINATOR:
                    after = retention.prove(alert, kind, Ground.PUBLIC_INTEREST, said("per il giudice"), who)
                    assert (after.status, owed(alert, after)) == (Status.BLOCKED, [])
                    assert (after.proofs[-1].authority_id, after.proofs[-1].at) == (authority_id, who.now)
                    assert after.history[-1].action is Action.PROVE
                    assert "SECRET" in repr(proven(after, kind, who))
                    assert duties.due(after, kind) == duties.due(alert, kind)
                else:
                    with pytest.raises(Forbidden):
                        retention.prove(alert, kind, Ground.CONSENT, said("per il giudice"), who)


def test_only_what_is_blocked_is_proved_and_with_a_reason_and_so_often() -> None:
    def refused(alert: Alert, reason: FreeText) -> Refusal:
        with pytest.raises(Refusal) as found:
            retention.prove(alert, TYPE, Ground.CONSENT, reason, as_party(HU_COORDINATOR))
        return found.value

    for status, alert in lives(Flow.SERVICES_ALERT).items():
        if status not in (Status.DRAFT, Status.SUBMITTED, Status.BLOCKED):
            assert refused(alert, said("prova")).reason == "TRANSITION", status
    blocked = lives(Flow.SERVICES_ALERT)[Status.BLOCKED]
    assert refused(blocked, said(" ")).field == "reason.text"
    full = replace(blocked, proofs=blocked.proofs * PROOFS_LIMIT)
    assert refused(full, said("prova")).reason == "TOO_MANY_PROOFS"


def test_who_has_proved_it_is_seen_by_coordinators_of_the_same_country_and_why_until_it_is_erased() -> None:
    alert = lives(Flow.SERVICES_ALERT)[Status.BLOCKED]
    nimic = someone("aut_hu_nimic", UserRole.VIEWER)
    for caller, sees in (
        (HU_COORDINATOR, True),
        (nimic, True),
        (HUNGARY, False),
        (IT_COORDINATOR, False),
        (ITALY, False),
        (FR_COORDINATOR, False),
        (COMMISSION, False),
    ):
        how = view(alert, as_party(caller))
        assert how is not None
        shown = seen(alert, TYPE, how, as_party(caller))
        assert [one.reason for one in shown.proofs] == ([said("per il giudice")] if sees else []), caller
        assert (Action.PROVE in {entry.action for entry in shown.history}) is sees, caller
    assert (HU_COORDINATOR.user_id in repr(alert.proofs), HU_COORDINATOR.user_id in repr(alert.history)) == (True, True)
    erased = lives(Flow.SERVICES_ALERT)[Status.DELETED]
    assert "usr_" not in repr(erased)
    (proof,) = erased.proofs
    assert (proof.authority_id, proof.ground, proof.reason) == ("aut_hu_coordinator", Ground.CONSENT, None)


def test_a_draft_is_deleted_by_its_author_and_then_nobody_knows_of_it() -> None:
    """Also one that was sent back: nothing of it has crossed a border."""
    for flow in Flow:
        kind = KINDS[flow]
        drafts = [lives(flow)[Status.DRAFT]]
        if kind.rules.approval:
            submitted = lives(flow)[Status.SUBMITTED]
            drafts.append(sending.send_back(submitted, kind, said("SECRET"), as_party(IT_COORDINATOR)))
        for draft in drafts:
            with cell(flow, len(draft.history)):
                deleted = sending.delete(draft, kind, as_party(ITALY))
                assert (deleted.status, owed(draft, deleted), deleted.values) == (Status.DELETED, [], {})
                assert "SECRET" not in repr(deleted)
                assert (deleted.number, deleted.history[:-1]) == (draft.number, unnamed(draft))
                assert "usr_" not in repr(deleted), "not even who deleted it"
                assert storage._indexed(deleted)["readers"] == []
                assert duties.due(deleted, kind) == {}
                for authority_id in AUTHORITIES:
                    everything = as_party(someone(authority_id, *UserRole))
                    assert view(deleted, everything) is None, authority_id


def test_what_was_submitted_is_not_deleted() -> None:
    for flow in Flow:
        for status, alert in lives(flow).items():
            if status is not Status.DRAFT:
                with pytest.raises(Conflict) as found:
                    sending.delete(alert, KINDS[flow], as_party(ITALY))
                assert found.value.reason == "TRANSITION"
    for colleague in ("aut_it_trade", "aut_it_coordinator", "aut_hu_coordinator"):
        with pytest.raises(Forbidden):
            sending.delete(
                lives(Flow.SERVICES_ALERT)[Status.DRAFT], TYPE, as_party(someone(colleague, UserRole.COORDINATOR))
            )
    viewer = as_party(someone("aut_it_labour", UserRole.VIEWER))
    with pytest.raises(Forbidden):
        sending.delete(lives(Flow.SERVICES_ALERT)[Status.DRAFT], TYPE, viewer)
