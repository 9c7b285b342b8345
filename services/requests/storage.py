"""What requests keep: requests, one document each; uploaded files' records; inboxes of changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.aggregates import Aggregates
from chassis.inbox import INBOX
from chassis.lists import sortable
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.requests.domain.lifecycle import Status
from services.requests.domain.questions import File
from services.requests.domain.requests import Request

REQUESTS = Collection(
    "requests",
    (
        Index(("lists", "status", "area", "changed_at")),
        Index(("lists", "due", "status", "area")),
        Index(("file_ids",)),
    ),
)
FILES = Collection("files")
COLLECTIONS = (REQUESTS, FILES, INBOX)

NO_DATE = "9999-12-31"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An uploaded file's record: it may be attached by the authority that uploaded it."""

    file: File
    authority_id: str
    user_id: str
    at: datetime


def requests(documents: Documents, outbox: Outbox) -> Aggregates[Request]:
    return Aggregates(documents, REQUESTS, Request, _indexed, outbox)


def uploads(documents: Documents, outbox: Outbox) -> Aggregates[Upload]:
    return Aggregates(documents, FILES, Upload, lambda _: {}, outbox)


# The lists a request can be on; each is somebody's: an authority's, or the coordinators' of a country in an area.
def action_required(authority_id: str) -> str:
    return f"action {authority_id}"


def drafts(authority_id: str) -> str:
    return f"drafts {authority_id}"


def sent(authority_id: str) -> str:
    return f"sent {authority_id}"


def received(authority_id: str) -> str:
    return f"received {authority_id}"


def awaited(authority_id: str) -> str:
    return f"awaited {authority_id}"


def coordinated(country: str, area: str) -> str:
    return f"coordinated {country} {area}"


def _indexed(request: Request) -> Mapping[str, Json]:
    desired = request.draft.desired_date
    return {
        "lists": list(_lists(request)),
        "status": request.status,
        "area": request.area,
        "changed_at": sortable(request.changed_at),
        "due": desired.isoformat() if desired and request.is_open else NO_DATE,
        "file_ids": [file.id for file in request.files],
    }


def _lists(request: Request) -> list[str]:
    requester, responder = request.requester_id, request.draft.responder_id
    if request.status is Status.DRAFT:
        return [drafts(requester)]
    found = [sent(requester), received(responder)]
    if request.turn:
        found.append(action_required(request.turn))
    if request.is_open:
        found += [awaited(requester), awaited(responder)]
    countries = (request.requester_country, request.draft.responder_country)
    return found + [coordinated(country, request.area) for country in countries]
