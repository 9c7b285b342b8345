"""What the directory keeps: authorities, users and feedback, one document each."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from chassis import mailing
from chassis.aggregates import Aggregates
from chassis.audit.segments import AUDIT
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.rebuilding import ORDERS
from chassis.removing import Removal, older
from chassis.timers import timers
from engines.documents import Collection, Documents, Index, Json
from services.directory.domain.applying import over_since
from services.directory.domain.authorities import AccessStatus, Authority
from services.directory.domain.coordination import is_to_be_nimic
from services.directory.domain.feedback import Feedback
from services.directory.domain.users import User
from services.directory.settings import DirectorySettings
from vocabulary.participants import Status
from vocabulary.roles import LegislativeRole

# Since when an authority names somebody as invited, or as having applied, for whom nobody waits.
OVER_SINCE = "decided_at"
AUTHORITIES = Collection(
    "authorities",
    (
        Index((OVER_SINCE,)),
        Index(("posts",), unique=True),
        Index(("participation", "country")),
        Index(("national_coordinator",)),
        Index(("invitation",)),
        Index(("lists", "name")),
    ),
)
USERS = Collection(
    "users", (Index(("signin",), unique=True), Index(("authority_id", "active", "name")), Index(("left_at",)))
)
FEEDBACK = Collection("feedback", (Index(("addressee_id", "at")), Index(("author_id", "at")), Index(("at",))))
# E-mails that wait to be sent.
MAILS = timers("mails")
COLLECTIONS = (AUTHORITIES, USERS, FEEDBACK, MAILS, ORDERS, AUDIT)


def removals(settings: DirectorySettings) -> Sequence[Removal]:
    """What is removed when it is over. Ids of people who were removed stay where they are kept, and say nothing."""
    return (
        older(USERS, "left_at", timedelta(days=settings.people_retention_days)),
        older(FEEDBACK, "at", timedelta(days=settings.feedback_retention_days)),
        *mailing.removals(MAILS, settings.done_retention),
    )


def authorities(documents: Documents, outbox: Outbox) -> Aggregates[Authority]:
    return Aggregates(documents, AUTHORITIES, Authority, lambda one: _authority_indexed(one, outbox.now()), outbox)


def users(documents: Documents, outbox: Outbox) -> Aggregates[User]:
    return Aggregates(documents, USERS, User, lambda user: _user_indexed(user, outbox.now()), outbox)


def feedback(documents: Documents, outbox: Outbox) -> Aggregates[Feedback]:
    return Aggregates(documents, FEEDBACK, Feedback, _feedback_indexed, outbox)


def participation(module: str, workflow_role: str) -> str:
    """How a part in a module is found."""
    return f"{module} {workflow_role}"


def applicant(signin: str) -> str:
    """What is taken, like a post, while the registration by this sign-in waits for its validation: one at a time."""
    return f"APPLICANT:{signin}"


# The lists an authority can be on; each is somebody's.
def in_country(country: str, status: Status) -> str:
    return f"{status} {country}"


def in_area(country: str, area: str, status: Status) -> str:
    return f"{status} {country} {area}"


def validated_by(coordinator_id: str, status: Status) -> str:
    return f"{status} validated by {coordinator_id}"


def looked_after_by(coordinator_id: str, status: Status) -> str:
    """Those of whose parts in modules somebody is the access coordinator."""
    return f"{status} looked after by {coordinator_id}"


def national_coordinators(status: Status) -> str:
    return f"{status} NIMIC"


def access_requests(coordinator_id: str) -> str:
    return f"access {coordinator_id}"


def access_requests_in(country: str) -> str:
    return f"access in {country}"


def access_requests_of_national_coordinators() -> str:
    return "access of NIMICs"


def name_of(authority: Authority) -> str:
    """What lists are sorted by."""
    return next(iter(authority.official_name.values()), "").casefold()


def _lists(authority: Authority) -> list[str]:
    status, country = authority.status, authority.country
    found = [in_country(country, status)]
    found += [in_area(country, area, status) for area in dict.fromkeys(one.area for one in authority.all_access)]
    if authority.validating_coordinator:
        found.append(validated_by(authority.validating_coordinator, status))
    found += [looked_after_by(one.access_coordinator, status) for one in authority.all_access if one.access_coordinator]
    if is_to_be_nimic(authority):
        found.append(national_coordinators(status))
    waiting = [one for one in authority.inactive_access if one.status is AccessStatus.REQUESTED]
    if status is Status.ACTIVE and waiting:
        found += [access_requests_in(country), *(access_requests(one.access_coordinator) for one in waiting)]
        if is_to_be_nimic(authority):
            found.append(access_requests_of_national_coordinators())
    return list(dict.fromkeys(found))


def _applicants(authority: Authority) -> list[str]:
    waits = authority.status is Status.REQUESTED and authority.applicant is not None
    return [applicant(authority.applicant.signin)] if waits and authority.applicant else []


def _authority_indexed(authority: Authority, now: datetime) -> Mapping[str, Json]:
    over = over_since(authority, now)
    is_active = authority.status is Status.ACTIVE
    parts = authority.access if is_active else ()
    return {
        "posts": [*authority.posts, *_applicants(authority)],
        "country": authority.country,
        "participation": [participation(access.module, role) for access in parts for role in access.workflow_roles],
        "national_coordinator": any(a.legislative_role is LegislativeRole.NIMIC for a in parts),
        "invitation": authority.invitation.code_hash if authority.invitation else None,
        "lists": list(_lists(authority)),
        OVER_SINCE: sortable(over) if over is not None else None,
        "name": name_of(authority),
    }


def _feedback_indexed(one: Feedback) -> Mapping[str, Json]:
    return {"addressee_id": one.addressee_id, "author_id": one.author_id, "at": sortable(one.at)}


def _user_indexed(user: User, now: datetime) -> Mapping[str, Json]:
    # Whoever works here no more may sign in for another authority.
    return {
        "signin": [user.signin] if user.active else [],
        "authority_id": user.authority_id,
        "active": user.active,
        "name": user.name,
        # To leave is the last that happens to anybody here.
        "left_at": None if user.active else sortable(now),
    }
