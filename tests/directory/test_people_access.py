"""Who may do what to the people of an authority: every role, every command, their own authority and others, through the service."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2 as pb
from services.directory.domain.history import Command
from services.directory.domain.registration import TRANSITIONS, Actor
from tests.cells import cell
from tests.directory.bodies import ALERTS, a_draft, a_registrar, somebody
from tests.directory.conftest import Asking, command
from tests.directory.staff import HANDLER, NIMIC, VIEWER, added, an_office, as_caller, do, people_of, somebody_new
from vocabulary.participants import Status
from vocabulary.refusals import Conflict, Forbidden, NotFound, Refusal
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole

LIMIC = a_registrar(LegislativeRole.LIMIC)
COMMANDS = ["AddUser", "EditUser", "DeactivateUser", "SetLanguages", "ListUsers", "ListChanges"]


@dataclass(frozen=True)
class Town:
    """Two offices: one that the NIMIC validated and one that the LIMIC did, each with an administrator and colleagues."""

    asking: Asking
    nimics: str
    limics: str
    people: dict[str, list[pb.User]]

    async def attempt(self, caller: Caller, method: str, office: str) -> Refusal | None:
        """How a command on the people of an office is refused; None if it is done."""
        colleague = self.people[office][-1]
        fields: dict[str, Any] = {
            "AddUser": somebody_new(office),
            "EditUser": {"id": colleague.id, "name": "Altra"},
            "DeactivateUser": {"id": colleague.id},
            "SetLanguages": {"language": "it"},
        }.get(method, {"authority_id": office})
        if method not in ("ListUsers", "ListChanges"):
            fields["command"] = command()
        before = await people_of(self.asking, office)
        try:
            await self.asking(caller, method, **fields)
        except Refusal as refusal:
            assert await people_of(self.asking, office) == before
            return refusal
        if method == "DeactivateUser":
            # The next one needs somebody, too.
            self.people[office].append(await added(self.asking, NIMIC, office))
        return None


@pytest.fixture(scope="module")
async def town(small: Asking) -> Town:
    nimics, _ = await an_office(small)
    limics = (await small.do(LIMIC, "RegisterAuthority", authority=a_draft())).id
    people: dict[str, list[pb.User]] = {}
    for office in (nimics, limics):
        await added(small, NIMIC, office, administrator=True)
        people[office] = [await added(small, NIMIC, office, roles=[HANDLER, VIEWER])]
    return Town(small, nimics, limics, people)


@pytest.mark.parametrize("method", COMMANDS)
async def test_at_an_authority_only_who_administers_it_manages_people_and_everybody_their_own_languages(
    town: Town, method: str
) -> None:
    for role, module in product(UserRole, ("", ALERTS, "*")):
        with cell(role, module):
            (colleague,) = (
                one for one in await people_of(town.asking, town.nimics) if one.id == town.people[town.nimics][-1].id
            )
            caller = somebody(town.nimics, role, module=module, name=colleague.id.removeprefix("usr_"))
            found = await town.attempt(caller, method, town.nimics)
            if method == "SetLanguages":
                assert found is None
            else:
                # A token alone makes nobody an administrator: the authority must name them.
                assert type(found) is Forbidden
            elsewhere = await town.attempt(caller, method, town.limics)
            if method in ("EditUser", "DeactivateUser"):
                assert type(elsewhere) is NotFound
            else:
                assert method == "SetLanguages" or type(elsewhere) is Forbidden


@pytest.mark.parametrize("method", COMMANDS)
async def test_an_administrator_manages_the_people_of_their_own_authority_only(town: Town, method: str) -> None:
    (admin, *_) = (
        one for one in await people_of(town.asking, town.nimics) if len(one.roles) > 1 and not one.roles[-1].module
    )
    caller = as_caller(admin)
    assert await town.attempt(caller, method, town.nimics) is None
    elsewhere = await town.attempt(caller, method, town.limics)
    expected = NotFound if method in ("EditUser", "DeactivateUser") else Forbidden
    assert method == "SetLanguages" or type(elsewhere) is expected


@pytest.mark.parametrize("method", [one for one in COMMANDS if one != "SetLanguages"])
async def test_coordinators_manage_the_people_of_whom_they_validated_and_the_nimic_of_its_country(
    town: Town, method: str
) -> None:
    for by, user_role in product(LegislativeRole, UserRole):
        with cell(by, user_role):
            caller = a_registrar(by, user_role, name=f"above_{user_role}")
            acts = user_role is UserRole.COORDINATOR and by in COORDINATING
            for office, validated_by in ((town.nimics, LegislativeRole.NIMIC), (town.limics, LegislativeRole.LIMIC)):
                found = await town.attempt(caller, method, office)
                if acts and by in (LegislativeRole.NIMIC, validated_by):
                    assert found is None
                else:
                    assert type(found) is (NotFound if method in ("EditUser", "DeactivateUser") else Forbidden)


@pytest.mark.parametrize("method", [one for one in COMMANDS if one != "SetLanguages"])
@pytest.mark.parametrize("by", [LegislativeRole.LIMIC, LegislativeRole.NIMIC])
async def test_coordinators_of_another_country_manage_nobody_here(town: Town, by: LegislativeRole, method: str) -> None:
    found = await town.attempt(a_registrar(by, country="HU"), method, town.nimics)
    assert type(found) is (NotFound if method in ("EditUser", "DeactivateUser") else Forbidden)


async def test_a_coordinator_manages_its_own_people_by_its_own_administrator_only(small: Asking) -> None:
    assert type(await refusal(small, LIMIC, "aut_limic")) is Forbidden
    with pytest.raises(Forbidden):
        await small(LIMIC, "ListUsers", authority_id="aut_limic")
    admin = await added(small, NIMIC, "aut_limic", roles=[], administrator=True)
    coordinator = pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_COORDINATOR)
    made = await added(small, as_caller(admin), "aut_limic", roles=[coordinator])
    assert list(made.roles) == [coordinator]


async def test_while_an_authority_is_suspended_its_coordinators_manage_its_people_and_itself_does_not(
    small: Asking,
) -> None:
    made = await added(small, NIMIC, "aut_suspended", administrator=True)
    assert type(await refusal(small, as_caller(made), "aut_suspended")) is Forbidden
    assert Actor.ADMINISTRATOR not in TRANSITIONS[Status.SUSPENDED][Command.ADD_USER].actors


async def test_nobody_is_added_where_nobody_works_yet(small: Asking) -> None:
    found = await refusal(small, NIMIC, "aut_applicant")
    assert (type(found), found and found.reason) == (Conflict, "TRANSITION")


async def test_an_addition_sent_again_gives_its_first_answer_though_who_added_administers_no_more(
    small: Asking,
) -> None:
    office, (first, second) = await an_office(small, administrators=2)
    given = {"command": command("added and left"), **somebody_new(office)}
    made = await do(small, first, "AddUser", **given)
    await do(small, second, "EditUser", id=first.user_id, administrator=False)
    assert await do(small, first, "AddUser", **given) == made
    assert type(await refusal(small, first, office)) is Forbidden


async def refusal(small: Asking, caller: Caller, office: str) -> Refusal | None:
    try:
        await do(small, caller, "AddUser", **somebody_new(office))
    except Refusal as found:
        return found
    return None


async def test_roles_are_given_as_far_as_the_authority_takes_part(small: Asking) -> None:
    office, (admin,) = await an_office(small)
    for role in UserRole:
        if role is UserRole.LOCAL_DATA_ADMINISTRATOR:
            continue
        held = pb.RoleInModule(module=ALERTS, role=pb.UserRole.Value(f"USER_ROLE_{role}"))
        new = somebody_new(office, roles=[held])
        if role in (UserRole.VIEWER, UserRole.ALERT_HANDLER, UserRole.TRANSLATOR):
            assert list((await do(small, admin, "AddUser", **new)).roles) == [held]
        else:
            with pytest.raises(Refusal) as refused:
                await do(small, admin, "AddUser", **new)
            assert (refused.value.field, refused.value.reason) == ("roles[0]", "ROLE_DOES_NOT_FIT")
