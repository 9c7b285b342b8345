"""The rules of alerts: two authorities decide, each country answers once, each delivery names exactly whom it is for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.caller import Caller
from services.alerts.domain import receiving, sending
from services.alerts.domain.alerts import (
    INFORMATION_LIMIT,
    TOLD_LIMIT,
    WAITING_LIMIT,
    Addressed,
    Alert,
    Delivery,
    Information,
    InformationStatus,
    News,
    Party,
)
from services.alerts.domain.lifecycle import Action, Status
from services.alerts.domain.types import Flow
from services.alerts.domain.views import View, seen
from tests.alerts.cast import (
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    as_party,
    someone,
)
from tests.alerts.dangers import NOW, TYPE, a_danger, written
from tests.alerts.lives import KINDS, lives
from tests.alerts.threads import ADDRESSED, acknowledged, ruled, said
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal
from vocabulary.roles import UserRole
from vocabulary.values import FreeText

LATER = NOW + timedelta(hours=6)


def later(caller: Caller) -> Party:
    return replace(as_party(caller), now=LATER)


def owed(before: Alert, after: Alert) -> list[Delivery]:
    """What the step from *before* to *after* has made due."""
    assert after.deliveries[: len(before.deliveries)] == before.deliveries
    return [after.delivery(one.id) for one in after.deliveries[len(before.deliveries) :]]


def due(
    alert: Alert,
    news: News,
    *,
    countries: tuple[str, ...] = (),
    authority_ids: tuple[str, ...] = (),
    besides: str = "",
) -> Delivery:
    number = str(len(alert.deliveries) + 1)
    return Delivery(id=number, news=news, countries=countries, authority_ids=authority_ids, besides=besides)


def proposed(alert: Alert, by: Caller = HUNGARY, id_: str = "inf_1") -> Alert:
    return receiving.add_information(alert, TYPE, id_, said("visto a Budapest"), as_party(by))


def told(alert: Alert, *ids: str) -> Alert:
    return receiving.disseminate(alert, TYPE, ids, as_party(HU_COORDINATOR))


def test_a_new_alert_is_a_draft_of_its_author_which_may_be_incomplete() -> None:
    new = sending.create("AL-1", TYPE, {"subject": written("x")}, as_party(ITALY))
    assert (new.status, new.type_id, new.area) == (Status.DRAFT, "services:1", "services")
    assert (new.author_id, new.country, new.created_at, new.changed_at) == ("aut_it_labour", "IT", NOW, NOW)
    assert (new.addressed, new.information, new.deliveries) == ((), (), ())
    assert [(entry.action, entry.before, entry.after) for entry in new.history] == [(Action.CREATE, None, Status.DRAFT)]


@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(COMMISSION, id="the Commission"),
        pytest.param(someone("aut_hu_requests", UserRole.ALERT_HANDLER), id="an authority without alerts"),
    ],
)
def test_only_an_authority_that_takes_part_writes_alerts(caller: Caller) -> None:
    with pytest.raises(Forbidden, match="does not take part in alerts about services"):
        sending.create("AL-1", TYPE, a_danger(), as_party(caller))


def test_a_draft_is_replaced_as_a_whole_and_keeps_the_reason_of_its_return() -> None:
    draft = ruled(Status.DRAFT)
    edited = sending.edit(draft, TYPE, {"subject": written("altro")}, later(ITALY))
    assert edited.values == {"subject": written("altro")}
    assert (edited.return_reason, edited.created_at, edited.changed_at) == (said("troppo vago"), NOW, LATER)


@pytest.mark.parametrize("missing", [field.code for field in TYPE.fields if field.mandatory])
def test_what_is_incomplete_is_not_submitted(missing: str) -> None:
    draft = sending.edit(ruled(Status.DRAFT), TYPE, a_danger(**{missing: None}), as_party(ITALY))
    with pytest.raises(Invalid, match=missing) as refused:
        sending.submit(draft, TYPE, as_party(ITALY))
    assert (refused.value.field, refused.value.reason) == ("values", "MISSING_FIELD")


def test_what_may_be_left_out_is_not_asked_for() -> None:
    optional = dict.fromkeys(field.code for field in TYPE.fields if not field.mandatory)
    assert set(optional) == {"provider", "establishment", "measures", "since"}
    draft = sending.edit(ruled(Status.DRAFT), TYPE, a_danger(**optional), as_party(ITALY))
    assert sending.submit(draft, TYPE, as_party(ITALY)).status is Status.SUBMITTED


def test_a_submitted_alert_waits_for_the_coordinators_of_its_own_country() -> None:
    draft = ruled(Status.DRAFT)
    after = sending.submit(draft, TYPE, later(ITALY))
    assert owed(draft, after) == [due(draft, News.SUBMITTED, countries=("IT",), besides=draft.author_id)]
    assert (after.return_reason, after.changed_at) == (None, LATER)


def test_a_returned_alert_goes_back_to_its_author_with_the_reason() -> None:
    before = ruled(Status.SUBMITTED)
    after = sending.send_back(before, TYPE, said("  troppo vago "), later(IT_REGION))
    assert (after.status, after.return_reason, after.values) == (Status.DRAFT, said("troppo vago"), before.values)
    assert owed(before, after) == [due(before, News.RETURNED, authority_ids=("aut_it_labour",))]


def test_a_broadcast_alert_goes_to_the_coordinators_of_the_chosen_countries() -> None:
    before = ruled(Status.SUBMITTED)
    after = sending.broadcast(before, TYPE, ["FR", "HU"], later(IT_COORDINATOR))
    assert after.addressed == (Addressed(country="FR", at=LATER), Addressed(country="HU", at=LATER))
    assert (after.coordinator_id, after.broadcast_at) == ("aut_it_coordinator", LATER)
    assert owed(before, after) == [due(before, News.BROADCAST, countries=("FR", "HU"))]


@pytest.mark.parametrize(
    ("chosen", "field", "reason"),
    [
        ([], "countries", "EMPTY"),
        (["HU", "IT"], "countries[1]", "OWN_COUNTRY"),
        (["HU", "FR", "HU"], "countries[2]", "REPEATED"),
        (["GR"], "countries[0]", "UNKNOWN_COUNTRY"),
        (["HU", "EU"], "countries[1]", "UNKNOWN_COUNTRY"),
        (["hu"], "countries[0]", "UNKNOWN_COUNTRY"),
    ],
)
def test_an_unfit_choice_of_countries_is_refused_by_name(chosen: list[str], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        sending.broadcast(ruled(Status.SUBMITTED), TYPE, chosen, as_party(IT_COORDINATOR))
    assert (refused.value.field, refused.value.reason) == (field, reason)


DECIDE: dict[str, Callable[[Alert, Party], Alert]] = {
    "return": lambda alert, by: sending.send_back(alert, TYPE, said("no"), by),
    "broadcast": lambda alert, by: sending.broadcast(alert, TYPE, ADDRESSED, by),
}


@pytest.mark.parametrize("decision", DECIDE)
def test_a_coordinator_does_not_decide_about_its_own_alert(decision: str) -> None:
    """Whoever of the authority acts: the other authority may be the national coordinator."""
    own = replace(ruled(Status.SUBMITTED), author_id="aut_it_coordinator")
    with pytest.raises(Forbidden) as refused:
        DECIDE[decision](own, replace(as_party(IT_COORDINATOR), user_id="usr_colleague"))
    assert refused.value.reason == "FOUR_EYES"
    for other in (IT_REGION, someone("aut_it_nimic", UserRole.COORDINATOR)):
        assert DECIDE[decision](own, as_party(other)).status is not Status.SUBMITTED


def test_each_country_acknowledges_once_for_all_its_coordinators() -> None:
    before = ruled()
    after = receiving.acknowledge(before, TYPE, later(HU_COORDINATOR))
    hungary = Addressed(country="HU", at=NOW, acknowledged_at=LATER, acknowledged_by="aut_hu_coordinator")
    assert after.addressed == (hungary, Addressed(country="FR", at=NOW))
    assert owed(before, after) == []
    for again in (HU_COORDINATOR, HU_REGION):
        with pytest.raises(Conflict) as refused:
            receiving.acknowledge(after, TYPE, as_party(again))
        assert refused.value.reason == "ALREADY_ACKNOWLEDGED"
    france = receiving.acknowledge(after, TYPE, as_party(FR_COORDINATOR)).to("FR")
    assert france == Addressed(country="FR", at=NOW, acknowledged_at=NOW, acknowledged_by="aut_fr_coordinator")


def test_an_alert_is_passed_on_only_where_it_is_acknowledged() -> None:
    only_france = receiving.acknowledge(ruled(), TYPE, as_party(FR_COORDINATOR))
    with pytest.raises(Conflict) as refused:
        told(only_france, "aut_hu_labour")
    assert refused.value.reason == "NOT_ACKNOWLEDGED"
    assert told(acknowledged(), "aut_hu_labour").told == ("aut_hu_labour",)


def test_whoever_is_told_is_told_once() -> None:
    first = told(acknowledged(), "aut_hu_labour", "aut_hu_labour")
    assert owed(acknowledged(), first) == [due(acknowledged(), News.DISSEMINATED, authority_ids=("aut_hu_labour",))]
    second = told(first, "aut_hu_labour", "aut_hu_trade")
    assert owed(first, second) == [due(first, News.DISSEMINATED, authority_ids=("aut_hu_trade",))]
    own = second.to("HU")
    assert own is not None
    assert own.told == second.told == ("aut_hu_labour", "aut_hu_trade")
    for nobody_new in ([], ["aut_hu_trade", "aut_hu_labour"]):
        with pytest.raises(Invalid) as refused:
            told(second, *nobody_new)
        assert (refused.value.field, refused.value.reason) == ("authorityIds", "EMPTY")


def test_a_country_tells_so_many_authorities_and_no_more() -> None:
    full = told(acknowledged(), *(f"aut_{number}" for number in range(TOLD_LIMIT)))
    with pytest.raises(Invalid) as refused:
        told(full, "aut_hu_labour")
    assert (refused.value.field, refused.value.reason) == ("authorityIds", "TOO_MANY")
    france = receiving.disseminate(full, TYPE, ["aut_fr_labour"], as_party(FR_COORDINATOR))
    assert france.told[-1] == "aut_fr_labour"


def test_added_information_waits_for_the_coordinators_of_the_country_that_added_it() -> None:
    before = told(acknowledged(), "aut_hu_labour")
    after = receiving.add_information(before, TYPE, "inf_1", said(" visto "), later(HUNGARY))
    assert after.information == (
        Information(
            id="inf_1",
            authority_id="aut_hu_labour",
            country="HU",
            status=InformationStatus.PROPOSED,
            text=said("visto"),
            at=LATER,
        ),
    )
    assert owed(before, after) == [due(before, News.INFORMATION_PROPOSED, countries=("HU",), besides="aut_hu_labour")]


def test_approved_information_reaches_every_party() -> None:
    before = proposed(proposed(told(acknowledged(), "aut_hu_labour")), ITALY, "inf_2")
    after = receiving.approve_information(before, TYPE, "inf_1", as_party(HU_REGION))
    assert [one.status for one in after.information] == [InformationStatus.SHARED, InformationStatus.PROPOSED]
    assert after.information[1] == before.information[1]
    everybody = due(
        before,
        News.INFORMATION,
        countries=("IT", "HU", "FR"),
        authority_ids=("aut_it_labour", "aut_hu_labour"),
    )
    assert owed(before, after) == [everybody]


def test_information_is_approved_by_another_authority_of_the_country_that_added_it() -> None:
    alert = proposed(told(acknowledged(), "aut_hu_labour"), HU_COORDINATOR)
    with pytest.raises(Forbidden) as refused:
        receiving.approve_information(alert, TYPE, "inf_1", as_party(HU_COORDINATOR))
    assert refused.value.reason == "FOUR_EYES"
    for foreign in (IT_COORDINATOR, FR_COORDINATOR):
        with pytest.raises(NotFound) as hidden:
            receiving.approve_information(alert, TYPE, "inf_1", as_party(foreign))
        with pytest.raises(NotFound) as absent:
            receiving.approve_information(alert, TYPE, "inf_9", as_party(foreign))
        assert hidden.value.field == absent.value.field == "informationId"
        assert hidden.value.message.replace("inf_1", "inf_9") == absent.value.message
    for other in (HU_REGION, someone("aut_hu_nimic", UserRole.COORDINATOR)):
        approved = receiving.approve_information(alert, TYPE, "inf_1", as_party(other))
        assert approved.information[0].status is InformationStatus.SHARED


def test_information_that_is_not_shared_is_told_with_the_reason_to_who_proposed_it_and_to_nobody_else() -> None:
    before = proposed(proposed(told(acknowledged(), "aut_hu_labour")), ITALY, "inf_2")
    after = receiving.reject_information(before, TYPE, "inf_1", said(" nem igaz ", "hu"), as_party(HU_REGION))
    rejected = after.information[0]
    assert rejected == replace(
        before.information[0], status=InformationStatus.REJECTED, rejection_reason=said("nem igaz", "hu")
    )
    assert after.information[1] == before.information[1]
    assert owed(before, after) == [due(before, News.INFORMATION_REJECTED, authority_ids=("aut_hu_labour",))]
    for caller, sees in ((HUNGARY, True), (HU_COORDINATOR, True), (ITALY, False), (FR_COORDINATOR, False)):
        shown = seen(after, TYPE, View.FULL, as_party(caller))
        assert (rejected in shown.information) is sees, caller
    # It waits no more, so others can be proposed.
    full = replace(after, information=after.information[:1] * WAITING_LIMIT)
    assert len(proposed(full, HUNGARY, "inf_3").information) == WAITING_LIMIT + 1


def test_information_is_rejected_by_another_authority_of_the_country_that_added_it_once_and_with_a_reason() -> None:
    alert, why = proposed(told(acknowledged(), "aut_hu_labour"), HU_COORDINATOR), said("no")

    def refused(alert: Alert, id_: str, reason: FreeText, by: Caller) -> Refusal:
        with pytest.raises(Refusal) as found:
            receiving.reject_information(alert, TYPE, id_, reason, as_party(by))
        return found.value

    assert refused(alert, "inf_1", why, HU_COORDINATOR).reason == "FOUR_EYES"
    for foreign in (IT_COORDINATOR, FR_COORDINATOR):
        assert refused(alert, "inf_1", why, foreign).field == "informationId"
    assert refused(alert, "inf_1", said(" "), HU_REGION).field == "reason.text"
    rejected = receiving.reject_information(alert, TYPE, "inf_1", why, as_party(HU_REGION))
    shared = receiving.approve_information(alert, TYPE, "inf_1", as_party(HU_REGION))
    nimic = someone("aut_hu_nimic", UserRole.COORDINATOR)
    assert refused(rejected, "inf_1", why, nimic).reason == "ALREADY_REJECTED"
    assert refused(shared, "inf_1", why, nimic).reason == "ALREADY_SHARED"
    with pytest.raises(Conflict) as late:
        receiving.approve_information(rejected, TYPE, "inf_1", as_party(nimic))
    assert late.value.reason == "ALREADY_REJECTED"


def test_information_is_shared_once() -> None:
    shared = receiving.approve_information(
        proposed(told(acknowledged(), "aut_hu_labour")), TYPE, "inf_1", as_party(HU_REGION)
    )
    with pytest.raises(Conflict) as refused:
        receiving.approve_information(shared, TYPE, "inf_1", as_party(HU_COORDINATOR))
    assert refused.value.reason == "ALREADY_SHARED"


def test_an_alert_takes_so_many_pieces_of_information_and_no_more() -> None:
    one = tuple(replace(each, status=InformationStatus.SHARED) for each in proposed(ruled(), ITALY).information)
    full = replace(ruled(), information=one * INFORMATION_LIMIT)
    with pytest.raises(Conflict) as refused:
        proposed(full, ITALY, "inf_2")
    assert refused.value.reason == "TOO_MUCH_INFORMATION"
    assert len(proposed(replace(full, information=one * (INFORMATION_LIMIT - 1)), ITALY, "inf_2").information) == 200


def test_what_is_sent_again_when_its_first_answer_is_long_gone_is_not_said_twice() -> None:
    once = proposed(told(acknowledged(), "aut_hu_labour"))
    with pytest.raises(Conflict) as refused:
        proposed(once)
    assert refused.value.reason == "ALREADY_ADDED"
    notice = KINDS[Flow.NOTIFICATION]
    commented = receiving.comment(
        lives(Flow.NOTIFICATION)[Status.BROADCAST], notice, "com_1", said("no"), as_party(HU_COORDINATOR)
    )
    with pytest.raises(Conflict) as refused:
        receiving.comment(commented, notice, "com_1", said("no"), as_party(HU_COORDINATOR))
    assert refused.value.reason == "ALREADY_ADDED"


def test_what_waits_of_one_authority_does_not_keep_others_from_adding_what_they_know() -> None:
    one = proposed(told(acknowledged(), "aut_hu_labour")).information
    waiting = replace(told(acknowledged(), "aut_hu_labour"), information=one * WAITING_LIMIT)
    with pytest.raises(Conflict) as refused:
        proposed(waiting, HUNGARY, "inf_2")
    assert refused.value.reason == "TOO_MUCH_WAITING"
    assert len(proposed(waiting, ITALY, "inf_2").information) == WAITING_LIMIT + 1
    assert len(proposed(waiting, HU_COORDINATOR, "inf_2").information) == WAITING_LIMIT + 1
    approved = replace(waiting, information=tuple(replace(each, status=InformationStatus.SHARED) for each in one * 50))
    assert len(proposed(approved, HUNGARY, "inf_2").information) == 51


@pytest.mark.parametrize(
    ("words", "language", "field", "reason"),
    [
        (" ", "it", "text", "EMPTY"),
        ("x" * 4001, "it", "text", "TOO_LONG"),
        ("campana\x07", "it", "text", "CONTROL_CHARACTER"),
        ("текст", "ru", "language", "UNKNOWN_LANGUAGE"),
        ("text", "", "language", "UNKNOWN_LANGUAGE"),
    ],
)
def test_an_unfit_text_is_refused_by_name(words: str, language: str, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as returned:
        sending.send_back(ruled(Status.SUBMITTED), TYPE, said(words, language), as_party(IT_COORDINATOR))
    assert (returned.value.field, returned.value.reason) == (f"reason.{field}", reason)
    with pytest.raises(Invalid) as added:
        receiving.add_information(ruled(), TYPE, "inf_1", said(words, language), as_party(ITALY))
    assert (added.value.field, added.value.reason) == (f"text.{field}", reason)


def test_history_says_who_did_what_when_and_from_where_to_where() -> None:
    alert = receiving.acknowledge(ruled(), TYPE, later(HU_COORDINATOR))
    assert [(entry.action, entry.authority_id, entry.before, entry.after) for entry in alert.history] == [
        (Action.CREATE, "aut_it_labour", None, Status.DRAFT),
        (Action.SUBMIT, "aut_it_labour", Status.DRAFT, Status.SUBMITTED),
        (Action.RETURN, "aut_it_coordinator", Status.SUBMITTED, Status.DRAFT),
        (Action.SUBMIT, "aut_it_labour", Status.DRAFT, Status.SUBMITTED),
        (Action.BROADCAST, "aut_it_coordinator", Status.SUBMITTED, Status.BROADCAST),
        (Action.ACKNOWLEDGE, "aut_hu_coordinator", Status.BROADCAST, Status.BROADCAST),
    ]
    last = alert.history[-1]
    assert (last.at, last.country, last.user_id) == (LATER, "HU", HU_COORDINATOR.user_id)
    assert alert.changed_at == LATER
