"""Who acts and who reads, as the rules of repositories know them; and what they are shown."""

from datetime import datetime

from chassis.aggregates import Aggregates, Kept
from chassis.audit.rpc import Knowing
from chassis.caller import EVERY, GATEWAY, Caller, current_caller, current_person
from services.repositories.domain.audiences import ROLES, held
from services.repositories.domain.auditing import known
from services.repositories.domain.definitions import Definition
from services.repositories.domain.entries import Actor, Entry
from services.repositories.domain.views import revision_seen, seen
from vocabulary.audit import Known
from vocabulary.roles import UserRole, WorkflowRole


def current_reader() -> Caller:
    """Who makes the call being answered: a person, or the gateway for whoever has not signed in; raises Forbidden for a service."""
    caller = current_caller()
    return caller if caller.service == GATEWAY else current_person()


def actor(caller: Caller, definition: Definition, now: datetime) -> Actor:
    """*caller* as one who reads and writes entries of *definition*: an editor where both they and their authority are."""
    if caller.service:
        return Actor(authority_id="", country="", now=now)
    roles = _roles(caller, definition.kind)
    return Actor(
        authority_id=caller.authority_id,
        country=caller.country,
        user_id=caller.user_id,
        areas=frozenset(
            area
            for area, own in roles.items()
            if WorkflowRole.REPOSITORY_EDITOR in caller.workflow_roles[f"{area}/{definition.kind}"]
            and not own.isdisjoint(definition.editor_roles)
        ),
        approves=frozenset(area for area in roles if caller.coordinates(f"{area}/{definition.kind}")),
        keys=held(
            caller.authority_id,
            caller.country,
            [(area, role) for area, own in roles.items() for role in own],
            is_commission=caller.is_commission(),
        ),
        now=now,
    )


def shown(kept: Kept[Entry], definition: Definition, who: Actor) -> Kept[Entry] | None:
    """*kept* as far as *who* may see it; None if they may not know that it exists."""
    state = seen(kept.state, definition, who)
    return Kept(kept.id, revision_seen(kept.state, definition, who, kept.revision), state) if state else None


def _roles(caller: Caller, kind: str) -> dict[str, frozenset[UserRole]]:
    """What *caller* is in each module of *kind* in which their authority takes part, by area."""
    everywhere = caller.user_roles.get(EVERY, frozenset())
    found = {
        module.removesuffix(f"/{kind}"): (caller.user_roles.get(module, frozenset()) | everywhere) & set(ROLES)
        for module, taken in caller.workflow_roles.items()
        if module.endswith(f"/{kind}") and taken
    }
    return {area: roles for area, roles in found.items() if roles}


def knowing(entries: Aggregates[Entry]) -> Knowing:
    """What an authority may know of the reads of one of *entries* by others."""

    async def of(caller: Caller, id_: str) -> Known:
        found = await entries.get(id_)
        return known(found.state, caller.authority_id) if found else Known.NOTHING

    return of
