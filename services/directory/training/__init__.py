"""Training data: about 2,000 invented authorities in 30 countries, and a few people to sign in as.

Made by rule and by a seeded generator, so that every installation has the same ids and the same names. Nothing here exists: the
names say what a body does and where, and addresses end in ``.example``.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog

from chassis.aggregates import Aggregates
from protos.directory.v1 import events_pb2
from services.directory.domain.authorities import Authority
from services.directory.domain.users import User
from services.directory.reference import Reference
from services.directory.training.authorities import authorities as invented
from services.directory.training.people import administrators, people
from vocabulary import countries
from vocabulary.roles import LegislativeRole

BATCH = 500
log = structlog.get_logger(__name__)


async def load(
    reference: Reference,
    authorities: Aggregates[Authority],
    users: Aggregates[User],
    chosen: Collection[str] = countries.ALL,
) -> None:
    """Store the training data, of countries that are not *chosen* only the coordinators; what is there already stays as it is."""
    made = {id_: one for id_, one in administered(invented(reference)).items() if one.country in chosen or _leads(one)}
    listed = [
        (id_, one, [events_pb2.AuthorityChanged(authority_id=id_, revision=1, country_code=one.country)])
        for id_, one in made.items()
    ]
    for batch in _batches(listed):
        await authorities.load(batch)
    signed_up = {id_: user for id_, user in people().items() if user.authority_id in made}
    await users.load(
        [
            (id_, user, [events_pb2.UserChanged(user_id=id_, authority_id=user.authority_id)])
            for id_, user in signed_up.items()
        ]
    )
    log.info("training_data_loaded", authorities=len(made), users=len(signed_up))


def administered(made: dict[str, Authority]) -> dict[str, Authority]:
    """The invented authorities, with the people who administer them."""
    found = administrators()
    return {id_: replace(one, administrators=found[id_]) if id_ in found else one for id_, one in made.items()}


def _leads(one: Authority) -> bool:
    return any(part.legislative_role is not LegislativeRole.COMPETENT_AUTHORITY for part in one.access)


def _batches(
    items: Sequence[tuple[str, Authority, list[events_pb2.AuthorityChanged]]],
) -> list[Sequence[tuple[str, Authority, list[events_pb2.AuthorityChanged]]]]:
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
