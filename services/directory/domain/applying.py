"""Registration by invitation: a coordinator drafts, the invitee registers, the coordinator validates.

What is drafted waits: the parts in modules are requested ones until the validation makes all of them active.
"""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta

from services.directory.domain import authorities, coordination, registration
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.coordination import Person
from services.directory.domain.history import Command
from services.directory.domain.invitations import Applicant, Invitation, issued
from services.directory.domain.registration import Actor
from services.directory.domain.users import User
from vocabulary import ids, languages
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, NotFound

DECIDING = frozenset({Command.VALIDATE, Command.REJECT, Command.WITHDRAW_INVITATION})
# Some authorities are changed every other week.
LONGEST = timedelta(days=150)


def require_invitee(email: str, language: str) -> tuple[str, str]:
    """The invitee's e-mail address and language, tidied; raises Invalid naming the one at fault."""
    return authorities.check_email(email.strip(), field="email"), languages.require(language, field="language")


def invited(new: Authority, by: Person, territories: Collection[str], invitation: Invitation) -> Authority:
    """*new* as *by* invites it, who is to validate it and looks after its access; raises Forbidden if it is not theirs to invite."""
    actor = coordination.registrar(new, by, territories)
    requested = tuple(
        replace(access, status=AccessStatus.REQUESTED, access_coordinator=by.authority_id) for access in new.access
    )
    return replace(
        new,
        status=registration.step(None, Command.INVITE, {actor}),
        validating_coordinator=by.authority_id,
        access=(),
        inactive_access=requested,
        invitation=invitation,
    )


def renewed(
    authority: Authority, of: AbstractSet[Actor], code: Callable[[int], str], email: str, language: str, now: datetime
) -> Authority:
    """*authority* with a new invitation, whose *code* goes by its number, in the place of the one before.

    An *email* or *language* that is not given stays.
    """
    status = registration.step(authority.status, Command.RENEW_INVITATION, of)
    last = authority.invitation
    assert last is not None, "who is invited has an invitation"
    to, spoken = require_invitee(email or last.email, language or last.language)
    number = last.number + 1
    return replace(authority, status=status, invitation=issued(code(number), to, spoken, now, number=number))


def withdrawn(authority: Authority, of: AbstractSet[Actor], reason: str) -> Authority:
    """*authority*, whose invitation nobody can accept any more."""
    status = registration.step(authority.status, Command.WITHDRAW_INVITATION, of, reason)
    return replace(authority, status=status, reason=reason.strip())


def is_open(authority: Authority, code_hash: str, now: datetime) -> bool:
    """Whether a code with *code_hash* is of an invitation that may be accepted now."""
    invitation = authority.invitation
    return (
        authority.status is Status.INVITED
        and invitation is not None
        and invitation.code_hash == code_hash
        and now < invitation.expires_at
    )


def not_open() -> NotFound:
    """The refusal of a code that is unknown, used, withdrawn or expired: which of these is nobody's business."""
    return NotFound(
        "no invitation with this code can be accepted; ask whoever invited you for a new one",
        field="code",
        reason="INVITATION",
    )


def applied(authority: Authority, applicant: Applicant) -> Authority:
    """*authority*, corrected already, as *applicant* registers it."""
    status = registration.step(authority.status, Command.REGISTER_BY_INVITATION, {Actor.INVITEE})
    return replace(authority, status=status, applicant=applicant)


def over_since(authority: Authority, changed_at: datetime) -> datetime | None:
    """Since when nobody waits for whom *authority*, last changed at that time, names as invited, or as having applied.

    That is since its invitation has expired, or since it was decided and nothing has been changed, but at the latest `LONGEST` after
    the decision; None if it names nobody, or somebody has still to decide.
    """
    invitation = authority.invitation
    if authority.status is Status.INVITED:
        return invitation.expires_at if invitation is not None and invitation.email else None
    if authority.status is Status.REQUESTED:
        return None
    if invitation is None and authority.applicant is None:
        return None
    decided = [change.at for change in authority.history if change.command in DECIDING]
    return min([changed_at, *(at + LONGEST for at in decided[-1:])])


def forgotten(authority: Authority) -> Authority:
    """*authority* without who was invited and who has applied. An invitation that has expired can still be renewed, for somebody."""
    if authority.status is Status.INVITED and authority.invitation is not None:
        return replace(authority, invitation=replace(authority.invitation, email=""))
    return replace(authority, invitation=None, applicant=None)


def first_user_id(authority_id: str, applicant: Applicant) -> str:
    """The id that the applicant has as a user: the same each time, so that making them one can be repeated."""
    return ids.derived(ids.USER, "applicant", authority_id, applicant.signin)


def first_user(authority_id: str, applicant: Applicant) -> User:
    """The applicant as a user. They administer the authority, which is kept with it, and give themselves what roles they need."""
    return User(
        authority_id=authority_id,
        name=applicant.name,
        language=applicant.language,
        signin=applicant.signin,
        languages=applicant.languages,
    )


def validated(
    authority: Authority, by: Person, of: AbstractSet[Actor], territories: Collection[str], administrator: str
) -> Authority:
    """*authority*, active with all parts it was invited for, and with its first *administrator*.

    Raises Forbidden if one of the parts is not *by*'s to give: whoever invited it may coordinate less since.
    """
    status = registration.step(authority.status, Command.VALIDATE, of)
    if not coordination.gives_all(by, of, authority.inactive_access, territories):
        raise Forbidden(
            "it was invited for a part that is not yours to give; whoever coordinates all of its areas can validate it",
            field="id",
        )
    granted = tuple(replace(access, status=AccessStatus.ACTIVE) for access in authority.inactive_access)
    return replace(
        authority,
        status=status,
        access=authority.access + granted,
        inactive_access=(),
        administrators=(administrator,),
    )


def rejected(authority: Authority, of: AbstractSet[Actor], reason: str) -> Authority:
    """*authority*, which nobody will validate any more."""
    return replace(
        authority, status=registration.step(authority.status, Command.REJECT, of, reason), reason=reason.strip()
    )
