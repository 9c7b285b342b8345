"""The people one can sign in as. Their names say what they do; nobody is meant."""

from chassis.caller import DEVELOPMENT_ISSUER
from services.directory.domain.users import RoleInModule, User, signin
from services.directory.training.authorities import COMMISSION_ID, coordinator_id, national_id
from vocabulary import ids
from vocabulary.roles import UserRole

QUALIFICATIONS = "professional-qualifications"
REQUESTS = f"{QUALIFICATIONS}/requests"
REPOSITORY = f"{QUALIFICATIONS}/repository"
ALERTS = "services/alerts"
SERVICES_REPOSITORY = "services/repository"
PROFESSIONAL_ALERTS = f"{QUALIFICATIONS}/alerts"


def people() -> dict[str, User]:
    """The sample users by id."""
    handler = ((REQUESTS, UserRole.REQUEST_HANDLER), (REPOSITORY, UserRole.REPOSITORY_EDITOR))
    professional = tuple(
        (PROFESSIONAL_ALERTS, role)
        for role in (UserRole.COORDINATOR, UserRole.ALERT_HANDLER, UserRole.ALERT_DISSEMINATOR)
    )
    alert_handler = ((ALERTS, UserRole.ALERT_HANDLER), (SERVICES_REPOSITORY, UserRole.REPOSITORY_EDITOR))
    coordinator = (
        (ALERTS, UserRole.COORDINATOR),
        (ALERTS, UserRole.ALERT_HANDLER),
        (ALERTS, UserRole.ALERT_DISSEMINATOR),
        (SERVICES_REPOSITORY, UserRole.COORDINATOR),
    )
    it, hu = (national_id(country, QUALIFICATIONS, "doctor") for country in ("IT", "HU"))
    listed = [
        _user(
            "it-handler", it, "Request handler, Italy", "it", *handler, (PROFESSIONAL_ALERTS, UserRole.ALERT_HANDLER)
        ),
        _user("it-supervisor", it, "Supervisor, Italy", "it", (REQUESTS, UserRole.SUPERVISOR)),
        _user("it-viewer", it, "Viewer, Italy", "it", (REQUESTS, UserRole.VIEWER)),
        _user("it-admin", it, "Local data administrator, Italy", "it"),
        _user("hu-handler", hu, "Request handler, Hungary", "hu", *handler),
        _user(
            "hu-nurses", national_id("HU", QUALIFICATIONS, "nurse"), "Request handler, nurses, Hungary", "hu", *handler
        ),
        _user(
            "hu-dentists",
            national_id("HU", QUALIFICATIONS, "dentist"),
            "Request handler, dentists, Hungary",
            "hu",
            *handler,
        ),
        _user(
            "hu-qualifications",
            coordinator_id("HU", QUALIFICATIONS),
            "Coordinator for qualifications, Hungary",
            "hu",
            (REQUESTS, UserRole.COORDINATOR),
            (REPOSITORY, UserRole.COORDINATOR),
            *professional,
        ),
        _user(
            "it-qualifications",
            coordinator_id("IT", QUALIFICATIONS),
            "Coordinator for qualifications, Italy",
            "it",
            (REQUESTS, UserRole.COORDINATOR),
            (REPOSITORY, UserRole.COORDINATOR),
            *professional,
        ),
        _user("it-alerts", national_id("IT", "services", "electrician"), "Alert handler, Italy", "it", *alert_handler),
        _user("it-coordinator", coordinator_id("IT", "services"), "Alert coordinator, Italy", "it", *coordinator),
        _user("hu-alerts", coordinator_id("HU", "services"), "Alert coordinator, Hungary", "hu", *coordinator),
        _user("fr-alerts", national_id("FR", "services", "electrician"), "Alert handler, France", "fr", *alert_handler),
        _user("fr-coordinator", coordinator_id("FR", "services"), "Alert coordinator, France", "fr", *coordinator),
        _user(
            "de-nimic",
            coordinator_id("DE", "*"),
            "National coordinator, Germany",
            "de",
            ("*", UserRole.COORDINATOR),
        ),
        _user("commission", COMMISSION_ID, "European Commission", "en", ("*", UserRole.VIEWER)),
        _user("eu-registrar", COMMISSION_ID, "Registrar, European Commission", "en", ("*", UserRole.COORDINATOR)),
    ]
    return dict(listed)


def administrators() -> dict[str, tuple[str, ...]]:
    """The local data administrators among them, by authority."""
    listed = people()
    found: dict[str, tuple[str, ...]] = {}
    for name in ("it-admin", "de-nimic"):
        id_ = ids.derived(ids.USER, "training", name)
        authority_id = listed[id_].authority_id
        found[authority_id] = (*found.get(authority_id, ()), id_)
    return found


def _user(name: str, authority_id: str, title: str, language: str, *roles: tuple[str, UserRole]) -> tuple[str, User]:
    user = User(
        authority_id=authority_id,
        name=title,
        language=language,
        signin=signin(DEVELOPMENT_ISSUER, name),
        roles=tuple(RoleInModule(module=module, role=role) for module, role in roles),
    )
    return ids.derived(ids.USER, "training", name), user
