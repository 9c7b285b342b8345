"""What every command on an authority does besides its rule: references must exist, the change is remembered, the others are told."""

from dataclasses import replace
from datetime import datetime

from chassis.caller import Caller
from chassis.mail import check_address
from protos.directory.v1.events_pb2 import AuthorityChanged
from services.directory.domain import history
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from vocabulary.refusals import Conflict, Invalid


def check_references(reference: Reference, authority: Authority, *, at: str) -> None:
    """Raises Invalid naming what *authority* refers to and the directory does not have, or a mailbox that is none."""
    for index, concept in enumerate(authority.concepts):
        reference.require_concept(concept, field=f"{at}concepts[{index}]")
    for index, access in enumerate(authority.access):
        reference.require_module(access.module, field=f"{at}access[{index}].module")
    if authority.region:
        reference.require_region(authority.region, field=f"{at}region")
        if reference.regions[authority.region].country != authority.country:
            raise Invalid("the region is in another country", field=f"{at}region", reason="REGION")
    check_mailbox(authority, at=at)


def check_mailbox(authority: Authority, *, at: str) -> None:
    """Raises Invalid for a mailbox to which notifications could never be sent."""
    if authority.contact.email:
        try:
            check_address(authority.contact.email)
        except ValueError as unfit:
            raise Invalid(str(unfit), field=f"{at}contact.email", reason="NOT_AN_EMAIL") from unfit


def recorded(
    before: Authority | None,
    after: Authority,
    command: history.Command,
    caller: Caller,
    at: datetime,
    reason: str = "",
) -> Authority:
    """*after*, which remembers what was changed, when, by whom, and why."""
    change = history.Change(
        at=at,
        command=command,
        user_id=caller.user_id,
        authority_id=caller.authority_id,
        fields=history.changed_fields(before, after),
        reason=reason.strip(),
    )
    return replace(after, history=history.with_change(after.history, change))


def changed(id_: str, revision: int, authority: Authority) -> AuthorityChanged:
    """The event of *authority* being at *revision* now."""
    return AuthorityChanged(authority_id=id_, revision=revision, country_code=authority.country)


def post_taken(authority: Authority, *, field: str = "authority.access") -> Conflict:
    """Why *authority* cannot be what it wants to be: another one has a post of which there is one only."""
    taken = " or ".join(post.replace(":", " of ", 1) for post in authority.posts)
    return Conflict(f"there is a {taken} already", field=field, reason="POST_TAKEN")
