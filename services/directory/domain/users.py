"""People: each belongs to one authority and holds roles per module."""

from dataclasses import dataclass

from vocabulary.roles import UserRole


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleInModule:
    """A role in one module, in all (``*``), or (the empty module) in the authority itself."""

    module: str
    role: UserRole


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person acting for an authority. `signin` is ``<issuer> <subject>`` of OpenID Connect."""

    authority_id: str
    name: str
    language: str
    signin: str
    roles: tuple[RoleInModule, ...] = ()


def signin(issuer: str, subject: str) -> str:
    """What identifies a person's sign-in."""
    return f"{issuer} {subject}"
