"""Who acts and who reads, as the rules of requests know them."""

from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.audit.rpc import Knowing
from chassis.caller import Caller
from services.requests.domain.auditing import known
from services.requests.domain.lifecycle import WRITERS
from services.requests.domain.requests import Actor, Request
from services.requests.domain.views import Reader
from vocabulary.audit import Known
from vocabulary.roles import REQUESTS, UserRole, WorkflowRole, module


def actor(caller: Caller, area: str, now: datetime) -> Actor:
    """*caller* as one who acts in the requests of *area*."""
    return Actor(
        user_id=caller.user_id,
        authority_id=caller.authority_id,
        country=caller.country,
        roles=_roles(caller, area),
        takes_part=takes_part(caller, area),
        legislative_role=caller.legislative_roles.get(area),
        now=now,
    )


def reader(caller: Caller, area: str) -> Reader:
    """*caller* as one who reads the requests of *area*."""
    return Reader(
        authority_id=caller.authority_id,
        country=caller.country,
        roles=_roles(caller, area) if takes_part(caller, area) else frozenset(),
        legislative_role=caller.legislative_roles.get(area),
        user_id=caller.user_id,
    )


def takes_part(caller: Caller, area: str) -> bool:
    """Whether the caller's authority exchanges requests in *area*."""
    return WorkflowRole.REQUEST_PARTNER in caller.workflow_roles.get(module(area, REQUESTS), frozenset())


def areas_of(caller: Caller) -> list[str]:
    """The areas in which the caller's authority exchanges requests."""
    areas = [module.partition("/")[0] for module in caller.workflow_roles if module.endswith(f"/{REQUESTS}")]
    return [area for area in areas if takes_part(caller, area)]


def writes(caller: Caller) -> bool:
    """Whether the caller drafts or answers requests in some area."""
    return any(_roles(caller, area) & WRITERS for area in areas_of(caller))


def _roles(caller: Caller, area: str) -> frozenset[UserRole]:
    here = caller.user_roles.get(module(area, REQUESTS), frozenset())
    return here | caller.user_roles.get("*", frozenset())


def knowing(requests: Aggregates[Request]) -> Knowing:
    """What an authority may know of the reads of one of *requests* by others."""

    async def of(caller: Caller, id_: str) -> Known:
        found = await requests.get(id_)
        return known(found.state, caller.authority_id) if found else Known.NOTHING

    return of
