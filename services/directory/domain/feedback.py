"""What people say of the system to who runs it: the National IMI Coordinator of their country, and for that one the Commission."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.directory.domain.coordination import Person
from vocabulary import values
from vocabulary.refusals import Conflict, Forbidden
from vocabulary.roles import UserRole
from vocabulary.values import FreeText

# Each piece is an e-mail to whoever hears it, and kept for a year.
A_DAY = 50
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What *author_id* of *authority_id* wrote to *addressee_id*, perhaps about an action or a field of its form."""

    at: datetime
    author_id: str
    authority_id: str
    addressee_id: str
    text: FreeText
    about: str = ""


def write(by: Person, text: FreeText, about: str, addressee_id: str, at: datetime) -> Feedback:
    """What *by* says; raises Forbidden for whoever acts for no active authority, Invalid for a text that is none."""
    if by.acts_for is None:
        raise Forbidden("feedback is for people of an active authority")
    return Feedback(
        at=at,
        author_id=by.user_id,
        authority_id=by.authority_id,
        addressee_id=addressee_id,
        text=values.free_text(text, at="text"),
        about=about,
    )


def require_unhurried(recent: int) -> None:
    """Raises Conflict for whoever has written *recent* pieces within a `DAY`, if that is enough."""
    if recent >= A_DAY:
        raise Conflict(f"you have sent feedback {A_DAY} times within a day; go on tomorrow", reason="TOO_MANY")


def require_reader(by: Person) -> None:
    """Raises Forbidden unless *by* coordinates for their authority or administers it: what came to it is theirs to read."""
    administers = UserRole.LOCAL_DATA_ADMINISTRATOR in by.user_roles.get("", frozenset())
    if by.acts_for is None or not (administers or by.acts_as_coordinator):
        raise Forbidden(
            "feedback is read by the coordinators and local data administrators of the authority it came to"
        )
