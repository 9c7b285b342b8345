"""What the directory keeps: authorities and users, one document each."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.directory.domain.authorities import AccessStatus, Authority, Status
from services.directory.domain.users import User
from vocabulary.roles import LegislativeRole

AUTHORITIES = Collection(
    "authorities",
    (
        Index(("posts",), unique=True),
        Index(("participation", "country")),
        Index(("national_coordinator",)),
        Index(("invitation",)),
        Index(("lists", "name")),
    ),
)
USERS = Collection("users", (Index(("signin",), unique=True), Index(("authority_id", "name"))))
COLLECTIONS = (AUTHORITIES, USERS)


def authorities(documents: Documents, outbox: Outbox) -> Aggregates[Authority]:
    return Aggregates(documents, AUTHORITIES, Authority, _authority_indexed, outbox)


def users(documents: Documents, outbox: Outbox) -> Aggregates[User]:
    return Aggregates(documents, USERS, User, _user_indexed, outbox)


def participation(module: str, workflow_role: str) -> str:
    """How a part in a module is found."""
    return f"{module} {workflow_role}"


# The lists an authority can be on; each is somebody's.
def in_country(country: str, status: Status) -> str:
    return f"{status} {country}"


def in_area(country: str, area: str, status: Status) -> str:
    return f"{status} {country} {area}"


def validated_by(coordinator_id: str, status: Status) -> str:
    return f"{status} validated by {coordinator_id}"


def access_requests(coordinator_id: str) -> str:
    return f"access {coordinator_id}"


def access_requests_in(country: str) -> str:
    return f"access in {country}"


def name_of(authority: Authority) -> str:
    """What lists are sorted by."""
    return next(iter(authority.official_name.values()), "").casefold()


def _lists(authority: Authority) -> list[str]:
    status, country = authority.status, authority.country
    found = [in_country(country, status)]
    found += [in_area(country, area, status) for area in dict.fromkeys(one.area for one in authority.all_access)]
    if authority.validating_coordinator:
        found.append(validated_by(authority.validating_coordinator, status))
    waiting = [one for one in authority.inactive_access if one.status is AccessStatus.REQUESTED]
    if status is Status.ACTIVE and waiting:
        found += [access_requests_in(country), *(access_requests(one.access_coordinator) for one in waiting)]
    return found


def _authority_indexed(authority: Authority) -> Mapping[str, Json]:
    is_active = authority.status is Status.ACTIVE
    parts = authority.access if is_active else ()
    return {
        "posts": list(authority.posts),
        "country": authority.country,
        "participation": [participation(access.module, role) for access in parts for role in access.workflow_roles],
        "national_coordinator": any(a.legislative_role is LegislativeRole.NIMIC for a in parts),
        "invitation": authority.invitation.code_hash if authority.invitation else None,
        "lists": list(_lists(authority)),
        "name": name_of(authority),
    }


def _user_indexed(user: User) -> Mapping[str, Json]:
    # Whoever works here no more may sign in for another authority.
    return {"signin": [user.signin] if user.active else [], "authority_id": user.authority_id, "name": user.name}
