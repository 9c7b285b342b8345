"""Who acts and who reads, as the rules of alerts know them."""

from collections.abc import Callable
from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.audit.rpc import Knowing
from chassis.caller import EVERY, Caller
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.auditing import known
from services.alerts.domain.views import READERS
from vocabulary.audit import Known
from vocabulary.roles import ALERTS, LegislativeRole, UserRole, WorkflowRole, module


def party(caller: Caller, area: str, now: datetime) -> Party:
    """*caller* as a party to the alerts of *area*. A National IMI Coordinator has a part in all of them."""
    held = caller.workflow_roles.get(module(area, ALERTS), frozenset())
    national = LegislativeRole.NIMIC in caller.legislative_roles.values()
    takes_part = national or not held.isdisjoint({WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR})
    return Party(
        user_id=caller.user_id,
        authority_id=caller.authority_id,
        country=caller.country,
        roles=_roles(caller, area) if takes_part or caller.is_commission() else frozenset(),
        coordinates=national or WorkflowRole.ALERT_COORDINATOR in held,
        takes_part=takes_part,
        is_commission=caller.is_commission(),
        now=now,
    )


def reads(who: Party) -> bool:
    """Whether *who* sees any alerts at all."""
    return bool(who.roles & READERS)


def _roles(caller: Caller, area: str) -> frozenset[UserRole]:
    here = caller.user_roles.get(module(area, ALERTS), frozenset())
    return here | caller.user_roles.get(EVERY, frozenset())


def knowing(alerts: Aggregates[Alert], now: Callable[[], datetime]) -> Knowing:
    """What an authority may know of the reads of one of *alerts* by others."""

    async def of(caller: Caller, id_: str) -> Known:
        found = await alerts.get(id_)
        return known(found.state, party(caller, found.state.area, now())) if found else Known.NOTHING

    return of
