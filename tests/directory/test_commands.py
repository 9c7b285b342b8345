"""Every command on an authority, given by everybody: the table of `domain/registration.py`, through the RPCs."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2 as pb
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.history import Command
from services.directory.domain.invitations import Applicant, issued
from services.directory.domain.registration import EVER, TRANSITIONS, Actor
from services.directory.settings import DirectorySettings
from services.directory.wire_inside import COMMAND
from tests.cells import cell
from tests.directory.bodies import a_coordinator, an_access, an_authority, stored
from tests.directory.conftest import FREE_PORT, Asking, command, running
from vocabulary.participants import Level, Status
from vocabulary.refusals import Conflict, Forbidden, NotFound
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

LAZIO = {"level": Level.REGIONAL, "region": "IT-62"}
COMPETENT, LIMIC, SDIMIC, NIMIC, COMMISSION = (
    LegislativeRole.COMPETENT_AUTHORITY,
    LegislativeRole.LIMIC,
    LegislativeRole.SDIMIC,
    LegislativeRole.NIMIC,
    LegislativeRole.COMMISSION,
)
ACTIVE, ASKED = "services/alerts", "services/requests"
WAITING = frozenset({Status.INVITED, Status.REQUESTED, Status.REJECTED})
FAR = datetime(2099, 1, 1, tzinfo=UTC)

# Which RPC a command is, what it needs besides the id, and the statuses that its table is entered with.
RPC: Mapping[Command, tuple[str, dict[str, Any]]] = {
    Command.RENEW_INVITATION: ("RenewInvitation", {}),
    Command.WITHDRAW_INVITATION: ("WithdrawInvitation", {"reason": "a mistake"}),
    Command.VALIDATE: ("ValidateAuthority", {}),
    Command.REJECT: ("RejectAuthority", {"reason": "not competent"}),
    Command.EDIT: ("EditAuthority", {"languages": ["mt"]}),
    Command.SUSPEND: ("SuspendAuthority", {"reason": "merged"}),
    Command.REINSTATE: ("ReinstateAuthority", {}),
    Command.DEREGISTER: ("DeregisterAuthority", {}),
    Command.REQUEST_ACCESS: ("RequestAccess", {"module": "services/repository"}),
    Command.GRANT_ACCESS: ("GrantAccess", {"module": ASKED}),
    Command.REFUSE_ACCESS: ("RefuseAccess", {"module": ASKED, "reason": "not competent"}),
    Command.CHANGE_ACCESS: ("ChangeAccess", {"module": ACTIVE, "allocation": True}),
    Command.WITHDRAW_ACCESS: ("WithdrawAccess", {"module": ACTIVE, "reason": "not competent"}),
}
FROM = {command: next(status for status, rows in TRANSITIONS.items() if command in rows) for command in RPC}


@dataclass(frozen=True, slots=True)
class Body:
    """An authority that somebody gives commands for, and what it is to those it is linked to as coordinator."""

    id: str
    state: Authority
    linked: bool = False


OTHER_AREA = an_access("firearms/requests", LIMIC, WorkflowRole.REQUEST_PARTNER)
ABOVE = {
    "linked": Body("aut_linked", a_coordinator(LIMIC), linked=True),
    "unlinked": Body("aut_unlinked", a_coordinator(LegislativeRole.DIMIC)),
    "linked, of another area": Body("aut_area", an_authority(access=(OTHER_AREA,)), linked=True),
    "linked, of another country": Body("aut_country", a_coordinator(LIMIC, country="HU"), linked=True),
    "linked, of its rank": Body("aut_rank", an_authority(), linked=True),
    "linked, of its region": Body("aut_lazio", a_coordinator(SDIMIC), linked=True),
    "linked, of another region": Body("aut_lombardia", a_coordinator(SDIMIC, region="IT-25"), linked=True),
    "linked and suspended": Body(
        "aut_idle", a_coordinator(LegislativeRole.DIMIC, status=Status.SUSPENDED), linked=True
    ),
    "national": Body("aut_national", a_coordinator(NIMIC)),
    "national, of another country": Body("aut_abroad", a_coordinator(NIMIC, country="HU"), linked=True),
    "the Commission": Body("aut_eu", a_coordinator(COMMISSION)),
}
PLACES: Mapping[str, dict[str, Any]] = {"national": {}, "regional": LAZIO}
# What those above are to a competent authority, and to a national coordinator.
COORDINATOR = frozenset({Actor.VALIDATING_COORDINATOR, Actor.ACCESS_COORDINATOR})
IS: Mapping[tuple[str, str], frozenset[Actor]] = {
    ("linked", "national"): COORDINATOR,
    ("linked", "regional"): COORDINATOR,
    ("linked, of its region", "regional"): COORDINATOR,
    ("national", "national"): frozenset({Actor.NIMIC}),
    ("national", "regional"): frozenset({Actor.NIMIC}),
    ("the Commission", "coordinator"): frozenset({Actor.COMMISSION}),
    ("itself", "national"): frozenset({Actor.ADMINISTRATOR}),
    ("itself", "regional"): frozenset({Actor.ADMINISTRATOR}),
}
TARGETS = (*PLACES, "coordinator")
# A country has one national coordinator only: one for each command that the Commission may give.
CODES = ("LU", "MT", "CY", "AT", "BE", "BG", "HR", "CZ", "DK", "EE", "FI", "FR", "DE")


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody, in a role or in none, gives a command about an authority of a kind and a status."""

    who: str
    target: str
    command: Command
    status: Status
    in_role: bool = True

    @property
    def id(self) -> str:
        words = (self.who, self.target, self.command, self.status, str(self.in_role))
        return "aut_" + "_".join(words).replace(" ", "").replace(",", "")

    @property
    def actors(self) -> frozenset[Actor]:
        return IS.get((self.who, self.target), frozenset()) if self.in_role else frozenset()

    @property
    def authority(self) -> Authority:
        """What the command is about, with its links to whoever gives it."""
        above = ABOVE.get(self.who)
        coordinator = above.id if above and above.linked else "aut_nobody"
        national = self.target == "coordinator"
        active = replace(
            an_access(ACTIVE, NIMIC if national and self.actors else COMPETENT), access_coordinator=coordinator
        )
        asked = replace(an_access(ASKED, NIMIC if national else COMPETENT), status=AccessStatus.REQUESTED)
        asked = replace(asked, access_coordinator=coordinator)
        waits = self.status in WAITING
        return an_authority(
            status=self.status,
            country=CODES[[*RPC].index(self.command)] if national else "IT",
            **PLACES.get(self.target, {}),
            access=() if waits else (active,),
            inactive_access=(asked,),
            validating_coordinator=coordinator,
            invitation=issued(self.id, "ufficio@prova.example", "it", FAR) if waits else None,
            applicant=Applicant(name="Anna", language="it", signin=f"https://i.example {self.id}") if waits else None,
            administrators=(f"usr_{self.id}",) if self.in_role else ("usr_colleague",),
        )

    @property
    def caller(self) -> Caller:
        """Who gives it."""
        if self.who == "itself":
            role = UserRole.LOCAL_DATA_ADMINISTRATOR if self.in_role else UserRole.COORDINATOR
            module = "" if self.in_role else "*"
            return Caller(user_id=f"usr_{self.id}", authority_id=self.id, user_roles={module: frozenset({role})})
        body = ABOVE[self.who]
        role = UserRole.COORDINATOR if self.in_role else UserRole.VIEWER
        roles = {"*": frozenset({role}), "": frozenset({UserRole.LOCAL_DATA_ADMINISTRATOR})}
        return Caller(user_id="usr_above", authority_id=body.id, user_roles=roles)

    @property
    def may_know(self) -> bool:
        """Whether whoever gives it may know that the authority is there."""
        waits = self.status in WAITING
        inside = self.who in ("itself", "the Commission") or bool(self.actors)
        return inside or not waits

    def fields(self) -> dict[str, Any]:
        fields = dict(RPC[self.command][1])
        if self.status in WAITING and "module" in fields and self.command is not Command.REQUEST_ACCESS:
            fields["module"] = ASKED
        if self.command is Command.REQUEST_ACCESS:
            fields["legislative_role"] = pb.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY
        return fields


WHO = [*ABOVE, "itself"]
BY_EVERYBODY = [
    Case(who, target, command, FROM[command] or Status.ACTIVE, in_role)
    for who, target, command, in_role in itertools.product(WHO, TARGETS, RPC, (True, False))
    if who != "itself" or target in PLACES
]
# Those who may at some time, while the authority is in a status that does not allow it.
AT_ANOTHER_TIME = [
    Case(who, target, command, status)
    for (who, target), actors in IS.items()
    for command, status in itertools.product(RPC, Status)
    if target in PLACES and command not in TRANSITIONS[status] and actors & EVER[command]
]


@asynccontextmanager
async def a_directory_of_cases(data: Path) -> AsyncIterator[Asking]:
    """A directory with an authority for each case, and nothing that is open anywhere."""
    settings = DirectorySettings(
        data_dir=data, listen_address=FREE_PORT, requests_address="none", alerts_address="none"
    )
    bodies = {one.id: one.state for one in ABOVE.values()}
    await stored(settings, {**bodies, **{case.id: case.authority for case in [*BY_EVERYBODY, *AT_ANOTHER_TIME]}})
    async with running(settings) as asking:
        yield asking


@pytest.fixture(scope="module")
async def before_all(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """The cases as they are before anything is done."""
    async with a_directory_of_cases(tmp_path_factory.mktemp("before")) as asking:
        yield asking


@pytest.fixture(scope="module")
async def commanded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """The cases, each to be tried once."""
    async with a_directory_of_cases(tmp_path_factory.mktemp("commands")) as asking:
        yield asking


async def there(asking: Asking, case: Case) -> pb.Authority:
    (found,) = await asking.read(case.id)
    return found


@pytest.mark.parametrize("who", WHO)
async def test_a_command_is_for_those_whom_the_table_names_and_for_nobody_else(commanded: Asking, who: str) -> None:
    for case in [case for case in BY_EVERYBODY if case.who == who]:
        with cell(case.id):
            row = TRANSITIONS[case.status][case.command]
            before = await there(commanded, case)
            answer = commanded(case.caller, RPC[case.command][0], command=command(), id=case.id, **case.fields())
            if row.actors & case.actors:
                await answer
                after = await there(commanded, case)
                assert after.status == pb.AuthorityStatus.Value(f"AUTHORITY_STATUS_{row.next}")
                assert after.revision == before.revision + 1
            else:
                with pytest.raises(Forbidden if case.may_know else NotFound):
                    await answer
                assert await there(commanded, case) == before


@pytest.mark.parametrize("who", [who for who in WHO if any(case.who == who for case in AT_ANOTHER_TIME)])
async def test_at_another_time_it_is_for_nobody(commanded: Asking, who: str) -> None:
    for case in [case for case in AT_ANOTHER_TIME if case.who == who]:
        # Nobody acts for an authority that is not active: it has no administrator then.
        inactive = who == "itself" and case.status is not Status.ACTIVE
        with cell(case.id):
            before = await there(commanded, case)
            with pytest.raises(Forbidden if inactive else Conflict) as refused:
                await commanded(case.caller, RPC[case.command][0], command=command(), id=case.id, **case.fields())
            assert refused.value.reason == ("FORBIDDEN" if inactive else "TRANSITION")
            assert await there(commanded, case) == before


@pytest.mark.parametrize("who", WHO)
async def test_what_one_may_do_is_said_before_it_is_tried(before_all: Asking, who: str) -> None:
    for case in [case for case in BY_EVERYBODY if case.who == who]:
        with cell(case.id):
            found = await before_all.seen(case.caller, case.id)
            assert bool(found) is case.may_know
            said = {action for one in found for action in one.actions}
            said |= {action for one in found for part in [*one.access, *one.inactive_access] for action in part.actions}
            may = bool(TRANSITIONS[case.status][case.command].actors & case.actors)
            assert (COMMAND.to_wire(case.command) in said) is may
