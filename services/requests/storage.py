"""What requests keep: requests, one document each; uploaded files' records; inboxes of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis import mailing
from chassis.aggregates import Aggregates
from chassis.audit.segments import AUDIT
from chassis.inbox import INBOX
from chassis.inbox_buckets import removal as inbox_removal
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS
from chassis.removing import Removal
from chassis.settings import ServiceSettings
from chassis.timers import removal, timers
from chassis.uploads import keeping
from chassis.uploads.contents import CONTENTS
from chassis.uploads.keeping import FILES
from engines.documents import Collection, Documents, Index, Json
from services.requests.domain.lifecycle import UNSENT, Side, Status
from services.requests.domain.questions import QuestionSet
from services.requests.domain.requests import Request
from services.requests.domain.routing import REPLIED
from services.requests.domain.tasks import DECIDING, turns

REQUESTS = Collection(
    "requests",
    (
        Index(("lists", "status", "area", "changed_at", "due", "urgent", "between")),
        Index(("lists", "due", "status", "area", "urgent", "between")),
        Index(("file_ids",)),
        Index(("family",)),
    ),
)
QUESTION_SETS = Collection("question_sets")
TIMERS = timers("timers")
MAILS = timers("mails")
FILE_TIMERS = timers("file_timers")
COLLECTIONS = (REQUESTS, FILES, QUESTION_SETS, INBOX, PARTICIPANTS, TIMERS, MAILS, CONTENTS, FILE_TIMERS, AUDIT)

NO_DATE = "9999-12-31"


def removals(settings: ServiceSettings) -> Sequence[Removal]:
    """What is removed when it is over. Requests erase themselves (`domain/retention.py`)."""
    kept = settings.done_retention
    return (
        removal(TIMERS, kept),
        removal(FILE_TIMERS, kept),
        *mailing.removals(MAILS, kept),
        *keeping.removals(),
        inbox_removal(settings.inbox_retention),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A question set that was published while the system ran. Kept as it was, for ever: requests are pinned to it."""

    questions: QuestionSet
    user_id: str
    at: datetime


def requests(documents: Documents, outbox: Outbox) -> Aggregates[Request]:
    return Aggregates(documents, REQUESTS, Request, _indexed, outbox)


def question_sets(documents: Documents, outbox: Outbox) -> Aggregates[Published]:
    return Aggregates(documents, QUESTION_SETS, Published, lambda _: {}, outbox)


# The lists a request can be on; each is somebody's: an authority's, or the coordinators' of a country in an area.
def action_required(authority_id: str) -> str:
    return f"action {authority_id}"


def coordinator_action(authority_id: str, area: str) -> str:
    return f"coordinator action {authority_id} {area}"


def drafts(authority_id: str) -> str:
    return f"drafts {authority_id}"


def sent(authority_id: str) -> str:
    return f"sent {authority_id}"


def received(authority_id: str) -> str:
    return f"received {authority_id}"


def had(authority_id: str) -> str:
    """Those that the authority received and gave away."""
    return f"had {authority_id}"


def awaited(authority_id: str) -> str:
    return f"awaited {authority_id}"


def answering(authority_id: str) -> str:
    """Those that are open and that the authority has to answer: its workload."""
    return f"answering {authority_id}"


def answered(requester_id: str, responder_id: str, area: str, question: str = "") -> str:
    """Those of one authority to which another has replied; with a *question*, those that ask it."""
    return f"answered {requester_id} {responder_id} {area} {question}"


def coordinated(country: str, area: str) -> str:
    return f"coordinated {country} {area}"


def asked(authority_id: str, area: str) -> str:
    """Those about which the authority was asked as a coordinator."""
    return f"asked {authority_id} {area}"


def deciding(authority_id: str) -> str:
    """Those that go on only once the authority, as a coordinator, has approved or decided."""
    return f"deciding {authority_id}"


def of_person(name: str, user_id: str) -> str:
    """Those of an authority's list *name* that are somebody's to work on."""
    return f"{name} of {user_id}"


def between(country: str, other: str) -> str:
    """The two countries of a request, whichever asks."""
    return " ".join(sorted((country, other)))


def due(request: Request) -> str:
    """The day by which a reply is awaited, as text that sorts as the day does; of what is not awaited, one after all days."""
    return request.due.isoformat() if request.due and request.is_awaited else NO_DATE


def _indexed(request: Request) -> Mapping[str, Json]:
    return {
        "lists": list(_lists(request)),
        "status": request.status,
        "area": request.area,
        "changed_at": sortable(request.changed_at),
        "due": due(request),
        "urgent": request.draft.urgent,
        "between": between(request.requester_country, request.draft.responder_country),
        "file_ids": list(dict.fromkeys(file.id for file in (*request.files, *request.moved_files))),
        "family": request.family,
    }


def _lists(request: Request) -> list[str]:
    requester, responder, area = request.requester_id, request.draft.responder_id, request.area
    if request.status is Status.DELETED:
        return []
    todo = [
        coordinator_action(turn.authority_id, area) if turn.coordinator else action_required(turn.authority_id)
        for turn in turns(request)
    ]
    if request.status is Status.DRAFT:
        return _with_persons(request, [drafts(requester), *todo])
    found = [sent(requester), *todo, *(asked(id_, area) for id_ in request.coordinators.all)]
    found += [deciding(turn.authority_id) for turn in turns(request) if turn.task in DECIDING]
    if request.status not in UNSENT:
        found += [received(responder), *(had(one.authority_id) for one in request.former)]
        found += [
            coordinated(country, area) for country in (request.requester_country, request.draft.responder_country)
        ]
    if request.is_awaited:
        found += [awaited(requester), awaited(responder)]
    if request.is_open and request.status not in UNSENT:
        found.append(answering(responder))
    if request.status in REPLIED:
        found += [answered(requester, responder, area, code) for code in ("", *request.asked)]
    return _with_persons(request, list(dict.fromkeys(found)))


def _with_persons(request: Request, found: list[str]) -> list[str]:
    """*found*, and the same lists of each person on whose side of the request they are."""
    more: list[str] = []
    for side, id_ in ((Side.REQUESTER, request.requester_id), (Side.RESPONDER, request.draft.responder_id)):
        own = {drafts(id_), sent(id_), received(id_), awaited(id_), action_required(id_)}
        people = request.handling(side).user_ids
        more += [of_person(name, user_id) for name in found if name in own for user_id in people]
    return [*found, *more]
