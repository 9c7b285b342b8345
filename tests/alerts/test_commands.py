"""Every command of every flow over gRPC: done by those it is for, foretold by what is said beforehand, and unknown to strangers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chassis.caller import Caller
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import UNSENT, Action, Status
from services.alerts.domain.types import Flow
from tests.alerts.cast import (
    AT_COORDINATOR,
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    MODULE,
    someone,
)
from tests.alerts.conftest import Asking, command
from tests.alerts.dangers import text
from tests.alerts.rehearsal import METHODS, WAYS, Rehearsal, a_form, a_rehearsal, fields_of
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from vocabulary.roles import UserRole, WorkflowRole

BEGINNING = (Status.DRAFT, Status.SUBMITTED, Status.BROADCAST)
REACHED = [(flow, status) for flow in Flow for status in BEGINNING] + list(WAYS)
REACHED.remove((Flow.NOTIFICATION, Status.SUBMITTED))  # it needs no approval here
PEOPLE = [ITALY, IT_COORDINATOR, IT_REGION, HUNGARY, HU_COORDINATOR, HU_REGION, FR_COORDINATOR, COMMISSION]
STRANGERS = [
    AT_COORDINATOR,
    someone("aut_at_nimic", UserRole.COORDINATOR),
    someone("aut_hu_trade", *UserRole),
    someone("aut_it_trade", *UserRole),
    someone("aut_it_labour", UserRole.REQUEST_HANDLER),
]


Standing = dict[tuple[Flow, Status], pb.Alert]


@pytest.fixture(scope="module")
async def rehearsal(asking: Asking, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rehearsal]:
    async with a_rehearsal(asking, tmp_path_factory.mktemp("commands")) as made:
        yield made


@pytest.fixture(scope="module")
async def standing(rehearsal: Rehearsal) -> Standing:
    """An alert in each status that is reached by hand, for reads and refusals, which change nothing."""
    return {(flow, status): await rehearsal.an_alert(flow, status) for flow, status in REACHED}


async def actions(asking: Asking, caller: Caller, id_: str) -> dict[Action, pb.PossibleAlertAction]:
    """What is said of each action; nothing of an alert that is not for the caller to know of."""
    found = (await asking(caller, "BatchGetActions", ids=[id_])).actions
    return {
        Action(pb.AlertAction.Name(one.action).removeprefix("ALERT_ACTION_")): one
        for each in found
        for one in each.actions
    }


@pytest.mark.parametrize(("flow", "status"), REACHED)
async def test_what_is_possible_is_done_and_what_is_not_is_refused_as_foretold(
    rehearsal: Rehearsal, standing: Standing, flow: Flow, status: Status
) -> None:
    there = standing[flow, status]
    for caller in PEOPLE:
        if await rehearsal.asking.read(caller, there.id) is None:
            assert not await actions(rehearsal.asking, caller, there.id)
            continue
        for action, said in (await actions(rehearsal.asking, caller, there.id)).items():
            cell = (flow, status, caller.authority_id, action)
            alert = await rehearsal.an_alert(flow, status) if said.possible else there
            fields: dict[str, Any] = {}
            if action is Action.DISSEMINATE and said.possible:
                fields["authority_ids"] = ["aut_hu_trade"]
            if "values" in fields_of(METHODS[action], flow):
                fields["values"] = a_form(flow, "SECRET, once more")
            met: Refusal | None = None
            try:
                after = await rehearsal.do(caller, METHODS[action], alert.id, flow, **fields)
            except Refusal as refusal:
                met = refusal
            else:
                assert after.revision == alert.revision + 1, cell
            assert said.possible is (met is None), (cell, met)
            if action not in (Action.APPROVE_INFORMATION, Action.REJECT_INFORMATION):
                foretold = (said.code, said.reason, said.message)
                assert foretold == ((met.code, met.reason, met.message) if met else ("", "", "")), cell
    unchanged = await rehearsal.asking.read(ITALY, there.id)
    assert unchanged is not None
    assert unchanged.revision == there.revision, "no refusal has left anything behind"


@pytest.mark.parametrize("method", sorted(METHODS.values()))
async def test_to_a_command_what_one_may_not_know_of_does_not_exist(
    rehearsal: Rehearsal, standing: Standing, method: str
) -> None:
    """The refusal is, word for word, that for an id that nobody has, whatever else is wrong with the command."""
    hidden = [(flow, alert.id) for (flow, status), alert in standing.items() if status not in UNSENT]
    for flow, id_ in [*hidden, *((flow, "alt_nobody") for flow in Flow)]:
        plain = fields_of(method, flow)
        unfit = {
            "values": [common_pb2.FieldValue(code="colour")],
            "countries": ["XX"],
            "text": text(""),
            "reason": text(""),
        }
        faulty = {name: unfit.get(name, value) for name, value in plain.items()}
        for stranger in STRANGERS:
            for fields in (plain, {**faulty, "command": command(revision=77)}):
                with pytest.raises(NotFound) as found:
                    await rehearsal.asking.do(stranger, method, **{**fields, "id": id_})
                assert found.value.message == f"there is no alert {id_!r}"
                assert (found.value.field, found.value.reason) == ("id", "NOT_FOUND")


@pytest.mark.parametrize(("flow", "status"), REACHED)
async def test_to_a_read_what_one_may_not_know_of_does_not_exist(
    rehearsal: Rehearsal, standing: Standing, flow: Flow, status: Status
) -> None:
    """Neither by its id, nor in what can be done, nor in a list, however it is narrowed."""
    alert = standing[flow, status]
    wire_status = pb.AlertStatus.Value(f"ALERT_STATUS_{status}")
    for stranger in STRANGERS:
        assert await rehearsal.asking.read(stranger, alert.id) is None
        assert not (await rehearsal.asking(stranger, "BatchGetActions", ids=[alert.id])).actions
        for narrowed in ({}, {"statuses": [wire_status]}, {"countries": ["IT"]}, {"areas": ["services"]}):
            found = await rehearsal.asking(
                stranger, "ListAlerts", filter=pb.AlertFilter(**narrowed), page=common_pb2.Page(first=100)
            )
            assert alert.id not in str(found)
            assert not found.page_info.has_next_page


async def test_the_commission_reads_and_does_nothing_else(rehearsal: Rehearsal, standing: Standing) -> None:
    everything = someone("aut_commission", *UserRole)
    for (flow, status), alert in standing.items():
        seen = await rehearsal.asking.read(COMMISSION, alert.id)
        assert (seen is None) is (status in UNSENT)
        assert seen is None or ("SECRET" not in str(seen) and seen.view == pb.ALERT_VIEW_WITHOUT_PERSONAL_DATA)
        for method in METHODS.values():
            with pytest.raises(NotFound if seen is None else (Forbidden, Conflict)):
                await rehearsal.do(everything, method, alert.id, flow)


async def test_a_correction_is_checked_as_a_draft_is_and_complete(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(Flow.SERVICES_ALERT)
    whole = a_form(Flow.SERVICES_ALERT, "SECRET, other")
    unfit: list[tuple[list[common_pb2.FieldValue], str, str]] = [
        ([one for one in whole if one.code != "facts"], "values", "MISSING_FIELD"),
        ([*whole, common_pb2.FieldValue(code="colour")], "values[9].value", "EMPTY"),
        ([*whole, whole[0]], "values[9].code", "REPEATED"),
        (list(alert.values), "values", "UNCHANGED"),
        ([], "values", "MISSING_FIELD"),
    ]
    for values, field, reason in unfit:
        with pytest.raises(Invalid) as found:
            await rehearsal.do(IT_COORDINATOR, "CorrectAlert", alert.id, Flow.SERVICES_ALERT, values=values)
        assert (found.value.field, found.value.reason) == (field, reason)
    with pytest.raises(Invalid) as empty:
        await rehearsal.do(IT_COORDINATOR, "CorrectAlert", alert.id, Flow.SERVICES_ALERT, reason=text(" "))
    assert (empty.value.field, empty.value.reason) == ("reason.text", "EMPTY")
    after = await rehearsal.do(IT_COORDINATOR, "CorrectAlert", alert.id, Flow.SERVICES_ALERT, reason=None)
    assert (after.version, len(after.versions), after.versions[0].HasField("reason")) == (2, 1, False)
    assert (after.versions[0].values, after.versions[0].type_id) == (alert.values, "services:1")
    assert after.severity == pb.ALERT_SEVERITY_HIGH


@pytest.mark.parametrize("method", ["WithdrawAlert", "CloseAlert", "CommentAlert", "ObjectToAlertClosure"])
async def test_words_that_are_asked_for_are_checked(rehearsal: Rehearsal, method: str) -> None:
    flow, status = {
        "WithdrawAlert": (Flow.SERVICES_ALERT, Status.BROADCAST),
        "ObjectToAlertClosure": (Flow.SERVICES_ALERT, Status.CLOSURE_PROPOSED),
    }.get(method, (Flow.NOTIFICATION, Status.BROADCAST))
    who = {"ObjectToAlertClosure": FR_COORDINATOR, "CommentAlert": FR_COORDINATOR}.get(method, IT_COORDINATOR)
    field = "text" if method == "CommentAlert" else "reason"
    alert = await rehearsal.an_alert(flow, status)
    for words, part, reason in (
        (text(""), "text", "EMPTY"),
        (None, "text", "EMPTY"),
        (text("x", "ru"), "language", "UNKNOWN_LANGUAGE"),
    ):
        with pytest.raises(Invalid) as found:
            await rehearsal.do(who, method, alert.id, flow, **{field: words})
        assert (found.value.field, found.value.reason) == (f"{field}.{part}", reason)
    kept = await rehearsal.asking.read(ITALY, alert.id)
    assert kept is not None
    assert kept.revision == alert.revision


async def test_a_command_that_is_sent_again_gives_the_first_answer_and_a_stale_one_is_refused(
    rehearsal: Rehearsal,
) -> None:
    for action, flow, status, who in (
        (Action.CORRECT, Flow.SERVICES_ALERT, Status.BROADCAST, IT_COORDINATOR),
        (Action.PROPOSE_CLOSURE, Flow.SERVICES_ALERT, Status.BROADCAST, IT_COORDINATOR),
        (Action.OBJECT, Flow.SERVICES_ALERT, Status.CLOSURE_PROPOSED, FR_COORDINATOR),
        (Action.REVOKE, Flow.PROFESSIONAL_ALERT, Status.BROADCAST, IT_COORDINATOR),
        (Action.NOTE_APPEAL, Flow.PROFESSIONAL_ALERT, Status.BROADCAST, IT_COORDINATOR),
        (Action.COMMENT, Flow.NOTIFICATION, Status.BROADCAST, HU_COORDINATOR),
        (Action.MODIFY, Flow.NOTIFICATION, Status.CLOSED, IT_COORDINATOR),
    ):
        alert = await rehearsal.an_alert(flow, status)
        fields = {"id": alert.id, **fields_of(METHODS[action], flow)}
        with pytest.raises(Stale):
            await rehearsal.asking.do(who, METHODS[action], **fields, command=command(revision=alert.revision - 1))
        own = command(f"key of {action}", alert.revision)
        first = await rehearsal.asking.do(who, METHODS[action], **fields, command=own)
        assert await rehearsal.asking.do(who, METHODS[action], **fields, command=own) == first
        seen = await rehearsal.asking.read(who, alert.id)
        assert seen is not None
        assert seen.revision == first.revision == alert.revision + 1


async def test_a_command_that_is_sent_again_after_access_was_lost_tells_nothing(rehearsal: Rehearsal) -> None:
    """Its first answer is what the alert said; whoever sent the alert back is told once more that it was done."""
    flow = Flow.SERVICES_ALERT
    for method, status, who in (
        ("CorrectAlert", Status.BROADCAST, IT_COORDINATOR),
        ("AddAlertInformation", Status.BROADCAST, HUNGARY),
        ("ReturnAlert", Status.SUBMITTED, IT_COORDINATOR),
        ("EditAlert", Status.DRAFT, ITALY),
        ("DeleteAlertDraft", Status.DRAFT, ITALY),
    ):
        alert = await rehearsal.an_alert(flow, status)
        fields = {"id": alert.id, **fields_of(method, flow), "command": command(f"lost {method}")}
        first = await rehearsal.asking.do(who, method, **fields)
        assert await rehearsal.asking.do(who, method, **fields) == first, method
        lost = [replace(who, user_roles={}), replace(who, workflow_roles={}, legislative_roles={})]
        if method == "ReturnAlert":
            no_coordinator = {MODULE: frozenset({WorkflowRole.ALERT_AUTHORITY})}
            lost.append(replace(who, workflow_roles=no_coordinator, legislative_roles={}))
        for caller in lost:
            with pytest.raises(NotFound) as hidden:
                await rehearsal.asking.do(caller, method, **fields)
            assert (hidden.value.field, "SECRET" in hidden.value.message) == ("id", False), method
        assert await rehearsal.asking.do(who, method, **fields) == first, method


async def test_later_recipients_need_a_coordinator_and_are_told(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(Flow.SERVICES_ALERT)
    assert await rehearsal.asking.read(AT_COORDINATOR, alert.id) is None
    for countries, field, reason in (
        (["LU"], "countries[0]", "NO_COORDINATOR"),
        (["AT", "HU"], "countries[1]", "ALREADY_ADDRESSED"),
    ):
        with pytest.raises(Invalid) as found:
            await rehearsal.do(IT_COORDINATOR, "AddAlertCountries", alert.id, Flow.SERVICES_ALERT, countries=countries)
        assert (found.value.field, found.value.reason) == (field, reason)
    after = await rehearsal.do(IT_COORDINATOR, "AddAlertCountries", alert.id, Flow.SERVICES_ALERT)
    assert [one.country_code for one in after.countries] == ["HU", "FR", "AT"]
    assert after.countries[2].addressed_at == after.changed_at
    assert await rehearsal.asking.read(AT_COORDINATOR, alert.id) is not None
    await rehearsal.until_told("aut_at_coordinator", alert.id, "BROADCAST")
    again = {entry.kind for entry in await rehearsal.told("aut_fr_coordinator", alert.id)}
    assert again == {"BROADCAST"}
    assert len(await rehearsal.told("aut_fr_coordinator", alert.id)) == 1


async def test_a_list_is_narrowed_by_area_severity_and_country(rehearsal: Rehearsal) -> None:
    alert = await rehearsal.an_alert(Flow.SERVICES_ALERT)
    notice = await rehearsal.an_alert(Flow.NOTIFICATION)

    async def found(**narrowed: Any) -> set[str]:
        page = common_pb2.Page(first=2)
        answer = await rehearsal.asking(HU_COORDINATOR, "ListAlerts", filter=pb.AlertFilter(**narrowed), page=page)
        return {one.id for one in answer.alerts}

    assert await found() == {alert.id, notice.id}
    assert await found(countries=["IT"] * 100) == {alert.id, notice.id}
    assert await found(areas=["services"], countries=["IT", "HU"]) == {alert.id, notice.id}
    assert await found(countries=["HU"]) == set()
    high = await found(severities=[pb.ALERT_SEVERITY_HIGH, pb.ALERT_SEVERITY_LOW])
    assert alert.id in high
    assert notice.id not in high
    assert await found(severities=[pb.ALERT_SEVERITY_LOW]) == set()
    for narrowed, field, reason in (
        ({"areas": ["services", "firearms"]}, "filter.areas[1]", "UNKNOWN_AREA"),
        ({"severities": [77]}, "filter.severities[0]", "UNKNOWN_VALUE"),
        ({"countries": ["IT", "XX"]}, "filter.countries[1]", "UNKNOWN_COUNTRY"),
        ({"countries": ["IT"] * 300_000}, "filter.countries", "TOO_MANY"),
    ):
        with pytest.raises(Invalid) as refused:
            await found(**narrowed)
        assert (refused.value.field, refused.value.reason) == (field, reason)
