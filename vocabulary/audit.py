"""What the audit of reads says: who read what, and how much of it. Never what it said."""

from dataclasses import dataclass
from enum import StrEnum

from vocabulary import ids


class Kind(StrEnum):
    """What was read."""

    REQUEST = "REQUEST"
    ALERT = "ALERT"
    ENTRY = "ENTRY"
    REPOSITORY = "REPOSITORY"
    PERSON = "PERSON"
    AUTHORITY = "AUTHORITY"
    FILE = "FILE"
    AUDIT = "AUDIT"


class Part(StrEnum):
    """How much of it, and in which form."""

    CONTENT = "CONTENT"
    PERSONAL_DATA = "PERSONAL_DATA"
    LISTED = "LISTED"
    FILE = "FILE"
    # As a document that the reader keeps: a report, a receipt, a message of the Common Alerting Protocol.
    REPORT = "REPORT"
    PROOF = "PROOF"
    EXPORT = "EXPORT"
    # Asked for, and not shown: it is not there, or not for this reader to know of.
    WITHHELD = "WITHHELD"


class Via(StrEnum):
    """How the reader came: through the gateway, or signed in at the service itself, as systems do."""

    GATEWAY = "GATEWAY"
    SERVICE = "SERVICE"


class Known(StrEnum):
    """What an authority may know of other authorities' reads of a thing."""

    NOTHING = "NOTHING"
    COUNTRIES = "COUNTRIES"
    AUTHORITIES = "AUTHORITIES"


# What an id of this prefix is an id of.
KINDS = {
    ids.REQUEST: Kind.REQUEST,
    ids.ALERT: Kind.ALERT,
    ids.ENTRY: Kind.ENTRY,
    ids.USER: Kind.PERSON,
    ids.AUTHORITY: Kind.AUTHORITY,
    ids.FILE: Kind.FILE,
    ids.ENTRY_FILE: Kind.FILE,
}


@dataclass(frozen=True, slots=True)
class Thing:
    """What was read, in which revision (0: it has none), and which parts of it."""

    kind: Kind
    id: str
    revision: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One answer, or one refusal: who was given it, when, how, and what it was about. `refused` is the reason of a refusal."""

    at: str
    user: str
    authority: str
    country: str
    via: Via
    operation: str
    trace: str
    refused: str = ""
    things: tuple[Thing, ...] = ()
