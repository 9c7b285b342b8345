"""Direct registration: a coordinator registers an authority on its behalf, and it is active at once."""

from collections.abc import Collection
from dataclasses import replace

from services.directory.domain import coordination, registration
from services.directory.domain.authorities import Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Command


def registered(new: Authority, by: Person, territories: Collection[str]) -> Authority:
    """*new* as *by* registers it, who then looks after it; raises Forbidden if it is not theirs to register."""
    actor = coordination.registrar(new, by, territories)
    return replace(
        new,
        status=registration.step(None, Command.REGISTER, {actor}),
        validating_coordinator=by.authority_id,
        access=tuple(replace(access, access_coordinator=by.authority_id) for access in new.access),
    )
