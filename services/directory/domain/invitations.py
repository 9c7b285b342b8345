"""Invitations: nobody registers uninvited. A code is shown to whoever invites, and only its hash is kept."""

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Whom a coordinator has invited, until when. `number` counts how often the code was renewed."""

    email: str
    language: str
    code_hash: str
    expires_at: datetime
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """The person who has registered an authority by invitation; once it is validated, its first user and administrator."""

    name: str
    language: str
    signin: str
    languages: tuple[str, ...] = ()


def code_hash(code: str) -> str:
    """What is kept of *code*, however it was typed: in small letters, with blanks or hyphens."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
