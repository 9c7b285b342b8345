"""How alerts end: unfounded is not the same as over, an objection blocks a closure, and what has run out is erased."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from chassis.caller import Caller
from services.alerts.domain import contents, duties, ending, receiving, sending
from services.alerts.domain.alerts import CLOSURES_KEPT, COMMENTS_LIMIT, VERSIONS_LIMIT, Alert, News, Party
from services.alerts.domain.ending import OBJECTIONS_LIMIT
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.receiving import OWN_COMMENTS_LIMIT
from services.alerts.domain.steps import STEPS_LIMIT
from services.alerts.domain.types import Audience, Flow
from tests.alerts.cast import (
    AT_COORDINATOR,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    as_party,
)
from tests.alerts.dangers import NOW, TYPE, a_danger, refers, written
from tests.alerts.lives import KINDS, UNTIL, a_type, form, later, lives
from tests.alerts.test_alerts import owed
from tests.alerts.threads import said
from vocabulary import countries
from vocabulary.refusals import Conflict, Forbidden, Invalid, Refusal
from vocabulary.values import FreeText, Value

SERVICES, PROFESSIONAL, NOTICE = (KINDS[flow] for flow in Flow)
# The end of the twentieth day after NOW, by the clock of Brussels.
OBJECTIONS_END = datetime(2026, 12, 14, 23, tzinfo=UTC)


def sent(established: str | None = "HU") -> Alert:
    """Broadcast to Hungary and France; where the provider is established, if anywhere."""
    values = a_danger(establishment=refers(established) if established else None)
    made = sending.submit(sending.create("AL-1", TYPE, values, as_party(ITALY)), TYPE, as_party(ITALY))
    return sending.broadcast(made, TYPE, ["HU", "FR"], as_party(IT_COORDINATOR))


def proposed() -> Alert:
    return ending.propose_closure(sent(), TYPE, as_party(HU_COORDINATOR))


def objected(by: Caller = FR_COORDINATOR) -> Alert:
    return ending.object_to_closure(proposed(), TYPE, said("il rischio c'è"), as_party(by))


def refusal(of: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as found:
        of()
    return found.value


@pytest.mark.parametrize(
    ("established", "by"),
    [("HU", "HU"), ("FR", "FR"), (None, "IT"), ("IT", "IT"), ("AT", "IT")],
)
def test_the_country_of_establishment_proposes_closure_or_the_senders_where_that_does_not_have_the_alert(
    established: str | None, by: str
) -> None:
    for caller in (IT_COORDINATOR, HU_COORDINATOR, FR_COORDINATOR):
        party = as_party(caller)
        if caller.country == by:
            after = ending.propose_closure(sent(established), TYPE, party)
            assert after.status is Status.CLOSURE_PROPOSED
            assert after.closure is not None
            assert (after.closure.country, after.closure.proposed_by) == (by, caller.authority_id)
            assert (after.closure.proposed_at, after.closure.until) == (NOW, OBJECTIONS_END)
        else:
            with pytest.raises(Forbidden):
                ending.propose_closure(sent(established), TYPE, party)


def test_a_country_that_is_warned_later_may_be_the_one_that_closes() -> None:
    before = sent("AT")
    wider = sending.add_countries(before, TYPE, ["AT"], later(as_party(IT_COORDINATOR), days=2))
    assert [(one.country, one.at) for one in wider.addressed][-1] == ("AT", NOW + timedelta(days=2))
    (due,) = owed(before, wider)
    assert (due.news, due.countries, due.authority_ids) == (News.BROADCAST, ("AT",), ())
    assert ending.propose_closure(wider, TYPE, as_party(AT_COORDINATOR)).status is Status.CLOSURE_PROPOSED


@pytest.mark.parametrize(
    ("chosen", "field", "reason"),
    [
        ([], "countries", "EMPTY"),
        (["AT", "HU"], "countries[1]", "ALREADY_ADDRESSED"),
        (["AT", "AT"], "countries[1]", "REPEATED"),
        (["IT"], "countries[0]", "OWN_COUNTRY"),
        (["XX"], "countries[0]", "UNKNOWN_COUNTRY"),
    ],
)
def test_later_recipients_are_other_countries_that_do_not_have_it(chosen: list[str], field: str, reason: str) -> None:
    found = refusal(lambda: sending.add_countries(sent(), TYPE, chosen, as_party(IT_COORDINATOR)))
    assert (type(found), found.field, found.reason) == (Invalid, field, reason)


def test_when_every_country_has_it_there_is_none_to_add() -> None:
    everybody = tuple(replace(sent().addressed[0], country=one) for one in countries.ALL if one != "IT")
    full = replace(sent(), addressed=everybody)
    found = refusal(lambda: sending.add_countries(full, TYPE, ["HU"], as_party(IT_COORDINATOR)))
    assert found.reason == "EVERYBODY_HAS_IT"


def test_a_type_for_all_countries_is_broadcast_to_every_other_one_and_to_no_choice() -> None:
    kind = a_type(Flow.PROFESSIONAL_ALERT, recipients="ALL")
    assert kind.rules.recipients is Audience.ALL
    made = sending.submit(sending.create("AL-1", kind, form(kind), as_party(ITALY)), kind, as_party(ITALY))
    whole = sending.broadcast(made, kind, [], as_party(IT_COORDINATOR))
    assert {one.country for one in whole.addressed} == set(countries.ALL) - {"IT"}
    found = refusal(lambda: sending.broadcast(made, kind, ["HU"], as_party(IT_COORDINATOR)))
    assert (found.field, found.reason) == ("countries", "NOT_CHOSEN")
    never = refusal(lambda: sending.add_countries(whole, kind, ["HU"], as_party(IT_COORDINATOR)))
    assert never.reason == "OTHER_TYPE"


def test_without_approval_its_author_sends_it() -> None:
    kind = a_type(Flow.NOTIFICATION, approval=False)
    draft = sending.create("AL-1", kind, form(kind), as_party(ITALY))
    assert refusal(lambda: sending.submit(draft, kind, as_party(ITALY))).reason == "OTHER_TYPE"
    with pytest.raises(Forbidden):
        sending.broadcast(draft, kind, ["HU"], as_party(IT_COORDINATOR))
    incomplete = sending.edit(draft, kind, {}, as_party(ITALY))
    assert not [field for field in kind.fields if field.mandatory]
    assert sending.broadcast(incomplete, kind, ["HU"], as_party(ITALY)).coordinator_id == "aut_it_labour"


def test_nobody_objects_and_it_is_closed_when_the_time_is_over() -> None:
    before = proposed()
    assert duties.due(before, TYPE)[Action.CLOSE] == OBJECTIONS_END
    assert Action.REJECT_CLOSURE not in duties.due(before, TYPE)
    early = refusal(lambda: duties.done(before, TYPE, Action.CLOSE, OBJECTIONS_END - timedelta(seconds=1)))
    assert early.reason == "NOT_DUE"
    after = duties.done(before, TYPE, Action.CLOSE, OBJECTIONS_END)
    assert (after.status, [due.news for due in owed(before, after)]) == (Status.CLOSED, [News.CLOSED])
    assert (after.history[-1].authority_id, after.history[-1].user_id) == ("", "")


def test_an_objection_blocks_the_closure_when_the_time_is_over() -> None:
    before = objected()
    assert before.status is Status.CLOSURE_PROPOSED
    assert Action.CLOSE not in duties.due(before, TYPE)
    after = duties.done(before, TYPE, Action.REJECT_CLOSURE, OBJECTIONS_END)
    assert (after.status, [due.news for due in owed(before, after)]) == (Status.BROADCAST, [News.CLOSURE_REJECTED])
    assert after.closure == before.closure, "who objected and why stays to be read"
    again = ending.propose_closure(after, TYPE, later(as_party(HU_REGION), days=30))
    assert again.closure is not None
    assert (again.closure.objections, again.closure.proposed_by) == ((), "aut_hu_region")
    assert again.earlier_closures == (before.closure,), "also when closing is proposed again"
    full = replace(after, earlier_closures=(again.closure,) * CLOSURES_KEPT)
    kept = ending.propose_closure(full, TYPE, as_party(HU_REGION)).earlier_closures
    assert (len(kept), kept[-1]) == (CLOSURES_KEPT, before.closure)


def test_once_all_objections_are_withdrawn_it_is_closed_after_all() -> None:
    both = ending.object_to_closure(objected(), TYPE, said("anche qui"), as_party(IT_COORDINATOR))
    one = ending.withdraw_objection(both, TYPE, later(as_party(FR_COORDINATOR), days=1))
    assert Action.CLOSE not in duties.due(one, TYPE)
    none = ending.withdraw_objection(one, TYPE, later(as_party(IT_REGION), days=2))
    assert [due.news for due in owed(one, none)] == [News.OBJECTION_WITHDRAWN]
    assert none.closure is not None
    assert [each.withdrawn_at for each in none.closure.objections] == [NOW + timedelta(days=1), NOW + timedelta(days=2)]
    assert duties.done(none, TYPE, Action.CLOSE, OBJECTIONS_END).status is Status.CLOSED
    again = ending.object_to_closure(none, TYPE, said("di nuovo"), later(as_party(FR_COORDINATOR), days=3))
    assert Action.CLOSE not in duties.due(again, TYPE)


def test_a_country_objects_once_with_a_reason_in_time_and_not_to_its_own_proposal() -> None:
    assert refusal(lambda: objected(HU_REGION)).reason == "OWN_PROPOSAL"
    again = refusal(lambda: ending.object_to_closure(objected(), TYPE, said("no"), as_party(FR_COORDINATOR)))
    assert again.reason == "ALREADY_OBJECTED"
    late = later(as_party(FR_COORDINATOR), days=21)
    assert refusal(lambda: ending.object_to_closure(proposed(), TYPE, said("no"), late)).reason == "OBJECTIONS_OVER"
    assert refusal(lambda: ending.withdraw_objection(objected(), TYPE, late)).reason == "OBJECTIONS_OVER"
    none = refusal(lambda: ending.withdraw_objection(objected(), TYPE, as_party(IT_COORDINATOR)))
    assert none.reason == "NO_OBJECTION"
    empty = refusal(lambda: ending.object_to_closure(proposed(), TYPE, said(" "), as_party(FR_COORDINATOR)))
    assert (empty.field, empty.reason) == ("reason.text", "EMPTY")


def test_a_country_that_changes_its_mind_does_so_a_few_times_and_keeps_nobody_else_from_objecting() -> None:
    alert, by = proposed(), as_party(FR_COORDINATOR)
    for _ in range(OBJECTIONS_LIMIT):
        alert = ending.object_to_closure(alert, TYPE, said("no"), by)
        alert = ending.withdraw_objection(alert, TYPE, by)
    found = refusal(lambda: ending.object_to_closure(alert, TYPE, said("no"), by))
    assert (found.code, found.reason) == ("CONFLICT", "TOO_MANY")
    assert ending.object_to_closure(alert, TYPE, said("no"), as_party(IT_COORDINATOR))


def test_without_a_time_for_objections_it_is_closed_by_hand() -> None:
    kind = a_type(Flow.SERVICES_ALERT, objection_days=None)
    made = sending.submit(sending.create("AL-1", kind, form(kind), as_party(ITALY)), kind, as_party(ITALY))
    out = sending.broadcast(made, kind, ["HU", "FR"], as_party(IT_COORDINATOR))
    assert (out.severity, out.established_in) == ("HIGH", "HU")
    with pytest.raises(Forbidden):
        ending.close(out, kind, said("risolto"), as_party(IT_COORDINATOR))
    closed = ending.close(out, kind, said(" risolto "), as_party(HU_COORDINATOR))
    assert (closed.status, closed.end_reason) == (Status.CLOSED, said("risolto"))


@pytest.mark.parametrize("start", [sent, proposed])
def test_what_should_not_have_been_sent_is_withdrawn_with_a_reason_and_is_not_closed(
    start: Callable[[], Alert],
) -> None:
    before = start()
    after = ending.withdraw(before, TYPE, said(" scambio di persona "), as_party(IT_REGION))
    assert (after.status, after.end_reason) == (Status.WITHDRAWN, said("scambio di persona"))
    assert [due.news for due in owed(before, after)] == [News.WITHDRAWN]
    assert set(duties.due(after, TYPE)) == {Action.BLOCK}
    empty = refusal(lambda: ending.withdraw(before, TYPE, FreeText(text="", language="it"), as_party(IT_REGION)))
    assert (empty.field, empty.reason) == ("reason.text", "EMPTY")


def test_a_correction_is_a_new_version_and_the_old_one_is_kept() -> None:
    before, values = sent(), a_danger(facts=written("altri fatti"), risk=None)
    with pytest.raises(Invalid) as missing:
        contents.replaced(before, TYPE, Action.CORRECT, values, None, as_party(IT_COORDINATOR))
    assert (missing.value.field, missing.value.reason) == ("values", "MISSING_FIELD")
    values = a_danger(facts=written("altri fatti"), establishment=refers("FR"))
    after = contents.replaced(before, TYPE, Action.CORRECT, values, said("errore"), later(as_party(IT_REGION), days=1))
    assert (after.status, after.values, after.established_in) == (Status.BROADCAST, values, "FR")
    (old,) = after.versions
    assert (old.values, old.replaced_by, old.reason) == (before.values, "aut_it_region", said("errore"))
    assert (old.replaced_at, old.action) == (NOW + timedelta(days=1), Action.CORRECT)
    same = refusal(lambda: contents.replaced(after, TYPE, Action.CORRECT, values, None, as_party(IT_REGION)))
    assert (same.field, same.reason) == ("values", "UNCHANGED")
    full = replace(after, versions=after.versions * VERSIONS_LIMIT)
    many = refusal(lambda: contents.replaced(full, TYPE, Action.CORRECT, a_danger(), None, as_party(IT_REGION)))
    assert many.reason == "TOO_MANY_VERSIONS"


def professional(status: Status = Status.BROADCAST) -> Alert:
    return lives(Flow.PROFESSIONAL_ALERT)[status]


def test_a_professional_alert_expires_by_itself_after_its_last_day_and_is_erased_three_days_later() -> None:
    before = professional()
    at = datetime(2027, 1, 31, 23, tzinfo=UTC)  # midnight in Brussels
    assert duties.due(before, PROFESSIONAL)[Action.EXPIRE] == at
    for moment in (at - timedelta(seconds=1), NOW):
        assert refusal(lambda now=moment: duties.done(before, PROFESSIONAL, Action.EXPIRE, now)).reason == "NOT_DUE"  # type: ignore[misc]
    expired = duties.done(before, PROFESSIONAL, Action.EXPIRE, at)
    assert (expired.status, [due.news for due in owed(before, expired)]) == (Status.EXPIRED, [News.EXPIRED])
    assert duties.due(expired, PROFESSIONAL) == {Action.ERASE: at + timedelta(days=3)}
    erased = duties.done(expired, PROFESSIONAL, Action.ERASE, at + timedelta(days=3))
    assert (erased.status, owed(expired, erased), duties.due(erased, PROFESSIONAL)) == (Status.DELETED, [], {})


def test_by_hand_it_expires_only_where_it_does_not_say_until_when_it_counts() -> None:
    open_ended = contents.saying(professional(), PROFESSIONAL, {**form(PROFESSIONAL), "until": Value()})
    assert refusal(lambda: ending.expire(professional(), PROFESSIONAL, as_party(IT_COORDINATOR))).reason == "NOT_DUE"
    assert ending.expire(open_ended, PROFESSIONAL, as_party(IT_COORDINATOR)).status is Status.EXPIRED
    assert Action.EXPIRE not in duties.due(open_ended, PROFESSIONAL)
    over = later(as_party(IT_COORDINATOR), days=70)
    assert ending.expire(professional(), PROFESSIONAL, over).status is Status.EXPIRED


def test_what_has_run_out_already_is_neither_submitted_nor_sent_nor_amended() -> None:
    past = {**form(PROFESSIONAL), "until": Value(date=date(2026, 11, 23))}
    draft = sending.create("AL-1", PROFESSIONAL, past, as_party(ITALY))
    submitted = professional(Status.SUBMITTED)
    for attempt in (
        lambda: sending.submit(draft, PROFESSIONAL, as_party(ITALY)),
        lambda: contents.replaced(professional(), PROFESSIONAL, Action.AMEND, past, None, as_party(IT_COORDINATOR)),
        lambda: sending.broadcast(submitted, PROFESSIONAL, ["HU"], later(as_party(IT_COORDINATOR), days=70)),
    ):
        found = refusal(attempt)
        assert (found.field, found.reason) == ("values", "PAST_DATE")
    ahead = {**form(PROFESSIONAL), "on": Value(date=date(2026, 11, 25))}
    undecided = sending.create("AL-1", PROFESSIONAL, ahead, as_party(ITALY))
    found = refusal(lambda: sending.submit(undecided, PROFESSIONAL, as_party(ITALY)))
    assert (found.field, found.reason) == ("values", "FUTURE_DATE"), "no decision, no alert"
    today = {**form(PROFESSIONAL), "until": Value(date=NOW.date())}
    assert contents.replaced(professional(), PROFESSIONAL, Action.AMEND, today, None, as_party(IT_COORDINATOR))


def test_an_appeal_is_noted_and_ends_for_everybody_to_see() -> None:
    before, by = professional(), as_party(IT_COORDINATOR)
    noted = ending.note_appeal(before, PROFESSIONAL, True, by)
    assert (noted.appeal_pending, noted.status) == (True, Status.BROADCAST)
    assert [due.news for due in owed(before, noted)] == [News.APPEAL_NOTED]
    assert refusal(lambda: ending.note_appeal(noted, PROFESSIONAL, True, by)).reason == "UNCHANGED"
    assert ending.note_appeal(noted, PROFESSIONAL, False, by).appeal_pending is False


def test_an_authority_takes_so_many_steps_and_can_always_end_what_it_sent() -> None:
    before, by = professional(), as_party(IT_COORDINATOR)
    noted = ending.note_appeal(before, PROFESSIONAL, True, by)
    tired = replace(noted, history=(*before.history, *(noted.history[-1],) * STEPS_LIMIT))
    assert refusal(lambda: ending.note_appeal(tired, PROFESSIONAL, False, by)).reason == "TOO_MANY"
    assert ending.note_appeal(tired, PROFESSIONAL, False, as_party(IT_REGION)).status is Status.BROADCAST
    assert ending.revoke(tired, PROFESSIONAL, by).status is Status.REVOKED


def test_a_revoked_alert_says_no_grounds_and_is_erased_in_time() -> None:
    noted = ending.note_appeal(professional(), PROFESSIONAL, True, as_party(IT_COORDINATOR))
    revoked = ending.revoke(noted, PROFESSIONAL, later(as_party(IT_COORDINATOR), days=1))
    assert (revoked.status, revoked.end_reason) == (Status.REVOKED, None)
    assert duties.due(revoked, PROFESSIONAL) == {Action.ERASE: NOW + timedelta(days=4)}
    erased = duties.done(revoked, PROFESSIONAL, Action.ERASE, NOW + timedelta(days=4))
    assert (erased.values, erased.appeal_pending) == ({}, False)


def notified() -> Alert:
    return lives(Flow.NOTIFICATION)[Status.BROADCAST]


def comment(alert: Alert, by: Party, words: str = "osservazioni") -> Alert:
    return receiving.comment(alert, NOTICE, "com_1", said(words), by)


def test_a_notification_is_commented_until_the_time_is_over_and_closes_then_by_itself() -> None:
    before = notified()
    end = datetime(2027, 2, 22, 23, tzinfo=UTC)
    assert before.comments_until == end == duties.due(before, NOTICE)[Action.CLOSE]
    said_it = comment(before, later(as_party(HU_COORDINATOR), days=80))
    assert (said_it.status, [due.news for due in owed(before, said_it)]) == (Status.COMMENTING, [News.COMMENTED])
    (one,) = said_it.comments
    assert (one.country, one.authority_id, one.text) == ("HU", "aut_hu_coordinator", said("osservazioni"))
    assert refusal(lambda: comment(before, later(as_party(HU_COORDINATOR), days=91))).reason == "COMMENTS_OVER"
    full = replace(said_it, comments=said_it.comments * COMMENTS_LIMIT)
    assert refusal(lambda: comment(full, as_party(FR_COORDINATOR))).reason == "TOO_MANY_COMMENTS"
    talkative = replace(said_it, comments=(replace(one, id="com_0"),) * OWN_COMMENTS_LIMIT)
    assert refusal(lambda: comment(talkative, as_party(HU_REGION))).reason == "TOO_MANY_COMMENTS"
    assert comment(talkative, as_party(FR_COORDINATOR)).status is Status.COMMENTING, "others are not kept from it"
    closed = duties.done(said_it, NOTICE, Action.CLOSE, end)
    assert (closed.status, closed.end_reason) == (Status.CLOSED, None)


@pytest.mark.parametrize("status", [Status.BROADCAST, Status.COMMENTING, Status.CLOSED])
def test_a_modified_notification_is_commented_anew_also_after_it_was_closed(status: Status) -> None:
    before = lives(Flow.NOTIFICATION)[status]
    by = later(as_party(IT_COORDINATOR), days=10)
    after = contents.replaced(before, NOTICE, Action.MODIFY, form(NOTICE, "altro"), None, by)
    assert (after.status, after.end_reason) == (Status.MODIFIED, None)
    assert after.comments_until == datetime(2027, 3, 4, 23, tzinfo=UTC)
    assert after.standstill_until == date(2026, 12, 29), "Christmas and Saint Stephen's Day are none"
    assert after.comments == before.comments


@pytest.mark.parametrize(("urgent", "until"), [(None, date(2026, 12, 16)), ("NO", date(2026, 12, 16)), ("YES", None)])
def test_a_notified_measure_waits_for_working_days_of_its_country_unless_it_is_urgent(
    urgent: str | None, until: date | None
) -> None:
    """8 December is a holiday in Italy."""
    values = {**form(NOTICE), **({"urgent": Value(codes=(urgent,))} if urgent else {})}
    made = sending.submit(sending.create("AL-1", NOTICE, values, as_party(ITALY)), NOTICE, as_party(ITALY))
    assert sending.broadcast(made, NOTICE, ["HU"], as_party(IT_COORDINATOR)).standstill_until == until


def test_the_national_coordinators_of_silent_countries_are_told_once() -> None:
    before = receiving.acknowledge(sent(), TYPE, as_party(HU_COORDINATOR))
    at = datetime(2026, 11, 27, 23, tzinfo=UTC)
    assert duties.due(before, TYPE)[Action.ESCALATE] == at
    after = duties.done(before, TYPE, Action.ESCALATE, at)
    assert {one.country: one.escalated_at for one in after.addressed} == {"HU": None, "FR": at}
    (due,) = owed(before, after)
    assert (due.news, due.national, due.countries, due.authority_ids) == (News.ESCALATED, ("FR",), (), ())
    assert Action.ESCALATE not in duties.due(after, TYPE)
    wider = sending.add_countries(after, TYPE, ["AT"], later(as_party(IT_COORDINATOR), days=10))
    assert duties.due(wider, TYPE)[Action.ESCALATE] == datetime(2026, 12, 7, 23, tzinfo=UTC)
    late = receiving.acknowledge(wider, TYPE, later(as_party(FR_COORDINATOR), days=11))
    assert late.to("FR") != wider.to("FR"), "it may still acknowledge"


def test_what_was_closed_before_a_country_acknowledged_is_awaited_anew_once_it_is_modified() -> None:
    """Nobody could acknowledge it meanwhile."""
    closed = ending.close(notified(), NOTICE, said("fatto"), as_party(IT_REGION))
    assert refusal(lambda: receiving.acknowledge(closed, NOTICE, as_party(FR_COORDINATOR))).reason == "TRANSITION"
    by = later(as_party(IT_COORDINATOR), days=100)
    modified = contents.replaced(closed, NOTICE, Action.MODIFY, form(NOTICE, "altro"), None, by)
    assert refusal(lambda: duties.done(modified, NOTICE, Action.ESCALATE, by.now)).reason == "NOT_DUE"
    at = datetime(2027, 3, 5, 23, tzinfo=UTC)
    assert NOTICE.rules.acknowledge_days == 1
    assert duties.due(modified, NOTICE)[Action.ESCALATE] == at
    escalated = duties.done(modified, NOTICE, Action.ESCALATE, at)
    assert {one.country: one.escalated_at for one in escalated.addressed} == {"HU": None, "FR": at}


def test_what_is_over_awaits_nothing_but_its_end() -> None:
    waiting = {Status.BLOCKED: {Action.ERASE}, Status.DELETED: set()}
    for flow in Flow:
        for status in (Status.CLOSED, Status.WITHDRAWN, Status.BLOCKED, Status.DELETED):
            if status in lives(flow):
                found = set(duties.due(lives(flow)[status], KINDS[flow]))
                assert found == waiting.get(status, {Action.BLOCK}), (flow, status)
    assert NOW.date() < UNTIL
    with pytest.raises(Conflict):
        duties.done(sent(), TYPE, Action.ERASE, NOW)


def test_an_alert_that_an_earlier_version_stored_is_read_and_goes_on() -> None:
    """It knew neither versions nor closures, and countries were addressed when the alert was sent."""
    known = {
        "number", "status", "type_id", "area", "author_id", "country", "values", "return_reason", "coordinator_id", "addressed",
        "information", "deliveries", "history", "created_at", "changed_at", "broadcast_at",
    }  # fmt: skip
    stored = {name: part for name, part in msgspec.to_builtins(sent()).items() if name in known}
    stored["addressed"] = [{"country": one["country"], "told": []} for one in stored["addressed"]]
    for delivery in stored["deliveries"]:
        del delivery["reach"], delivery["national"]
    read = msgspec.convert(stored, Alert)
    assert duties.due(read, TYPE) == {Action.ESCALATE: datetime(2026, 11, 27, 23, tzinfo=UTC)}
    assert [due.countries for due in map(read.delivery, ("1", "2"))] == [("IT",), ("HU", "FR")]
    assert ending.propose_closure(read, TYPE, as_party(IT_COORDINATOR)).status is Status.CLOSURE_PROPOSED
