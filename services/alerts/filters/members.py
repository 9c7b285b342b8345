"""Who acts on filters and webhooks, and an authority as a reader without a person."""

from collections.abc import Iterable
from datetime import datetime

from chassis.caller import EVERY, Caller
from services.alerts.domain.alerts import Party
from services.alerts.domain.filters import Member
from services.alerts.domain.types import AlertType
from services.alerts.readers import party, reads
from vocabulary.participants import Participant
from vocabulary.roles import UserRole


def member(caller: Caller, types: Iterable[AlertType], now: datetime) -> Member:
    """*caller* as one of their authority's people. Where the authority has no part in alerts, nobody administers any."""
    parties = [party(caller, area, now) for area in {kind.area for kind in types}]
    return Member(
        user_id=caller.user_id,
        authority_id=caller.authority_id,
        reads=any(who.takes_part and reads(who) for who in parties),
        administers=caller.administers() and any(who.takes_part for who in parties),
        now=now,
    )


def on_its_own(authority: Participant, area: str, now: datetime) -> Party:
    """*authority* as what reads its inbox when nobody is signed in: it sees what all of its readers see, while it is active."""
    parts = authority.parts if authority.is_active else ()
    itself = Caller(
        authority_id=authority.id,
        country=authority.country,
        user_roles={EVERY: frozenset({UserRole.VIEWER})},
        workflow_roles={part.module: frozenset(part.workflow_roles) for part in parts},
        legislative_roles={part.module.partition("/")[0]: part.legislative_role for part in parts},
    )
    return party(itself, area, now)


def takes_part(authority: Participant, types: Iterable[AlertType], now: datetime) -> bool:
    """Whether *authority* is active, and some of the alerts there are can be for it."""
    return any(on_its_own(authority, area, now).takes_part for area in {kind.area for kind in types})
