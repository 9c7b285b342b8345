"""People: each belongs to one authority and holds roles per module, as far as the authority takes part there.

Who is a local data administrator, and who has left, is kept with the authority (`administrators`, `former_users`), and not here: that
one of them is left must be decided in one write. Whoever is among the former users signs in no more, whatever their own document
still says.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from services.directory.domain.authorities import Authority, ModuleAccess, require_readable
from services.directory.domain.coordination import Person
from services.directory.domain.history import Change, Command
from services.directory.domain.registration import EVER, FINAL, Actor
from vocabulary import languages
from vocabulary.refusals import Conflict, Invalid, NotFound
from vocabulary.roles import COORDINATING, LegislativeRole, UserRole, WorkflowRole

NAME_LIMIT = 200
ROLES_LIMIT = 200
SIGNIN_LIMIT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleInModule:
    """A role in one module, in all (``*``), or (the empty module) in the authority itself."""

    module: str
    role: UserRole

    @property
    def area(self) -> str:
        return self.module.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person acting for an authority. `signin` is ``<issuer> <subject>`` of OpenID Connect.

    `language` is the one of their screen; `languages` are those they understand, the preferred one first. `left_because` is what
    was said when they left: it is about them, so it goes when they are forgotten, and the record of their authority does not keep it.
    """

    authority_id: str
    name: str
    language: str
    signin: str
    roles: tuple[RoleInModule, ...] = ()
    languages: tuple[str, ...] = ()
    active: bool = True
    left_because: str = ""
    history: tuple[Change, ...] = ()


ADMINISTRATOR = RoleInModule(module="", role=UserRole.LOCAL_DATA_ADMINISTRATOR)

# What an authority must do in a module for somebody there to have the role; an empty set: take part at all.
NEEDS: Mapping[UserRole, frozenset[WorkflowRole]] = {
    UserRole.VIEWER: frozenset(),
    UserRole.REQUEST_HANDLER: frozenset({WorkflowRole.REQUEST_PARTNER}),
    UserRole.SUPERVISOR: frozenset({WorkflowRole.REQUEST_PARTNER}),
    UserRole.ALLOCATOR: frozenset({WorkflowRole.REQUEST_PARTNER}),
    UserRole.ALERT_HANDLER: frozenset({WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR}),
    UserRole.ALERT_DISSEMINATOR: frozenset({WorkflowRole.ALERT_COORDINATOR}),
    UserRole.REPOSITORY_EDITOR: frozenset({WorkflowRole.REPOSITORY_EDITOR}),
    UserRole.TRANSLATOR: frozenset(),
}


# Who manages people, and sees them and the record of what was done to them.
MANAGERS = EVER[Command.ADD_USER]


def signin(issuer: str, subject: str) -> str:
    """What identifies a person's sign-in."""
    return f"{issuer} {subject}"


def check_signin(issuer: str, subject: str, *, at: str = "signin.") -> str:
    """What identifies the sign-in; raises Invalid naming the part that cannot be right."""
    for name, given in (("issuer", issuer), ("subject", subject)):
        if not given.strip() or len(given) > SIGNIN_LIMIT or not given.isprintable():
            raise Invalid(f"this has 1 to {SIGNIN_LIMIT} characters", field=f"{at}{name}", reason="SIGNIN")
    # A URI has no blank; with one, two sign-ins could be written the same.
    if " " in issuer:
        raise Invalid("an issuer is a URI, without blanks", field=f"{at}issuer", reason="SIGNIN")
    return signin(issuer, subject)


def knows(by: Person, authority_id: str, actors: AbstractSet[Actor]) -> bool:
    """Whether *by*, who is *actors* to an authority, knows its people: their colleagues do, and those above."""
    return by.authority_id == authority_id or bool(actors & MANAGERS)


def unknown(id_: str) -> NotFound:
    """The refusal of somebody who is not there, or not to be known of."""
    return NotFound(f"there is no user {id_!r}", field="id")


def fits(held: RoleInModule, authority: Authority) -> bool:
    """Whether somebody at *authority* may hold the role: it takes part in the module, in a way that the role is for."""
    if held.role is UserRole.LOCAL_DATA_ADMINISTRATOR:
        return held.module == ""
    return any(
        _is_for(held.role, access)
        for access in authority.access
        if access.module in (held.module, "*") or held.module == "*"
    )


def _is_for(role: UserRole, access: ModuleAccess) -> bool:
    if role is UserRole.COORDINATOR:
        return access.legislative_role in COORDINATING | {LegislativeRole.COMMISSION}
    needed = NEEDS[role]
    return not needed or not needed.isdisjoint(access.workflow_roles)


def check(user: User, authority: Authority, *, at: str = "user.") -> User:
    """*user* tidied; raises Invalid naming the field at fault."""
    name = user.name.strip()
    if not name or len(name) > NAME_LIMIT:
        raise Invalid(f"a name has 1 to {NAME_LIMIT} characters", field=f"{at}name", reason="NAME")
    require_readable(name, field=f"{at}name")
    if len(user.roles) > ROLES_LIMIT:
        raise Invalid(f"at most {ROLES_LIMIT} roles", field=f"{at}roles", reason="TOO_MANY")
    for index, held in enumerate(user.roles):
        if not fits(held, authority):
            raise Invalid(
                f"the authority does not take part in {held.module or 'itself'} in a way that {held.role} is for",
                field=f"{at}roles[{index}]",
                reason="ROLE_DOES_NOT_FIT",
            )
    return replace(
        with_languages(user, user.language, user.languages, at=at),
        name=name,
        roles=tuple(dict.fromkeys(held for held in user.roles if held != ADMINISTRATOR)),
    )


def edited(
    user: User,
    authority: Authority,
    *,
    name: str | None = None,
    language: str | None = None,
    understood: Sequence[str] | None = None,
    roles: Sequence[RoleInModule] | None = None,
) -> User:
    """*user* with what is given; raises Invalid for a part that does not fit. What is not given is not judged either."""
    after = check(
        replace(
            user,
            name=user.name if name is None else name,
            language=user.language if language is None else language,
            languages=user.languages if understood is None else tuple(understood),
            roles=() if roles is None else tuple(roles),
        ),
        authority,
        at="",
    )
    return after if roles is not None else replace(after, roles=user.roles)


def require_active(id_: str, user: User, authority: Authority) -> None:
    """Raises Conflict for somebody who works at *authority* no more."""
    if not user.active or id_ in authority.former_users:
        raise gone()


def has_left(id_: str, authority: Authority) -> bool:
    """Whether somebody works at *authority* no more, or it takes part no more: their sign-in is free, whatever their document says."""
    return id_ in authority.former_users or authority.status in FINAL


def gone() -> Conflict:
    """The refusal of what is for those who still work there."""
    return Conflict("this user is no longer active", reason="USER_NOT_ACTIVE")


def with_languages(user: User, language: str, understood: Sequence[str], *, at: str = "") -> User:
    """*user* with the language of their screen and those they understand."""
    spoken = (languages.require(code, field=f"{at}languages[{index}]") for index, code in enumerate(understood))
    return replace(
        user,
        language=languages.require(language, field=f"{at}language"),
        languages=tuple(dict.fromkeys(spoken)),
    )


def with_administrator(authority: Authority, user_id: str) -> Authority:
    """*authority* with one more local data administrator; raises Conflict for somebody who works there no more."""
    if user_id in authority.former_users:
        raise gone()
    if user_id in authority.administrators:
        return authority
    return replace(authority, administrators=(*authority.administrators, user_id))


def without_administrator(authority: Authority, user_id: str) -> Authority:
    """*authority* with one local data administrator fewer; raises Conflict if it was the last."""
    left = tuple(one for one in authority.administrators if one != user_id)
    if authority.administrators and not left:
        raise Conflict(
            "this is the authority's last active local data administrator; name another one first",
            reason="LAST_ADMINISTRATOR",
        )
    return replace(authority, administrators=left)


def without_user(authority: Authority, user_id: str) -> Authority:
    """*authority* once somebody works there no more; raises Conflict if they were its last local data administrator."""
    after = without_administrator(authority, user_id)
    if user_id in after.former_users:
        return after
    return replace(after, former_users=(*after.former_users, user_id))


def speaks(user: User | None, authority: Authority | None) -> tuple[str, ...]:
    """The languages that somebody writes in: those they say they understand, else that of their screen and their authority's."""
    if user is not None and user.languages:
        return user.languages
    own = (user.language,) if user is not None and user.language else ()
    return tuple(dict.fromkeys((*own, *(authority.languages if authority is not None else ()))))


def suggested(target: Sequence[str], writer: Sequence[str]) -> tuple[str, ...]:
    """In which languages to write to an authority that understands *target*, the best first.

    Those that the writer knows too, in the target's order; if there are none, the target's first.
    """
    return _shared(target, writer) or tuple(target[:1])


def understood(target: Sequence[str], writer: Sequence[str]) -> tuple[str, ...]:
    """The languages *target*, which an authority understands: first those that the writer knows too, then the others."""
    shared = _shared(target, writer)
    return (*shared, *(code for code in target if code not in shared))


def _shared(target: Sequence[str], writer: Sequence[str]) -> tuple[str, ...]:
    return tuple(code for code in target if code in writer)
