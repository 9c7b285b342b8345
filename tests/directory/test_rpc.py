"""Who registers authorities and who edits them: by rule, once, refused by name, and told to the others."""

import asyncio
import uuid
from itertools import product
from typing import Any

import pytest

from chassis.aggregates import ANSWERS_KEPT, CommandKey
from chassis.caller import Caller
from engines.documents import open_documents
from engines.events import Event, open_events
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory import storage, wire
from services.directory.domain.authorities import CONTACT_LIMIT, DESCRIPTION_LIMIT, NAME_LIMIT, ModuleAccess
from services.directory.domain.coordination import RANK
from tests.cells import cell
from tests.directory.bodies import (
    ALERTS,
    a_draft,
    a_registrar,
    access_on_wire,
    an_access,
    an_administrator,
    in_languages,
    somebody,
)
from tests.directory.conftest import Asking, command
from vocabulary import ids
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole, WorkflowRole

LIMIC = a_registrar(LegislativeRole.LIMIC)
NIMIC = a_registrar(LegislativeRole.NIMIC)
COMMISSION = a_registrar(LegislativeRole.COMMISSION)


async def not_registered(
    small: Asking, caller: Caller | str, kind: type[Refusal], draft: registration_pb2.AuthorityDraft
) -> Refusal:
    """How the registration is refused, having registered nothing."""
    given = command()
    with pytest.raises(kind) as found:
        await small.do(caller, "RegisterAuthority", command=given, authority=draft)
    assert type(found.value) is kind
    if isinstance(caller, Caller):
        request = registration_pb2.RegisterAuthorityRequest(command=given, authority=draft)
        assert await small.read(CommandKey.of(request, caller).new_id(ids.AUTHORITY)) == []
    return found.value


async def test_what_is_registered_is_active_at_once_and_says_what_was_said_of_it(small: Asking) -> None:
    draft = a_draft()
    made = await small.do(LIMIC, "RegisterAuthority", authority=draft)
    assert made.id.startswith("aut_")
    assert (made.revision, made.status, made.country_code) == (1, pb.AUTHORITY_STATUS_ACTIVE, "IT")
    same = ("level", "official_name", "informal_name", "description", "languages", "contact", "concept_ids")
    for name in same:
        assert getattr(made, name) == getattr(draft, name)
    (asked,), (part,) = draft.access, made.access
    assert (part.module, part.legislative_role) == (asked.module, asked.legislative_role)
    assert part.workflow_roles == asked.workflow_roles
    assert part.access_coordinator_id == made.validating_coordinator_id == LIMIC.authority_id
    assert list(made.area_codes) == ["services"]
    assert not made.HasField("region_code")
    assert await small.seen(LIMIC, made.id) == [made]


@pytest.mark.parametrize("role", LegislativeRole)
async def test_only_those_who_act_as_coordinator_at_a_coordinator_register(
    small: Asking, role: LegislativeRole
) -> None:
    for user_role in UserRole:
        with cell(user_role):
            caller = a_registrar(role, user_role, name=user_role)
            draft = a_draft(level=pb.AUTHORITY_LEVEL_REGIONAL, region_code="IT-62")
            if role in COORDINATING and user_role is UserRole.COORDINATOR:
                made = await small.do(caller, "RegisterAuthority", authority=draft)
                assert await small.seen(caller, made.id) == [made]
            else:
                await not_registered(small, caller, Forbidden, draft)


@pytest.mark.parametrize("by", LegislativeRole)
async def test_everybody_registers_what_ranks_below_and_the_commission_national_coordinators(
    small: Asking, by: LegislativeRole
) -> None:
    for role in LegislativeRole:
        with cell(role):
            commission, national = LegislativeRole.COMMISSION, role is LegislativeRole.NIMIC
            region = "IT-RM" if by is LegislativeRole.SDIMIC else "IT-25"
            place: dict[str, Any] = {"level": pb.AUTHORITY_LEVEL_REGIONAL, "region_code": region}
            if national:
                place = {"country_code": "MT" if by is commission else "IT"}
            draft = a_draft(an_access(ALERTS, role), **place)
            below = by in COORDINATING and RANK[role] < RANK[by]
            if (by is commission and national) or below:
                made = await small.do(a_registrar(by), "RegisterAuthority", authority=draft)
                assert wire.LEGISLATIVE_ROLE.from_wire(made.access[0].legislative_role, field="") is role
            else:
                await not_registered(small, a_registrar(by), Forbidden, draft)


async def test_at_the_commission_a_viewer_registers_nobody(small: Asking) -> None:
    viewer = a_registrar(LegislativeRole.COMMISSION, UserRole.VIEWER, name="viewer")
    draft = a_draft(an_access("services/requests", LegislativeRole.NIMIC), country_code="LU")
    await not_registered(small, viewer, Forbidden, draft)
    assert await small.do(COMMISSION, "RegisterAuthority", authority=draft)


@pytest.mark.parametrize(
    ("caller", "changed", "field"),
    [
        (a_registrar(LegislativeRole.LIMIC, country="HU"), {}, "authority.country"),
        (a_registrar(LegislativeRole.SDIMIC), {}, "authority.region"),
        (
            LIMIC,
            {"access": [access_on_wire(an_access(ALERTS, LegislativeRole.LIMIC))]},
            "authority.access[0].legislativeRole",
        ),
        (LIMIC, {"access": [access_on_wire(an_access("firearms/requests"))]}, "authority.access[0].module"),
        (a_registrar(LegislativeRole.LIMIC, name="else"), {"country_code": "HU"}, "authority.country"),
    ],
)
async def test_a_coordinator_registers_in_its_own_country_and_area(
    small: Asking, caller: Caller, changed: dict[str, Any], field: str
) -> None:
    assert (await not_registered(small, caller, Forbidden, a_draft(**changed))).field == field


async def test_services_register_and_edit_nothing(small: Asking) -> None:
    for service in ("gateway", "requests", "alerts"):
        await not_registered(small, service, Forbidden, a_draft())
        await not_edited(small, service, Forbidden, languages=["mt"])


@pytest.mark.parametrize(
    ("caller", "post", "names"),
    [
        (COMMISSION, an_access("services/requests", LegislativeRole.NIMIC), "NIMIC of IT"),
        (NIMIC, an_access(ALERTS, LegislativeRole.LIMIC), "LIMIC of services:IT"),
    ],
)
async def test_a_post_that_is_taken_stays_taken(small: Asking, caller: Caller, post: ModuleAccess, names: str) -> None:
    found = await not_registered(small, caller, Conflict, a_draft(post))
    assert (found.field, found.reason) == ("authority.access", "POST_TAKEN")
    assert names in found.message


async def test_a_region_has_a_limic_of_its_own_and_one_only(small: Asking) -> None:
    regional = {"level": pb.AUTHORITY_LEVEL_REGIONAL, "region_code": "IT-82"}
    post = an_access(ALERTS, LegislativeRole.LIMIC)
    made = await small.do(NIMIC, "RegisterAuthority", authority=a_draft(post, **regional))
    assert made.region_code == "IT-82"
    found = await not_registered(small, NIMIC, Conflict, a_draft(post, **regional))
    assert found.reason == "POST_TAKEN"


LONG = "x" * (CONTACT_LIMIT + 1)
UNFIT_PARTS: list[tuple[dict[str, Any], str, str]] = [
    ({"contact": pb.Contact(email="imi")}, "contact.email", "NOT_AN_EMAIL"),
    ({"contact": pb.Contact(town=LONG)}, "contact.town", "TOO_LONG"),
    ({"informal_name": in_languages(en="x" * (NAME_LIMIT + 1))}, "informalName.en", "TOO_LONG"),
    ({"informal_name": in_languages(tlh="x")}, "informalName.tlh", "UNKNOWN_LANGUAGE"),
    ({"description": in_languages(en="x" * (DESCRIPTION_LIMIT + 1))}, "description.en", "TOO_LONG"),
    ({"languages": ["it", "tlh"]}, "languages[1]", "UNKNOWN_LANGUAGE"),
    ({"concept_ids": ["doctor", "wizard"]}, "concepts[1]", "UNKNOWN_CONCEPT"),
]
REGIONAL = pb.AUTHORITY_LEVEL_REGIONAL


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        *UNFIT_PARTS,
        ({"country_code": "GR"}, "country", "UNKNOWN_COUNTRY"),
        ({"level": 0}, "level", "UNKNOWN_VALUE"),
        ({"level": pb.AUTHORITY_LEVEL_UNION}, "level", "LEVEL"),
        ({"region_code": "IT-62"}, "region", "REGION"),
        ({"level": REGIONAL}, "region", "REGION"),
        ({"level": REGIONAL, "region_code": "IT-0"}, "region", "UNKNOWN_REGION"),
        ({"level": REGIONAL, "region_code": "HU-BU"}, "region", "REGION"),
        ({"official_name": in_languages()}, "officialName", "EMPTY"),
        ({"official_name": in_languages(it="  ")}, "officialName", "EMPTY"),
        ({"official_name": in_languages(it="x" * (NAME_LIMIT + 1))}, "officialName.it", "TOO_LONG"),
        ({"languages": []}, "languages", "EMPTY"),
        ({"access": [access_on_wire(an_access("services/wizardry"))]}, "access[0].module", "UNKNOWN_MODULE"),
        ({"access": [access_on_wire(an_access()), access_on_wire(an_access())]}, "access[1].module", "REPEATED"),
        ({"access": [pb.ModuleAccess(module=ALERTS)]}, "access[0].legislativeRole", "UNKNOWN_VALUE"),
    ],
)
async def test_what_is_wrong_with_a_registration_is_refused_by_name(
    small: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    found = await not_registered(small, LIMIC, Invalid, a_draft(**changed))
    assert (found.field, found.reason) == (f"authority.{field}", reason)


async def test_a_registration_sent_again_gives_the_first_answer_and_no_second_authority(small: Asking) -> None:
    given = command()
    made = await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft())
    await small.do(NIMIC, "EditAuthority", id=made.id, languages=["mt"])
    assert await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft()) == made
    (now,) = await small.read(made.id)
    assert (now.revision, list(now.languages)) == (2, ["mt"])
    other = await small.do(a_registrar(LegislativeRole.DIMIC), "RegisterAuthority", command=given, authority=a_draft())
    assert other.id != made.id


async def test_a_registration_sent_again_gives_the_first_answer_to_one_who_registers_no_more(small: Asking) -> None:
    given = command()
    made = await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft())
    viewer = a_registrar(LegislativeRole.LIMIC, UserRole.VIEWER)
    assert await small.do(viewer, "RegisterAuthority", command=given, authority=a_draft()) == made
    await not_registered(small, viewer, Forbidden, a_draft())


async def test_a_registration_sent_again_when_its_answer_is_kept_no_more_is_told_of_what_it_made(small: Asking) -> None:
    given = command()
    made = await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft())
    for number in range(ANSWERS_KEPT):
        await small.do(NIMIC, "EditAuthority", id=made.id, languages=["mt" if number % 2 else "ga"])
    with pytest.raises(Conflict, match=made.id) as refused:
        await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft())
    assert (refused.value.field, refused.value.reason) == ("idempotencyKey", "ALREADY_EXISTS")


async def test_another_command_under_the_same_key_is_refused(small: Asking) -> None:
    given = command()
    made = await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft())
    with pytest.raises(Conflict) as refused:
        await small.do(LIMIC, "RegisterAuthority", command=given, authority=a_draft(languages=["mt"]))
    assert (refused.value.field, refused.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    first = await small.do(NIMIC, "EditAuthority", command=given, id=made.id, languages=["mt"])
    with pytest.raises(Conflict) as refused:
        await small.do(NIMIC, "EditAuthority", command=given, id=made.id, languages=["ga"])
    assert (refused.value.field, refused.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY_REUSED")
    assert await small.seen(NIMIC, made.id) == [first]


@pytest.mark.parametrize("key", ["", "x" * 129])
async def test_every_command_needs_a_key(small: Asking, key: str) -> None:
    unkeyed = common_pb2.Command(idempotency_key=key)
    for caller, method, fields in (
        (LIMIC, "RegisterAuthority", {"authority": a_draft()}),
        (ADMIN, "EditAuthority", {"id": "aut_office", "languages": ["mt"]}),
    ):
        with pytest.raises(Invalid) as refused:
            await small.do(caller, method, command=unkeyed, **fields)
        assert (refused.value.field, refused.value.reason) == ("idempotencyKey", "IDEMPOTENCY_KEY")


ADMIN = an_administrator("aut_office")


async def not_edited(small: Asking, caller: Caller | str, kind: type[Refusal], **fields: Any) -> Refusal:
    """How the edit of the office is refused, having changed nothing."""
    before = await small.read("aut_office")
    with pytest.raises(kind) as found:
        await small.do(caller, "EditAuthority", **{"id": "aut_office", **fields})
    assert type(found.value) is kind
    assert await small.read("aut_office") == before
    return found.value


async def test_only_whom_the_authority_names_as_its_administrator_edits_whatever_a_token_says(small: Asking) -> None:
    for role, module in product(UserRole, ("", ALERTS)):
        with cell(role, module):
            caller = somebody("aut_office", role, module=module, name=f"editor_{role}")
            await not_edited(small, caller, Forbidden, languages=["mt"])
            assert (await small.do(ADMIN, "EditAuthority", id="aut_office", languages=["it", "fr"])).languages == [
                "it",
                "fr",
            ]


@pytest.mark.parametrize("caller", [an_administrator("aut_hungary"), an_administrator("aut_nimic"), LIMIC, COMMISSION])
async def test_nobody_edits_another_authority(small: Asking, caller: Caller) -> None:
    await not_edited(small, caller, Forbidden, languages=["mt"])


async def test_an_authority_that_is_not_there_is_not_found(small: Asking) -> None:
    found = await not_edited(small, an_administrator("aut_nobody"), NotFound, id="aut_nobody", languages=["mt"])
    assert found.field == "id"


async def test_what_nobody_may_know_of_is_refused_in_the_words_for_what_is_not_there(small: Asking) -> None:
    said = set()
    for id_ in ("aut_applicant", "aut_nobody"):
        refused = await not_edited(small, an_administrator("aut_hungary"), NotFound, id=id_, languages=["mt"])
        said.add((refused.message.replace(id_, "…"), refused.field, refused.reason))
    assert said == {("there is no authority '…'", "id", "NOT_FOUND")}


async def test_nobody_is_registered_to_do_in_a_module_what_is_not_done_there(small: Asking) -> None:
    unfit = an_access("services/requests", LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR)
    refused = await not_registered(small, NIMIC, Invalid, a_draft(an_access(), unfit))
    assert (refused.field, refused.reason) == ("authority.access[1].workflowRoles[0]", "WORKFLOW_ROLE")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"contact": pb.Contact(town="  Ostia ")}, {"contact": pb.Contact(town="Ostia")}),
        (
            {"informal_name": in_languages(en="Office", no="Kontor")},
            {"informal_name": in_languages(en="Office", nb="Kontor")},
        ),
        ({"informal_name": in_languages()}, {"informal_name": in_languages()}),
        ({"description": in_languages(it="Fa questo")}, {"description": in_languages(it="Fa questo")}),
        ({"languages": ["FR-be", "fr", "de"]}, {"languages": ["fr", "de"]}),
        ({"concept_ids": ["plumber", "plumber", "doctor"]}, {"concept_ids": ["plumber", "doctor"]}),
        ({"no_concepts": True}, {"concept_ids": []}),
        (
            {"contact": pb.Contact(email="imi@altro.example"), "languages": ["it"], "concept_ids": ["electrician"]},
            {"contact": pb.Contact(email="imi@altro.example"), "languages": ["it"], "concept_ids": ["electrician"]},
        ),
        ({}, {}),
    ],
)
async def test_what_is_said_is_changed_and_the_rest_stays(
    small: Asking, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    (before,) = await small.seen(ADMIN, "aut_office")
    after = await small.do(ADMIN, "EditAuthority", id="aut_office", **given)
    assert after.revision == before.revision + 1
    for name in pb.Authority.DESCRIPTOR.fields_by_name:
        if name != "revision":
            assert getattr(after, name) == expected.get(name, getattr(before, name))
    assert await small.seen(ADMIN, "aut_office") == [after]


@pytest.mark.parametrize(("changed", "field", "reason"), [*UNFIT_PARTS, ({"no_languages": True}, "languages", "EMPTY")])
async def test_what_is_wrong_with_an_edit_is_refused_by_name(
    small: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    found = await not_edited(small, ADMIN, Invalid, **changed)
    assert (found.field, found.reason) == (field, reason)


async def test_an_edit_sent_again_gives_the_first_answer_and_no_second_effect(small: Asking) -> None:
    given = command()
    first = await small.do(ADMIN, "EditAuthority", command=given, id="aut_office", languages=["el"])
    later = await small.do(ADMIN, "EditAuthority", id="aut_office", languages=["lv"])
    assert await small.do(ADMIN, "EditAuthority", command=given, id="aut_office", languages=["el"]) == first
    assert await small.seen(ADMIN, "aut_office") == [later]


async def test_an_edit_of_what_somebody_else_has_changed_is_refused(small: Asking) -> None:
    (seen,) = await small.read("aut_office")
    now = await small.do(ADMIN, "EditAuthority", command=command(revision=seen.revision), id="aut_office")
    assert now.revision == seen.revision + 1
    for revision in (seen.revision, now.revision + 1, 0):
        found = await not_edited(small, ADMIN, Stale, command=command(revision=revision), languages=["mt"])
        assert (found.field, found.reason) == ("revision", "STALE_REVISION")


async def test_of_edits_at_the_same_time_none_is_lost(small: Asking) -> None:
    (before,) = await small.read("aut_office")
    parts: list[dict[str, Any]] = [
        {"languages": ["sk"]},
        {"concept_ids": ["notary"]},
        {"contact": pb.Contact(town="Bari")},
        {"description": in_languages(it="Insieme")},
    ]
    await asyncio.gather(*(small.do(ADMIN, "EditAuthority", id="aut_office", **part) for part in parts))
    (after,) = await small.read("aut_office")
    assert after.revision == before.revision + 4
    assert (list(after.languages), list(after.concept_ids), after.contact.town) == (["sk"], ["notary"], "Bari")
    assert after.description == in_languages(it="Insieme")


async def test_each_change_is_told_by_ids_and_codes_and_a_refused_one_is_not(small: Asking) -> None:
    made = await small.do(LIMIC, "RegisterAuthority", authority=a_draft())
    with pytest.raises(Invalid):
        await small.do(NIMIC, "EditAuthority", id=made.id, languages=["tlh"])
    given = command()
    for _ in range(2):
        await small.do(NIMIC, "EditAuthority", command=given, id=made.id, languages=["mt"])
    await small.do(NIMIC, "EditAuthority", id=made.id, languages=["ga"])
    told: list[Event] = []
    async with (
        asyncio.timeout(10),
        open_events(small.settings.events) as events,
        events.join(f"test-{uuid.uuid4()}", ["imi.directory.v1"]) as member,
    ):
        while not told or AuthorityChanged.FromString(told[-1].data).revision < 3:
            told += [received.event for received in await member.poll() if received.event.subject == made.id]
    assert {(event.type, event.source) for event in told} == {("imi.directory.v1.AuthorityChanged", "/imi/directory")}
    assert [AuthorityChanged.FromString(event.data) for event in told] == [
        AuthorityChanged(authority_id=made.id, revision=revision, country_code="IT") for revision in (1, 2, 3)
    ]


async def test_each_change_is_remembered_with_who_made_it_and_what_it_changed(small: Asking) -> None:
    made = await small.do(LIMIC, "RegisterAuthority", authority=a_draft())
    given = command()
    for _ in range(2):
        await small.do(NIMIC, "EditAuthority", command=given, id=made.id, languages=["mt"], concept_ids=["plumber"])
    with pytest.raises(Invalid):
        await small.do(NIMIC, "EditAuthority", id=made.id, languages=["tlh"])
    async with open_documents(small.settings.documents("directory"), storage.COLLECTIONS) as documents:
        document = await documents.get(storage.AUTHORITIES, made.id)
    assert document is not None
    state: Any = document.body["state"]
    registered, edited = state["history"]
    assert (registered["command"], registered["user_id"], registered["authority_id"]) == (
        "REGISTER",
        LIMIC.user_id,
        "aut_limic",
    )
    assert {"officialName", "access", "validatingCoordinator"} <= set(registered["fields"])
    assert (edited["command"], edited["user_id"], edited["authority_id"]) == ("EDIT", NIMIC.user_id, NIMIC.authority_id)
    assert edited["fields"] == ["languages", "concepts"]
    assert state["validating_coordinator"] == "aut_limic"
    assert [one["access_coordinator"] for one in state["access"]] == ["aut_limic"]


@pytest.mark.parametrize("id_", ["aut_suspended", "aut_applicant"])
async def test_what_is_not_active_is_not_edited(small: Asking, id_: str) -> None:
    before = await small.read(id_)
    with pytest.raises(Forbidden):
        await small.do(an_administrator(id_), "EditAuthority", id=id_, languages=["mt"])
    assert await small.read(id_) == before
