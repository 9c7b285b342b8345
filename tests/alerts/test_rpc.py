"""Alerts over gRPC: from draft to dissemination, refused by name otherwise, unknown to whom they do not concern."""

from typing import Any

import pytest

from chassis.caller import Caller
from protos.alerts.v1 import alerts_pb2 as pb
from protos.common.v1 import common_pb2
from services.alerts.domain.lifecycle import Status
from tests.alerts.cast import (
    COMMISSION,
    FR_COORDINATOR,
    HU_COORDINATOR,
    HU_REGION,
    HUNGARY,
    IT_COORDINATOR,
    IT_REGION,
    ITALY,
    someone,
)
from tests.alerts.conftest import Asking, command
from tests.alerts.dangers import TYPE_ID, chosen, on_wire, refers, text, written
from tests.alerts.threads import (
    BEGUN,
    COMMANDS,
    WIRE_STATUS,
    a_full_alert,
    an_alert,
    fields_of,
    information_id,
    last_changed,
)
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from vocabulary.roles import UserRole
from vocabulary.values import TEXT_LIMIT, Value

# Who gives each command in these tests.
ACTORS = {
    "EditAlert": ITALY,
    "SubmitAlert": ITALY,
    "ReturnAlert": IT_COORDINATOR,
    "BroadcastAlert": IT_COORDINATOR,
    "AcknowledgeAlert": FR_COORDINATOR,
    "DisseminateAlert": HU_COORDINATOR,
    "AddAlertInformation": ITALY,
    "ApproveAlertInformation": HU_COORDINATOR,
}


async def refused(
    asking: Asking, caller: Caller, method: str, kind: type[Refusal], *, witness: Caller = ITALY, **fields: Any
) -> Refusal:
    """How *method* refuses, having changed and made nothing that *witness* would see."""
    before = await last_changed(asking, witness)
    with pytest.raises(kind) as found:
        await asking.do(caller, method, **fields)
    assert type(found.value) is kind
    assert await last_changed(asking, witness) == before
    return found.value


async def ready_for(asking: Asking, method: str) -> dict[str, Any]:
    """What a command of *method* says that its actor may give, about an alert that is ready for it."""
    if COMMANDS[method] is not Status.BROADCAST:
        return fields_of(method, (await an_alert(asking, COMMANDS[method])).id)
    fields = fields_of(method, (await a_full_alert(asking)).id)
    if method == "DisseminateAlert":
        fields["authority_ids"] = ["aut_hu_trade"]
    if method == "ApproveAlertInformation":
        fields["information_id"] = await information_id(asking, HU_COORDINATOR, fields["id"])
    return fields


async def test_an_alert_lives_from_draft_to_shared_information(asking: Asking) -> None:
    draft = await asking.do(ITALY, "CreateAlert", type_id=TYPE_ID, values=on_wire(facts=None))
    assert draft.id.startswith("alt_")
    assert draft.number.startswith("AL-20")
    assert (draft.status, draft.view, draft.revision) == (pb.ALERT_STATUS_DRAFT, pb.ALERT_VIEW_FULL, 1)
    assert (draft.author_id, draft.country_code, draft.type_id) == ("aut_it_labour", "IT", TYPE_ID)
    assert list(draft.values) == on_wire(facts=None)
    assert not draft.HasField("broadcast_at")

    id_ = draft.id
    edited = await asking.do(ITALY, "EditAlert", id=id_, values=on_wire())
    assert list(edited.values) == on_wire()
    assert (await asking.do(ITALY, "SubmitAlert", id=id_)).status == pb.ALERT_STATUS_SUBMITTED
    returned = await asking.do(IT_COORDINATOR, "ReturnAlert", id=id_, reason=text("troppo vago", "IT-it"))
    assert (returned.status, returned.HasField("return_reason")) == (pb.ALERT_STATUS_DRAFT, False)
    again = await asking.read(ITALY, id_)
    assert again is not None
    assert (again.return_reason.text, again.return_reason.language) == ("troppo vago", "it")
    assert again.return_reason.data_class == common_pb2.DATA_CLASS_PERSONAL
    submitted = await asking.do(ITALY, "SubmitAlert", id=id_)
    assert not submitted.HasField("return_reason")

    sent = await asking.do(IT_REGION, "BroadcastAlert", id=id_, countries=["HU", "FR"])
    assert (sent.status, sent.coordinator_id) == (pb.ALERT_STATUS_BROADCAST, "aut_it_region")
    assert sent.broadcast_at == sent.changed_at
    assert [one.country_code for one in sent.countries] == ["HU", "FR"]
    assert not any(one.HasField("acknowledged_at") for one in sent.countries)
    taken = await asking.do(HU_REGION, "AcknowledgeAlert", id=id_)
    assert taken.countries[0].acknowledged_by_id == "aut_hu_region"
    assert taken.countries[0].acknowledged_at == taken.changed_at
    assert not taken.countries[1].HasField("acknowledged_at")
    told = await asking.do(HU_COORDINATOR, "DisseminateAlert", id=id_, authority_ids=["aut_hu_labour", "aut_hu_trade"])
    assert [list(one.disseminated_to_ids) for one in told.countries] == [["aut_hu_labour", "aut_hu_trade"], []]

    added = await asking.do(HUNGARY, "AddAlertInformation", id=id_, text=text("Budapesten látták", "hu"))
    (information,) = added.information
    assert (information.status, information.authority_id) == (pb.INFORMATION_STATUS_PROPOSED, "aut_hu_labour")
    assert (information.text.text, information.text.language) == ("Budapesten látták", "hu")
    assert information.id.startswith("inf_")
    await asking.do(HU_COORDINATOR, "ApproveAlertInformation", id=id_, information_id=information.id)
    shared = await asking.read(ITALY, id_)
    assert shared is not None
    assert [(one.id, one.status) for one in shared.information] == [(information.id, pb.INFORMATION_STATUS_SHARED)]
    assert (shared.revision, shared.created_at) == (10, draft.created_at)
    assert [list(one.disseminated_to_ids) for one in shared.countries] == [[], []]
    assert [(entry.authority_id, pb.AlertAction.Name(entry.action)[13:]) for entry in shared.history] == [
        ("aut_it_labour", "CREATE"),
        ("aut_it_labour", "EDIT"),
        ("aut_it_labour", "SUBMIT"),
        ("aut_it_coordinator", "RETURN"),
        ("aut_it_labour", "SUBMIT"),
        ("aut_it_region", "BROADCAST"),
        ("aut_hu_region", "ACKNOWLEDGE"),
        ("aut_hu_coordinator", "APPROVE_INFORMATION"),
    ]


async def test_the_commissions_copy_has_no_data_of_natural_persons(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    shared = await information_id(asking, HU_COORDINATOR, alert.id)
    await asking.do(HU_COORDINATOR, "ApproveAlertInformation", id=alert.id, information_id=shared)
    copy = await asking.read(COMMISSION, alert.id)
    assert copy is not None
    assert copy.view == pb.ALERT_VIEW_WITHOUT_PERSONAL_DATA
    assert [value.code for value in copy.values] == ["subject", "activity", "establishment", "danger", "risk", "since"]
    assert [(one.id, one.HasField("text")) for one in copy.information] == [(shared, False)]
    assert "SECRET" not in str(copy)
    assert "visto" not in str(copy)


@pytest.mark.parametrize("id_", ["", "services", "services:2", "Services:1"])
async def test_an_unknown_type_is_refused(asking: Asking, id_: str) -> None:
    found = await refused(asking, ITALY, "CreateAlert", Invalid, type_id=id_, values=on_wire())
    assert (found.field, found.reason) == ("typeId", "UNKNOWN_ALERT_TYPE")
    assert TYPE_ID in found.message


def the(**changed: Value) -> list[common_pb2.FieldValue]:
    return on_wire(**changed)


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ([*on_wire(), common_pb2.FieldValue(code="colour")], "values[9].value", "EMPTY"),
        (the(colour=written("rosso")), "values[9].code", "UNKNOWN_FIELD"),
        ([*on_wire(), on_wire()[0]], "values[9].code", "REPEATED"),
        (the(subject=refers("electrician")), "values[0].value", "WRONG_TYPE"),
        (the(subject=written(" ")), "values[0].value.text.text", "EMPTY"),
        (the(subject=written("x" * (TEXT_LIMIT + 1))), "values[0].value.text.text", "TOO_LONG"),
        (the(subject=written("x\x00")), "values[0].value.text.text", "CONTROL_CHARACTER"),
        (the(subject=written("x", "ru")), "values[0].value.text.language", "UNKNOWN_LANGUAGE"),
        (the(activity=refers("wizard")), "values[1].value.references[0]", "UNKNOWN_CONCEPT"),
        (the(activity=refers("electrician", "plumber")), "values[1].value.references", "TOO_MANY"),
        (the(activity=refers()), "values[1].value.references", "EMPTY"),
        (the(provider=chosen("HIGH")), "values[2].value", "WRONG_TYPE"),
        (the(establishment=refers("GR")), "values[3].value.references[0]", "UNKNOWN_COUNTRY"),
        (the(danger=chosen("HEALTH", "WAR")), "values[4].value.codes[1]", "UNKNOWN_CHOICE"),
        (the(danger=chosen("HEALTH", "HEALTH")), "values[4].value.codes", "REPEATED"),
        (the(danger=chosen()), "values[4].value.codes", "EMPTY"),
        (the(risk=chosen("LOW", "HIGH")), "values[5].value.codes", "TOO_MANY"),
        (the(risk=chosen("EXTREME")), "values[5].value.codes[0]", "UNKNOWN_CHOICE"),
        (the(facts=Value(files=("fil_1",))), "values[6].value", "WRONG_TYPE"),
        (the(measures=written("")), "values[7].value.text.text", "EMPTY"),
        (the(since=written("ieri")), "values[8].value", "WRONG_TYPE"),
        (
            [common_pb2.FieldValue(code="since", value=common_pb2.Value(date="2026-02-30"))],
            "values[0].value.date",
            "NOT_A_DATE",
        ),
    ],
)
async def test_an_unfit_value_is_refused_by_name(
    asking: Asking, values: list[common_pb2.FieldValue], field: str, reason: str
) -> None:
    draft = await an_alert(asking, Status.DRAFT)
    for method, field_of in (("CreateAlert", "type_id"), ("EditAlert", "id")):
        fields: dict[str, Any] = {field_of: TYPE_ID if method == "CreateAlert" else draft.id}
        found = await refused(asking, ITALY, method, Invalid, **fields, values=values)
        assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize("missing", ["subject", "activity", "danger", "risk", "facts"])
async def test_what_is_incomplete_is_not_submitted(asking: Asking, missing: str) -> None:
    draft = await asking.do(ITALY, "CreateAlert", type_id=TYPE_ID, values=on_wire(**{missing: None}))
    found = await refused(asking, ITALY, "SubmitAlert", Invalid, id=draft.id)
    assert (found.field, found.reason) == ("values", "MISSING_FIELD")
    assert missing in found.message


@pytest.mark.parametrize("authority_id", ["aut_lu_labour", "aut_mt_labour"])
async def test_a_country_without_an_active_alert_coordinator_submits_nothing(asking: Asking, authority_id: str) -> None:
    author = someone(authority_id, UserRole.ALERT_HANDLER)
    draft = await an_alert(asking, Status.DRAFT, author=author)
    found = await refused(asking, author, "SubmitAlert", Conflict, witness=author, id=draft.id)
    assert found.reason == "NO_COORDINATOR"


@pytest.mark.parametrize(
    ("countries", "field", "reason"),
    [
        ([], "countries", "EMPTY"),
        (["HU", "XX"], "countries[1]", "UNKNOWN_COUNTRY"),
        (["GR"], "countries[0]", "UNKNOWN_COUNTRY"),
        (["HU", "FR", "HU"], "countries[2]", "REPEATED"),
        (["HU", "IT"], "countries[1]", "OWN_COUNTRY"),
        (["HU", "LU"], "countries[1]", "NO_COORDINATOR"),
        (["MT"], "countries[0]", "NO_COORDINATOR"),
    ],
)
async def test_an_unfit_choice_of_countries_is_refused_by_name(
    asking: Asking, countries: list[str], field: str, reason: str
) -> None:
    alert = await an_alert(asking, Status.SUBMITTED)
    found = await refused(asking, IT_COORDINATOR, "BroadcastAlert", Invalid, id=alert.id, countries=countries)
    assert (found.field, found.reason) == (field, reason)


@pytest.mark.parametrize(
    ("ids", "field", "reason"),
    [
        ([], "authorityIds", "EMPTY"),
        (["aut_hu_labour"], "authorityIds", "EMPTY"),
        (["aut_nobody"], "authorityIds[0]", "UNKNOWN_AUTHORITY"),
        (["aut_hu_trade", ""], "authorityIds[1]", "UNKNOWN_AUTHORITY"),
        (["aut_hu_trade", "aut_fr_labour"], "authorityIds[1]", "UNKNOWN_AUTHORITY"),
        (["aut_hu_suspended"], "authorityIds[0]", "UNKNOWN_AUTHORITY"),
        (["aut_hu_requests"], "authorityIds[0]", "UNKNOWN_AUTHORITY"),
        (["aut_commission"], "authorityIds[0]", "UNKNOWN_AUTHORITY"),
        (["aut_hu_trade"] * 1001, "authorityIds", "TOO_MANY"),
        ([f"aut_{number}" for number in range(1001)], "authorityIds", "TOO_MANY"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_only_active_authorities_of_the_own_country_with_a_part_in_alerts_are_told(
    asking: Asking, ids: list[str], field: str, reason: str
) -> None:
    """Suspended, in other modules only, of other countries and of no country: all refused alike, by their place."""
    alert = await a_full_alert(asking)
    found = await refused(asking, HU_COORDINATOR, "DisseminateAlert", Invalid, id=alert.id, authority_ids=ids)
    assert (found.field, found.reason) == (field, reason)


async def test_an_alert_is_passed_on_only_once_it_is_acknowledged(asking: Asking) -> None:
    alert = await an_alert(asking)
    found = await refused(
        asking, HU_COORDINATOR, "DisseminateAlert", Conflict, **fields_of("DisseminateAlert", alert.id)
    )
    assert found.reason == "NOT_ACKNOWLEDGED"


async def test_a_country_acknowledges_once(asking: Asking) -> None:
    alert = await a_full_alert(asking)
    for again in (HU_COORDINATOR, HU_REGION):
        found = await refused(asking, again, "AcknowledgeAlert", Conflict, id=alert.id)
        assert found.reason == "ALREADY_ACKNOWLEDGED"


@pytest.mark.parametrize(("method", "field"), [("ReturnAlert", "reason"), ("AddAlertInformation", "text")])
@pytest.mark.parametrize(
    ("words", "part", "reason"),
    [
        (text(""), "text", "EMPTY"),
        (text(" \n "), "text", "EMPTY"),
        (text("x" * (TEXT_LIMIT + 1)), "text", "TOO_LONG"),
        (text("текст", "ru"), "language", "UNKNOWN_LANGUAGE"),
        (text("text", ""), "language", "UNKNOWN_LANGUAGE"),
        (common_pb2.FreeText(text="x", language="it", data_class=9), "dataClass", "UNKNOWN_VALUE"),  # type: ignore[arg-type]
    ],
    ids=str,
)
async def test_an_unfit_text_is_refused_by_name(
    asking: Asking, method: str, field: str, words: common_pb2.FreeText, part: str, reason: str
) -> None:
    alert = await an_alert(asking, COMMANDS[method])
    fields = {**fields_of(method, alert.id), field: words}
    found = await refused(asking, ACTORS[method], method, Invalid, **fields)
    assert (found.field, found.reason) == (f"{field}.{part}", reason)


@pytest.mark.parametrize("method", ["ReturnAlert", "BroadcastAlert"])
async def test_a_coordinator_does_not_decide_about_its_own_alert(asking: Asking, method: str) -> None:
    alert = await an_alert(asking, Status.SUBMITTED, author=IT_COORDINATOR)
    fields = fields_of(method, alert.id)
    found = await refused(asking, IT_COORDINATOR, method, Forbidden, witness=IT_REGION, **fields)
    assert found.reason == "FOUR_EYES"
    assert (await asking.do(IT_REGION, method, **fields)).status != pb.ALERT_STATUS_SUBMITTED


async def test_information_is_approved_once_by_another_authority_of_the_country_that_added_it(asking: Asking) -> None:
    id_ = (await an_alert(asking)).id
    await asking.do(HU_COORDINATOR, "AddAlertInformation", id=id_, text=text("visto"))
    proposed = await information_id(asking, HU_COORDINATOR, id_)
    fields: dict[str, Any] = {"id": id_, "information_id": proposed}
    method = "ApproveAlertInformation"
    assert (await refused(asking, HU_COORDINATOR, method, Forbidden, **fields)).reason == "FOUR_EYES"
    for foreign in (IT_COORDINATOR, FR_COORDINATOR):
        hidden = await refused(asking, foreign, method, NotFound, **fields)
        absent = await refused(asking, foreign, method, NotFound, **fields_of(method, id_))
        assert hidden.field == absent.field == "informationId"
        assert hidden.message.replace(proposed, "inf_nobody") == absent.message
    await asking.do(HU_REGION, method, **fields)
    assert (await refused(asking, HU_REGION, method, Conflict, **fields)).reason == "ALREADY_SHARED"


@pytest.mark.parametrize("method", COMMANDS)
@pytest.mark.parametrize("status", BEGUN)
async def test_a_command_that_the_status_does_not_allow_is_refused(asking: Asking, method: str, status: Status) -> None:
    """Whoever gives it knows of the alert, since it is their authority's."""
    if status is COMMANDS[method]:
        fields = await ready_for(asking, method)
        assert await asking.do(ACTORS[method], method, **fields)
    else:
        both = someone("aut_it_labour", UserRole.ALERT_HANDLER, UserRole.COORDINATOR)
        alert = await an_alert(asking, status)
        # What an author may never do is forbidden to it, whatever the status.
        kind = Conflict if method in ("EditAlert", "SubmitAlert", "AddAlertInformation") else Forbidden
        found = await refused(asking, both, method, kind, **fields_of(method, alert.id))
        assert found.reason == ("TRANSITION" if kind is Conflict else "FORBIDDEN")
        kept = await asking.read(ITALY, alert.id)
        assert kept is not None
        assert (kept.revision, kept.status) == (alert.revision, WIRE_STATUS[status])


@pytest.mark.parametrize("method", COMMANDS)
async def test_a_stale_revision_is_refused(asking: Asking, method: str) -> None:
    fields = await ready_for(asking, method)
    before = await asking.read(ACTORS[method], fields["id"])
    assert before is not None
    for revision in (before.revision - 1, before.revision + 1, 0):
        found = await refused(asking, ACTORS[method], method, Stale, command=command(revision=revision), **fields)
        assert (found.field, found.reason) == ("revision", "STALE_REVISION")
    after = await asking.do(ACTORS[method], method, command=command(revision=before.revision), **fields)
    assert after.revision == before.revision + 1


async def first_and_fields(asking: Asking, method: str, given: common_pb2.Command) -> tuple[pb.Alert, dict[str, Any]]:
    """The answer of *method* to a command, and what the command said."""
    fields = {"type_id": TYPE_ID, "values": on_wire()} if method == "CreateAlert" else await ready_for(asking, method)
    return await asking.do(ACTORS.get(method, ITALY), method, command=given, **fields), fields


@pytest.mark.parametrize("method", ["CreateAlert", *COMMANDS])
async def test_the_same_key_again_gives_the_same_answer_and_no_second_effect(asking: Asking, method: str) -> None:
    given, caller = command(), ACTORS.get(method, ITALY)
    first, fields = await first_and_fields(asking, method, given)
    before = await last_changed(asking)
    assert await asking.do(caller, method, command=given, **fields) == first
    assert await last_changed(asking) == before


@pytest.mark.parametrize("method", ["CreateAlert", *COMMANDS])
async def test_another_command_under_the_same_key_is_refused(asking: Asking, method: str) -> None:
    given, caller = command(), ACTORS.get(method, ITALY)
    first, fields = await first_and_fields(asking, method, given)
    other = common_pb2.Command(idempotency_key=given.idempotency_key, expected_revision=first.revision)
    found = await refused(asking, caller, method, Conflict, command=other, **fields)
    assert (found.field, found.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize("key", ["", "x" * 129])
@pytest.mark.parametrize("method", ["CreateAlert", *COMMANDS])
async def test_every_command_needs_a_key(asking: Asking, method: str, key: str) -> None:
    fields = fields_of(method, "alt_nobody") if method in COMMANDS else {"type_id": TYPE_ID}
    unkeyed = common_pb2.Command(idempotency_key=key)
    found = await refused(asking, ITALY, method, Invalid, command=unkeyed, **fields)
    assert (found.field, found.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY")
