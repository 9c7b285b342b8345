"""Parts in modules: asked for by an authority, given, changed and ended by those above it, never by itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2 as pb
from services.directory import wire
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.history import Command
from services.directory.domain.registration import ACCESS
from services.directory.settings import DirectorySettings
from tests.directory.bodies import (
    ALERTS,
    ISSUER,
    a_coordinator,
    a_registrar,
    a_user,
    an_access,
    an_administrator,
    an_authority,
    stored,
)
from tests.directory.conftest import FREE_PORT, Asking, running
from vocabulary.participants import Level, Status
from vocabulary.refusals import Conflict, Forbidden, Invalid, NotFound, Refusal, Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

REQUESTS, REPOSITORY = "services/requests", "services/repository"
ELSEWHERE = "firearms/requests"
LIMIC = a_registrar(LegislativeRole.LIMIC)
NATIONAL = Caller(user_id="usr_n", authority_id="aut_nimic", user_roles={"*": frozenset({UserRole.COORDINATOR})})
COMPETENT = pb.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY
PARTNER = [pb.WORKFLOW_ROLE_REQUEST_PARTNER]


def linked(part: Any, **changed: Any) -> Any:
    return replace(part, access_coordinator="aut_limic", **changed)


def an_office(**changed: Any) -> Authority:
    fields: dict[str, Any] = {"access": (linked(an_access()),), "validating_coordinator": "aut_limic"}
    return an_authority("Ufficio lanterna", **{**fields, **changed})


def in_status(status: AccessStatus | None) -> Authority:
    """An office whose part in requests has *status*, besides one in alerts."""
    part = linked(an_access(REQUESTS, LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.REQUEST_PARTNER))
    alerts = linked(an_access())
    if status is None:
        return an_office()
    if status is AccessStatus.ACTIVE:
        return an_office(access=(alerts, part))
    return an_office(inactive_access=(replace(part, status=status),))


ASKING_STATUSES = [None, *AccessStatus]
TURNS = [(status, command) for status in ASKING_STATUSES for command in sorted(set().union(*map(set, ACCESS.values())))]


def body(status: AccessStatus | None, command: Command) -> str:
    return f"aut_{status}_{command}"


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """Coordinators of services in Italy, and offices below them."""
    settings = DirectorySettings(
        data_dir=tmp_path_factory.mktemp("town"),
        listen_address=FREE_PORT,
        requests_address="none",
        alerts_address="none",
    )
    lazio = {"level": Level.REGIONAL, "region": "IT-62"}
    bodies = {
        "aut_nimic": a_coordinator(LegislativeRole.NIMIC),
        "aut_limic": a_coordinator(LegislativeRole.LIMIC, validating_coordinator="aut_nimic"),
        "aut_dimic": a_coordinator(LegislativeRole.DIMIC, validating_coordinator="aut_limic"),
        "aut_hungary": a_coordinator(LegislativeRole.LIMIC, country="HU"),
        "aut_idle": a_coordinator(LegislativeRole.DIMIC, status=Status.SUSPENDED),
        "aut_eu": a_coordinator(LegislativeRole.COMMISSION),
        "aut_peer": an_authority("Ufficio accanto"),
        "aut_office": an_office(),
        "aut_offices_colleague": an_office(),
        "aut_region": an_office(**lazio),
        "aut_orphan": an_office(validating_coordinator=""),
        "aut_fading": an_office(),
        "aut_climber": an_office(),
        "aut_rival": an_office(),
        "aut_peerless": an_office(),
        "aut_asks": an_office(),
        "aut_changes": an_office(),
        "aut_shown": an_office(),
        "aut_paused": an_office(),
        "aut_shared": an_office(),
        **{body(status, command): in_status(status) for status, command in TURNS},
    }
    users = {f"usr_{name}": a_user(f"aut_{name}", name) for name in ("fading", "paused")}
    await stored(settings, bodies, users)
    async with running(settings) as asking:
        yield asking


def part_of(authority: pb.Authority, module: str) -> pb.ModuleAccess:
    (found,) = (one for one in [*authority.access, *authority.inactive_access] if one.module == module)
    return found


async def asked(town: Asking, id_: str = "aut_office", **fields: Any) -> pb.Authority:
    given = {"module": REQUESTS, "legislative_role": COMPETENT, "workflow_roles": PARTNER, **fields}
    return await town.do(an_administrator(id_), "RequestAccess", id=id_, **given)


async def not_done(
    town: Asking, kind: type[Refusal], caller: Caller, method: str, id_: str = "aut_office", **fields: Any
) -> tuple[str, str]:
    """The field and the reason of a refusal that left everything as it was."""
    before = await town.seen(NATIONAL, id_)
    with pytest.raises(kind) as refused:
        await town.do(caller, method, id=id_, **fields)
    assert type(refused.value) is kind
    assert await town.seen(NATIONAL, id_) == before
    return refused.value.field, refused.value.reason


FIELDS: dict[Command, dict[str, Any]] = {
    Command.REQUEST_ACCESS: {"legislative_role": COMPETENT, "workflow_roles": PARTNER},
    Command.REFUSE_ACCESS: {"reason": "not competent"},
    Command.WITHDRAW_ACCESS: {"reason": "not competent"},
    Command.CHANGE_ACCESS: {"allocation": True},
    Command.GRANT_ACCESS: {},
}
METHOD = {command: "".join(word.title() for word in command.split("_")) for command in FIELDS}


@pytest.mark.parametrize(("status", "command"), TURNS)
async def test_each_status_of_a_part_allows_what_the_table_says(
    town: Asking, status: AccessStatus | None, command: Command
) -> None:
    id_ = body(status, command)
    caller = an_administrator(id_) if command is Command.REQUEST_ACCESS else NATIONAL
    following = ACCESS[status].get(command)
    fields = {"module": REQUESTS, **FIELDS[command]}
    if following is None:
        found = await not_done(town, Conflict, caller, METHOD[command], id_, **fields)
        assert found == ("module", "TRANSITION")
        return
    await town.do(caller, METHOD[command], id=id_, **fields)
    (after,) = await town.seen(NATIONAL, id_)
    part = part_of(after, REQUESTS)
    assert part.status == wire.ACCESS_STATUS.to_wire(following)
    assert (part in after.access) is (following is AccessStatus.ACTIVE)
    assert part.reason == FIELDS[command].get("reason", "")


async def test_the_validating_coordinator_decides_where_the_area_is_its_own_and_the_national_one_elsewhere(
    town: Asking,
) -> None:
    assert part_of(await asked(town), REQUESTS).access_coordinator_id == "aut_limic"
    assert part_of(await asked(town, module=ELSEWHERE), ELSEWHERE).access_coordinator_id == ""
    assert part_of(await asked(town, "aut_orphan"), REQUESTS).access_coordinator_id == ""
    granted = await town.do(NATIONAL, "GrantAccess", id="aut_orphan", module=REQUESTS)
    assert part_of(granted, REQUESTS).access_coordinator_id == "aut_nimic"


async def test_one_authority_has_another_role_in_another_area(town: Asking) -> None:
    await asked(town, "aut_climber", module=ELSEWHERE, legislative_role=pb.LEGISLATIVE_ROLE_LIMIC)
    after = await town.do(NATIONAL, "GrantAccess", id="aut_climber", module=ELSEWHERE)
    roles = {part.module: part.legislative_role for part in after.access}
    assert roles == {ALERTS: COMPETENT, ELSEWHERE: pb.LEGISLATIVE_ROLE_LIMIC}
    await asked(town, "aut_rival", module=ELSEWHERE, legislative_role=pb.LEGISLATIVE_ROLE_LIMIC)
    found = await not_done(town, Conflict, NATIONAL, "GrantAccess", "aut_rival", module=ELSEWHERE)
    assert found == ("module", "POST_TAKEN")
    await town.do(NATIONAL, "WithdrawAccess", id="aut_climber", module=ELSEWHERE, reason="handed over")
    assert await town.do(NATIONAL, "GrantAccess", id="aut_rival", module=ELSEWHERE)


async def test_of_two_who_are_given_the_same_post_at_once_one_gets_it(town: Asking) -> None:
    module, role = "e-commerce/requests", pb.LEGISLATIVE_ROLE_LIMIC
    for id_ in ("aut_climber", "aut_rival"):
        await asked(town, id_, module=module, legislative_role=role)
    found = await asyncio.gather(
        *(town.do(NATIONAL, "GrantAccess", id=id_, module=module) for id_ in ("aut_climber", "aut_rival")),
        return_exceptions=True,
    )
    (refused,) = (one for one in found if isinstance(one, BaseException))
    assert isinstance(refused, Conflict)
    assert refused.reason == "POST_TAKEN"


async def test_a_change_to_a_post_that_is_taken_is_refused_by_name(town: Asking) -> None:
    fields = {"module": ALERTS, "legislative_role": pb.LEGISLATIVE_ROLE_LIMIC, "access_coordinator_id": "aut_nimic"}
    found = await not_done(town, Conflict, NATIONAL, "ChangeAccess", "aut_offices_colleague", **fields)
    assert found == ("legislativeRole", "POST_TAKEN")


@pytest.mark.parametrize(
    ("kind", "changed", "field", "reason"),
    [
        (Invalid, {"module": "services/wizardry"}, "module", "UNKNOWN_MODULE"),
        (Invalid, {"module": "*"}, "module", "UNKNOWN_MODULE"),
        (Invalid, {"legislative_role": 0}, "legislativeRole", "UNKNOWN_VALUE"),
        (Invalid, {"legislative_role": pb.LEGISLATIVE_ROLE_SDIMIC}, "legislativeRole", "LEGISLATIVE_ROLE"),
        (Forbidden, {"legislative_role": pb.LEGISLATIVE_ROLE_NIMIC}, "legislativeRole", "FORBIDDEN"),
        (Forbidden, {"legislative_role": pb.LEGISLATIVE_ROLE_COMMISSION}, "legislativeRole", "FORBIDDEN"),
        (Invalid, {"workflow_roles": [99]}, "workflowRoles[0]", "UNKNOWN_VALUE"),
        (
            Invalid,
            {"workflow_roles": [*PARTNER, pb.WORKFLOW_ROLE_ALERT_COORDINATOR]},
            "workflowRoles[1]",
            "WORKFLOW_ROLE",
        ),
        (Invalid, {"access_coordinator_id": "aut_peer"}, "accessCoordinatorId", "UNKNOWN_COORDINATOR"),
        (Invalid, {"access_coordinator_id": "aut_nobody"}, "accessCoordinatorId", "UNKNOWN_COORDINATOR"),
        (Invalid, {"access_coordinator_id": "aut_hungary"}, "accessCoordinatorId", "UNKNOWN_COORDINATOR"),
        (Invalid, {"access_coordinator_id": "aut_idle"}, "accessCoordinatorId", "UNKNOWN_COORDINATOR"),
        (Invalid, {"access_coordinator_id": "aut_peer_of_mine"}, "accessCoordinatorId", "UNKNOWN_COORDINATOR"),
        (Invalid, {"access_coordinator_id": "aut_peerless"}, "accessCoordinatorId", "OWN_COORDINATOR"),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_by_name(
    town: Asking, kind: type[Refusal], changed: dict[str, Any], field: str, reason: str
) -> None:
    given = {"module": REPOSITORY, "legislative_role": COMPETENT, "workflow_roles": [], **changed}
    if "workflow_roles" in changed:
        given["module"] = "posting-of-workers/requests"
    found = await not_done(town, kind, an_administrator("aut_peerless"), "RequestAccess", "aut_peerless", **given)
    assert found == (field, reason)


@pytest.mark.parametrize("coordinator", ["aut_limic", "aut_dimic", "aut_nimic"])
async def test_an_authority_may_ask_any_coordinator_above_it_who_then_decides(town: Asking, coordinator: str) -> None:
    module = {"aut_limic": REPOSITORY, "aut_dimic": REQUESTS, "aut_nimic": ELSEWHERE}[coordinator]
    id_ = "aut_asks"
    await asked(town, id_, module=module, workflow_roles=[], access_coordinator_id=coordinator)
    for other in ("aut_limic", "aut_dimic"):
        by = Caller(user_id="usr_c", authority_id=other, user_roles={"*": frozenset({UserRole.COORDINATOR})})
        if other == coordinator:
            assert await town.do(by, "GrantAccess", id=id_, module=module)
        elif coordinator != "aut_nimic":
            await not_done(town, Forbidden, by, "RefuseAccess", id_, module=module, reason="mine")


async def test_a_national_coordinator_takes_part_in_more_by_leave_of_the_commission_and_never_by_its_own(
    town: Asking,
) -> None:
    registrar = a_registrar(LegislativeRole.COMMISSION)
    part = {"module": ELSEWHERE, "legislative_role": pb.LEGISLATIVE_ROLE_NIMIC}
    await asked(town, "aut_nimic", **part)
    await not_done(town, Forbidden, NATIONAL, "GrantAccess", "aut_nimic", module=ELSEWHERE)
    after = await town.do(registrar, "GrantAccess", id="aut_nimic", module=ELSEWHERE)
    assert part_of(after, ELSEWHERE).access_coordinator_id == "aut_eu"


async def test_a_coordinator_gives_nothing_to_itself_and_no_rank_as_high_as_its_own(town: Asking) -> None:
    await asked(town, "aut_limic", module=REQUESTS)
    both = {"*": frozenset({UserRole.COORDINATOR}), "": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})}
    itself = Caller(user_id="usr_l", authority_id="aut_limic", user_roles=both)
    itself_does: list[tuple[str, dict[str, Any]]] = [
        ("GrantAccess", {"module": REQUESTS}),
        ("RefuseAccess", {"module": REQUESTS, "reason": "mine"}),
        ("ChangeAccess", {"module": ALERTS, "allocation": True}),
        ("WithdrawAccess", {"module": ALERTS, "reason": "mine"}),
        ("SuspendAuthority", {"reason": "mine"}),
    ]
    for method, fields in itself_does:
        await not_done(town, Forbidden, itself, method, "aut_limic", **fields)
    fields = {"module": ALERTS, "legislative_role": pb.LEGISLATIVE_ROLE_LIMIC}
    found = await not_done(town, Forbidden, LIMIC, "ChangeAccess", "aut_offices_colleague", **fields)
    assert found[0] == "legislativeRole"


async def test_roles_links_and_settings_are_changed_and_what_is_not_said_stays(town: Asking) -> None:
    id_ = "aut_changes"
    given = {
        "workflow_roles": [pb.WORKFLOW_ROLE_ALERT_AUTHORITY, pb.WORKFLOW_ROLE_ALERT_COORDINATOR],
        "approval_coordinator_id": "aut_dimic",
        "referral_coordinator_id": "aut_nimic",
        "approve_outgoing": True,
        "allocation": True,
    }
    first = part_of(await town.do(LIMIC, "ChangeAccess", id=id_, module=ALERTS, **given), ALERTS)
    assert {name: getattr(first, name) for name in given} == given
    assert (first.legislative_role, first.access_coordinator_id, first.approve_reply) == (COMPETENT, "aut_limic", False)
    second = part_of(await town.do(LIMIC, "ChangeAccess", id=id_, module=ALERTS, approve_reply=True), ALERTS)
    assert {name: getattr(second, name) for name in given} == given
    assert second.approve_reply
    third = {"approval_coordinator_id": "", "approve_outgoing": False, "approve_reply": False}
    after = part_of(await town.do(LIMIC, "ChangeAccess", id=id_, module=ALERTS, **third), ALERTS)
    assert {name: getattr(after, name) for name in third} == third
    assert after.referral_coordinator_id == "aut_nimic"
    none = part_of(await town.do(LIMIC, "ChangeAccess", id=id_, module=ALERTS, no_workflow_roles=True), ALERTS)
    assert not none.workflow_roles
    assert none.referral_coordinator_id == "aut_nimic"


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"approve_outgoing": True}, "approvalCoordinatorId", "APPROVAL_COORDINATOR"),
        ({"approve_reply": True}, "approvalCoordinatorId", "APPROVAL_COORDINATOR"),
        ({"access_coordinator_id": ""}, "accessCoordinatorId", "EMPTY"),
        ({"approval_coordinator_id": "aut_office"}, "approvalCoordinatorId", "OWN_COORDINATOR"),
        ({"referral_coordinator_id": "aut_peer"}, "referralCoordinatorId", "UNKNOWN_COORDINATOR"),
        ({"approval_coordinator_id": "aut_idle"}, "approvalCoordinatorId", "UNKNOWN_COORDINATOR"),
        ({"referral_coordinator_id": "aut_hungary"}, "referralCoordinatorId", "UNKNOWN_COORDINATOR"),
        ({"workflow_roles": PARTNER}, "workflowRoles[0]", "WORKFLOW_ROLE"),
        ({"legislative_role": pb.LEGISLATIVE_ROLE_SDIMIC}, "legislativeRole", "LEGISLATIVE_ROLE"),
    ],
)
async def test_a_change_that_does_not_fit_is_refused_by_name(
    town: Asking, changed: dict[str, Any], field: str, reason: str
) -> None:
    assert await not_done(town, Invalid, NATIONAL, "ChangeAccess", module=ALERTS, **changed) == (field, reason)


async def test_who_was_above_the_old_role_has_to_be_above_the_new_one(town: Asking) -> None:
    fields: dict[str, Any] = {"module": ALERTS, "legislative_role": pb.LEGISLATIVE_ROLE_LIMIC}
    found = await not_done(town, Invalid, NATIONAL, "ChangeAccess", **fields)
    assert found == ("accessCoordinatorId", "UNKNOWN_COORDINATOR")


async def test_outsiders_see_active_parts_only_and_nobody_behind_them(town: Asking) -> None:
    await asked(town, "aut_shown")
    for caller in (an_administrator("aut_shown"), LIMIC, NATIONAL, a_registrar(LegislativeRole.COMMISSION)):
        (inside,) = await town.seen(caller, "aut_shown")
        assert [one.module for one in inside.inactive_access] == [REQUESTS]
        assert inside.access[0].access_coordinator_id == "aut_limic"
    (outside,) = await town.seen(an_administrator("aut_peer"), "aut_shown")
    assert not outside.inactive_access
    assert not outside.actions
    assert not outside.validating_coordinator_id
    assert outside.access[:] == [
        pb.ModuleAccess(
            module=ALERTS,
            legislative_role=COMPETENT,
            workflow_roles=[pb.WORKFLOW_ROLE_ALERT_AUTHORITY],
            status=pb.ACCESS_STATUS_ACTIVE,
        )
    ]


async def test_roles_that_no_longer_fit_give_nothing_until_the_part_is_there_again(town: Asking) -> None:
    async def roles() -> list[int]:
        found = await town("gateway", "ResolveUser", issuer=ISSUER, subject="fading")
        return [held.role for held in found.user.roles]

    id_ = "aut_fading"
    assert await roles() == [pb.USER_ROLE_ALERT_HANDLER]
    await town.do(LIMIC, "WithdrawAccess", id=id_, module=ALERTS, reason="reorganised")
    assert await roles() == []
    await asked(town, id_, module=ALERTS, workflow_roles=[pb.WORKFLOW_ROLE_ALERT_AUTHORITY])
    await town.do(LIMIC, "GrantAccess", id=id_, module=ALERTS)
    assert await roles() == [pb.USER_ROLE_ALERT_HANDLER]


async def test_nobody_signs_in_for_a_suspended_authority_and_again_once_it_is_reinstated(town: Asking) -> None:
    id_ = "aut_paused"
    await town.do(LIMIC, "SuspendAuthority", id=id_, reason="moving")
    with pytest.raises(Unauthenticated) as refused:
        await town("gateway", "ResolveUser", issuer=ISSUER, subject="paused")
    assert refused.value.reason == "AUTHORITY_NOT_ACTIVE"
    after = await town.do(LIMIC, "ReinstateAuthority", id=id_)
    assert (after.status, after.reason) == (pb.AUTHORITY_STATUS_ACTIVE, "")
    assert (await town("gateway", "ResolveUser", issuer=ISSUER, subject="paused")).user.id == "usr_paused"


@pytest.mark.parametrize("method", ["WithdrawAccess", "ChangeAccess"])
async def test_a_person_at_the_national_coordinator_ends_and_changes_nothing_in_areas_they_do_not_act_in(
    town: Asking, method: str
) -> None:
    await asked(town, "aut_shared", module=ELSEWHERE)
    await town.do(NATIONAL, "GrantAccess", id="aut_shared", module=ELSEWHERE)
    fields = {"reason": "why not"} if method == "WithdrawAccess" else {"allocation": True}
    for_services = a_registrar(LegislativeRole.NIMIC)
    await not_done(town, Forbidden, for_services, method, "aut_shared", module=ELSEWHERE, **fields)
    await town.do(NATIONAL, "WithdrawAccess", id="aut_shared", module=ELSEWHERE, reason="not competent")


async def test_an_authority_that_is_not_there_has_no_parts(town: Asking) -> None:
    with pytest.raises(NotFound) as refused:
        await town.do(NATIONAL, "GrantAccess", id="aut_nowhere", module=ALERTS)
    assert refused.value.field == "id"
