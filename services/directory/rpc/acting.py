"""Who makes a call, as the store knows their authority at this moment: a token may be some minutes old."""

from chassis.aggregates import Aggregates
from chassis.caller import Caller
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person


async def person(caller: Caller, authorities: Aggregates[Authority]) -> Person:
    """The person behind *caller*, with their authority as it is now."""
    kept = await authorities.get(caller.authority_id) if caller.authority_id else None
    return Person(
        user_id=caller.user_id,
        authority_id=caller.authority_id,
        authority=kept.state if kept else None,
        user_roles=caller.user_roles,
    )
