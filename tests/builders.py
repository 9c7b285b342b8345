"""Things for tests: valid unless told otherwise."""

from collections.abc import Iterable

from chassis.caller import Caller
from services.directory.training.authorities import coordinator_id, national_id
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

QUALIFICATIONS = "professional-qualifications"
REQUESTS = f"{QUALIFICATIONS}/requests"


def doctors(country: str) -> str:
    """The id of the authority for doctors in a country of the training data."""
    return national_id(country, QUALIFICATIONS, "doctor")


def a_handler(country: str = "IT", *roles: UserRole, authority: str = "", module: str = REQUESTS) -> Caller:
    """Somebody at the authority for doctors, a request handler unless other roles are given."""
    authority = authority or doctors(country)
    return Caller(
        user_id=f"usr_{authority}_{'_'.join(roles)}",
        authority_id=authority,
        country=country,
        language=country.lower(),
        user_roles={module: frozenset(roles or {UserRole.REQUEST_HANDLER})},
        workflow_roles={module: frozenset({WorkflowRole.REQUEST_PARTNER})},
        legislative_roles={module.partition("/")[0]: LegislativeRole.COMPETENT_AUTHORITY},
    )


def a_coordinator(country: str, role: LegislativeRole, roles: Iterable[UserRole] = (UserRole.COORDINATOR,)) -> Caller:
    """Somebody at a coordinator of qualifications."""
    area = "*" if role is LegislativeRole.NIMIC else QUALIFICATIONS
    return Caller(
        user_id=f"usr_{role}_{country}",
        authority_id=coordinator_id(country, area),
        country=country,
        language="en",
        user_roles={REQUESTS: frozenset(roles)},
        workflow_roles={REQUESTS: frozenset({WorkflowRole.REQUEST_PARTNER})},
        legislative_roles={QUALIFICATIONS: role},
    )


def the_commission() -> Caller:
    """Somebody at the European Commission."""
    return Caller(
        user_id="usr_commission",
        authority_id="aut_commission",
        country="EU",
        language="en",
        user_roles={"*": frozenset({UserRole.VIEWER})},
        legislative_roles={"*": LegislativeRole.COMMISSION},
    )
