"""Whose people and whose record were read, for those who ask the audit."""

from chassis.aggregates import Aggregates
from chassis.audit.rpc import Knowing
from chassis.caller import Caller
from services.directory.domain.auditing import known
from services.directory.domain.users import User
from vocabulary import ids
from vocabulary.audit import Known


def knowing(users: Aggregates[User]) -> Knowing:
    """What an authority may know of the reads by others of a person, or of itself."""

    async def of(caller: Caller, id_: str) -> Known:
        if ids.prefix(id_) != ids.USER:
            return known(id_, caller.authority_id)
        found = await users.get(id_)
        return known(found.state.authority_id, caller.authority_id) if found else Known.NOTHING

    return of
