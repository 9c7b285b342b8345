"""Invitations: nobody registers uninvited. A code is shown to whoever invites, and only its hash is kept."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

# How long an invitation may be accepted [D].
LIFETIME = timedelta(days=30)
CODE_BYTES = 20
_GROUP = 4


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


def code(secret: bytes, authority_id: str, number: int) -> str:
    """The code of an authority's invitation of this *number*, in groups for typing.

    160 bits that nobody without *secret* can guess, and the same each time: it is never kept, yet a repeated command can say it again.
    """
    mac = hmac.digest(secret, f"invitation {authority_id} {number}".encode(), "sha256")
    plain = base64.b32encode(mac[:CODE_BYTES]).decode()
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))


def code_hash(code: str) -> str:
    """What is kept of *code*, however it was typed: in small letters, with blanks or hyphens."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def issued(code: str, email: str, language: str, now: datetime, *, number: int = 1) -> Invitation:
    """The invitation that *code* accepts, from *now* on."""
    return Invitation(
        email=email, language=language, code_hash=code_hash(code), expires_at=now + LIFETIME, number=number
    )
