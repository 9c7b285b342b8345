"""Offices of tests' own, with people to act for them, and commands on people over gRPC."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import people_pb2
from services.directory import wire
from tests.directory.bodies import ALERTS, ISSUER, a_draft, a_registrar
from tests.directory.conftest import Asking, command
from vocabulary.refusals import Refusal, Unauthenticated
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

NIMIC = a_registrar(LegislativeRole.NIMIC)
HANDLER = pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_ALERT_HANDLER)
VIEWER = pb.RoleInModule(module=ALERTS, role=pb.USER_ROLE_VIEWER)
ADMINISTRATOR = pb.RoleInModule(module="", role=pb.USER_ROLE_LOCAL_DATA_ADMINISTRATOR)


def a_signin() -> people_pb2.SignIn:
    return people_pb2.SignIn(issuer=ISSUER, subject=uuid.uuid4().hex)


def somebody_new(authority_id: str, **changed: Any) -> dict[str, Any]:
    """What is said of somebody who is added."""
    fields: dict[str, Any] = {
        "authority_id": authority_id,
        "name": "Signora Nuova",
        "language": "it",
        "languages": ["it", "fr"],
        "signin": a_signin(),
        "roles": [HANDLER],
    }
    return {**fields, **changed}


async def do(asking: Asking, caller: Caller | str, method: str, **fields: Any) -> pb.User:
    """A command on a person, with a key of its own; gives them as they are then."""
    answer = await asking(caller, method, **{"command": command(), **fields})
    user: pb.User = answer.user
    return user


async def refused(
    asking: Asking, caller: Caller | str, kind: type[Refusal], method: str, **fields: Any
) -> tuple[str, str]:
    """The field and the reason of the refusal of a command."""
    with pytest.raises(kind) as found:
        await do(asking, caller, method, **fields)
    assert type(found.value) is kind
    return found.value.field, found.value.reason


async def added(asking: Asking, caller: Caller, authority_id: str, **changed: Any) -> pb.User:
    return await do(asking, caller, "AddUser", **somebody_new(authority_id, **changed))


async def an_office(asking: Asking, administrators: int = 1, **draft: Any) -> tuple[str, list[Caller]]:
    """A new authority, and its local data administrators as they sign in."""
    office = await asking.do(NIMIC, "RegisterAuthority", authority=a_draft(**draft))
    names = [f"Amministratrice {number}" for number in range(administrators)]
    made = [await added(asking, NIMIC, office.id, name=name, administrator=True) for name in names]
    return office.id, [as_caller(one) for one in made]


def as_caller(user: pb.User, country: str = "IT") -> Caller:
    """*user* as the gateway signs for them."""
    roles: dict[str, set[UserRole]] = {}
    for held in user.roles:
        roles.setdefault(held.module, set()).add(wire.USER_ROLE.from_wire(held.role, field=""))
    return Caller(
        user_id=user.id,
        authority_id=user.authority_id,
        country=country,
        language=user.language,
        user_roles={module: frozenset(held) for module, held in roles.items()},
        workflow_roles={ALERTS: frozenset({WorkflowRole.ALERT_AUTHORITY})},
        legislative_roles={"services": LegislativeRole.COMPETENT_AUTHORITY},
    )


async def people_of(
    asking: Asking, authority_id: str, caller: Caller = NIMIC, *, former: bool = False
) -> list[pb.User]:
    """Everybody who works at an authority, or who did."""
    found = await asking(caller, "ListUsers", authority_id=authority_id, former=former, page={"first": 100})
    return list(found.users)


async def administrators_of(asking: Asking, authority_id: str) -> set[str]:
    return {one.id for one in await people_of(asking, authority_id) if ADMINISTRATOR in one.roles}


async def signs_in(asking: Asking, signin: people_pb2.SignIn) -> pb.User | None:
    """Who the gateway is told has signed in; None for nobody."""
    try:
        found = await asking("gateway", "ResolveUser", issuer=signin.issuer, subject=signin.subject)
    except Unauthenticated as refusal:
        if refusal.reason != "UNKNOWN_USER":
            raise
        return None
    user: pb.User = found.user
    return user


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of an edit, lists in the messages that say whether they are there."""
    inner = {"languages": "codes", "roles": "roles"}
    return {name: {inner[name]: value} if name in inner else value for name, value in values.items()}
