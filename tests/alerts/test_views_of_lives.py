"""Who sees how much of an alert in every status of every flow: to whoever it is not for, it does not exist."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.alerts import storage
from services.alerts.domain import contents, duties, sending
from services.alerts.domain.alerts import Alert
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.retention import without_content
from services.alerts.domain.types import Flow
from services.alerts.domain.views import View, seen, view
from tests.alerts.cast import AUTHORITIES, COMMISSION_ID, HU_COORDINATOR, IT_COORDINATOR, ITALY, as_party, someone
from tests.alerts.dangers import AREA, NOW
from tests.alerts.lives import KINDS, commands, form, later, lives
from tests.alerts.threads import KNOWN_TO
from vocabulary.roles import UserRole
from vocabulary.values import Value

READING = {UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR, UserRole.COORDINATOR}
CELLS = [(flow, status) for flow in Flow for status in lives(flow)]
SENT = [(flow, status) for flow, status in CELLS if lives(flow)[status].is_sent]
# Steps that are the own country's to know.
OWN = {
    Action.CREATE, Action.EDIT, Action.SUBMIT, Action.RETURN, Action.DISSEMINATE, Action.ADD_INFORMATION,
    Action.REJECT_INFORMATION, Action.PROVE,
}  # fmt: skip
# What it says is not to be read any more.
SILENT = {Status.BLOCKED, Status.DELETED}


def known_to(status: Status) -> set[str]:
    return KNOWN_TO[status if status in (Status.DRAFT, Status.SUBMITTED) else Status.BROADCAST]


def shown(alert: Alert, flow: Flow, authority_id: str) -> Alert:
    who = as_party(someone(authority_id, UserRole.VIEWER))
    how = view(alert, who)
    assert how is not None
    return seen(alert, KINDS[flow], how, who)


@pytest.mark.parametrize(("flow", "status"), CELLS)
def test_it_exists_for_its_parties_only_and_is_found_in_their_lists_only(flow: Flow, status: Status) -> None:
    """A list goes by the store's index, a read by the view: both say the same of everybody."""
    alert = lives(flow)[status]
    readers = storage._indexed(alert)["readers"]
    assert isinstance(readers, list)
    for authority_id in AUTHORITIES:
        expected = None
        if authority_id in known_to(status):
            expected = View.WITHOUT_PERSONAL_DATA if authority_id == COMMISSION_ID else View.FULL
        for role in UserRole:
            who = as_party(someone(authority_id, role))
            assert view(alert, who) is (expected if role in READING else None), (authority_id, role)
        reader = as_party(someone(authority_id, UserRole.VIEWER))
        listed = bool(set(storage.readable(reader, AREA)) & set(readers)) and bool(reader.roles)
        assert listed is (authority_id in known_to(status)), authority_id


@pytest.mark.parametrize(("flow", "status"), SENT)
def test_the_commissions_copy_has_no_data_of_natural_persons_and_no_free_words_beside_the_form(
    flow: Flow, status: Status
) -> None:
    copy = shown(lives(flow)[status], flow, COMMISSION_ID)
    assert "SECRET" not in repr(copy)
    personal = {field.code for field in KINDS[flow].fields if field.personal}
    for values in (copy.values, *(one.values for one in copy.versions)):
        assert not set(values) & personal
        assert values or status in SILENT
    assert (copy.number, copy.status, copy.addressed[0].acknowledged_at) == ("AL-1", status, NOW)


def test_the_commission_reads_who_objected_to_a_closure_and_not_why() -> None:
    """To the one that is proposed, and to those that were before."""
    kind, alert = KINDS[Flow.SERVICES_ALERT], lives(Flow.SERVICES_ALERT)[Status.CLOSURE_PROPOSED]
    do, objector = commands(kind), as_party(HU_COORDINATOR)
    for _ in range(2):
        objected = do[Action.OBJECT](alert, kind, replace(objector, now=alert.changed_at))
        end = duties.due(objected, kind)[Action.REJECT_CLOSURE]
        rejected = duties.done(objected, kind, Action.REJECT_CLOSURE, end)
        alert = do[Action.PROPOSE_CLOSURE](rejected, kind, replace(as_party(IT_COORDINATOR), now=end))
    whole, copy = (shown(objected, Flow.SERVICES_ALERT, id_) for id_ in ("aut_fr_coordinator", COMMISSION_ID))
    assert whole.closure is not None
    assert [len(one.standing) for one in (*whole.earlier_closures, whole.closure)] == [1, 1]
    assert "SECRET reason" in repr(whole.closure)
    assert "SECRET reason" in repr(whole.earlier_closures)
    assert "SECRET" not in repr(copy)
    assert copy.closure is not None
    assert [[one.country for one in each.standing] for each in (*copy.earlier_closures, copy.closure)] == [
        ["HU"],
        ["HU"],
    ]


@pytest.mark.parametrize(("flow", "status"), SENT)
def test_everybody_who_has_it_sees_what_it_says_and_said_before(flow: Flow, status: Status) -> None:
    alert = lives(flow)[status]
    says = without_content(alert) if status is Status.BLOCKED else alert
    for authority_id in known_to(status) - {COMMISSION_ID}:
        copy = shown(alert, flow, authority_id)
        assert ("SECRET" in repr(copy)) is (status not in SILENT), authority_id
        for name in ("values", "versions", "comments", "closure", "end_reason", "severity", "expires_on", "late"):
            assert getattr(copy, name) == getattr(says, name), (authority_id, name)


@pytest.mark.parametrize(("flow", "status"), SENT)
def test_of_each_others_doings_countries_learn_what_concerns_all(flow: Flow, status: Status) -> None:
    alert = lives(flow)[status]
    common = [entry for entry in alert.history if entry.action not in OWN]
    by_itself = {Status.EXPIRED, *SILENT, *({Status.CLOSED} if flow is Flow.SERVICES_ALERT else ())}
    assert any(not entry.country for entry in alert.history) is (status in by_itself)
    for authority_id in known_to(status):
        steps = shown(alert, flow, authority_id).history
        assert [entry for entry in steps if entry.action not in OWN] == common
        assert {entry.country for entry in steps if entry.action in OWN} <= {AUTHORITIES[authority_id].country}


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.REVOKED, Status.DELETED])
def test_nothing_of_the_content_is_left_once_it_is_erased(status: Status) -> None:
    alert = lives(Flow.PROFESSIONAL_ALERT)[status]
    erased = status is Status.DELETED
    assert ("SECRET" not in repr(alert)) is erased
    assert (not alert.values and not alert.versions and alert.expires_on is None) is erased
    assert [entry.action for entry in alert.history][:3] == [Action.CREATE, Action.SUBMIT, Action.BROADCAST]
    assert [one.country for one in alert.addressed] == ["HU", "FR"]
    assert alert.told == ("aut_hu_labour",)


@pytest.mark.parametrize(("days", "late"), [(0, False), (3, False), (4, True), (400, True)])
def test_what_is_sent_later_after_the_decision_than_the_act_allows_is_marked_and_never_refused(
    days: int, late: bool
) -> None:
    """Before it is sent, that it would be; after that, that it was."""
    kind = KINDS[Flow.PROFESSIONAL_ALERT]
    decided = {**form(kind), "on": Value(date=NOW.date() - timedelta(days=days))}
    author, coordinator = as_party(ITALY), as_party(IT_COORDINATOR)
    draft = sending.create("AL-1", kind, decided, author)
    assert (draft.late, seen(draft, kind, View.FULL, author).late) == (False, late)
    submitted = sending.submit(draft, kind, author)
    sent = sending.broadcast(submitted, kind, ["HU"], coordinator)
    assert sent.late is late
    assert seen(sent, kind, View.FULL, as_party(HU_COORDINATOR)).late is late
    corrected = {**decided, "on": Value(date=date(2026, 11, 19))}
    amended = contents.replaced(sent, kind, Action.AMEND, corrected, None, coordinator)
    assert amended.late is True


def test_a_decision_that_is_taken_later_is_late_by_when_the_alert_is_amended() -> None:
    """And what was late once stays so: a new decision is no way to have the mark removed."""
    kind, sent = KINDS[Flow.PROFESSIONAL_ALERT], lives(Flow.PROFESSIONAL_ALERT)[Status.BROADCAST]
    taken = {**form(kind, "SECRET, on appeal"), "on": Value(date=NOW.date() + timedelta(days=30))}
    for was_late, days, late in (
        (False, 33, False),
        (False, 34, True),
        (True, 33, True),
        (True, 34, True),
    ):
        before = replace(sent, late=was_late)
        by = later(as_party(IT_COORDINATOR), days=days)
        assert contents.replaced(before, kind, Action.AMEND, taken, None, by).late is late, (was_late, days)
    # A date that was mistyped is put right, and what is said of it with it.
    typed = {**taken, "on": Value(date=NOW.date() - timedelta(days=1))}
    by = later(as_party(IT_COORDINATOR), days=33)
    assert contents.replaced(replace(sent, late=True), kind, Action.AMEND, typed, None, by).late is False


def test_without_a_decision_nothing_is_late() -> None:
    kind = KINDS[Flow.PROFESSIONAL_ALERT]
    draft = sending.create("AL-1", kind, {"subject": form(kind)["subject"]}, as_party(ITALY))
    assert not contents.is_late(draft, kind, NOW + timedelta(days=1000))
    assert not contents.is_late(lives(Flow.SERVICES_ALERT)[Status.BROADCAST], KINDS[Flow.SERVICES_ALERT], NOW)
