"""What the directory keeps: authorities and users, one document each."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.directory.domain.authorities import Authority
from services.directory.domain.users import User
from vocabulary.roles import LegislativeRole

AUTHORITIES = Collection(
    "authorities",
    (Index(("posts",), unique=True), Index(("participation", "country")), Index(("national_coordinator",))),
)
USERS = Collection("users", (Index(("signin",), unique=True), Index(("authority_id",))))
COLLECTIONS = (AUTHORITIES, USERS)


def authorities(documents: Documents, outbox: Outbox) -> Aggregates[Authority]:
    return Aggregates(documents, AUTHORITIES, Authority, _authority_indexed, outbox)


def users(documents: Documents, outbox: Outbox) -> Aggregates[User]:
    return Aggregates(documents, USERS, User, _user_indexed, outbox)


def participation(module: str, workflow_role: str) -> str:
    """How a part in a module is found."""
    return f"{module} {workflow_role}"


def _authority_indexed(authority: Authority) -> Mapping[str, Json]:
    return {
        "posts": list(authority.posts),
        "country": authority.country,
        "participation": [
            participation(access.module, role) for access in authority.access for role in access.workflow_roles
        ],
        "national_coordinator": any(a.legislative_role is LegislativeRole.NIMIC for a in authority.access),
    }


def _user_indexed(user: User) -> Mapping[str, Json]:
    return {"signin": user.signin, "authority_id": user.authority_id}
