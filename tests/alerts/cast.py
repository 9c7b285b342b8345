"""Who takes part: the same five authorities in each of four countries, some that are unfit in one way each, and their people."""

from chassis.caller import Caller
from services.alerts.domain.alerts import Party
from services.alerts.readers import party
from services.directory.domain.authorities import Authority, ModuleAccess
from tests.alerts.dangers import AREA, NOW
from vocabulary.participants import Level, Status
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

MODULE = f"{AREA}/alerts"
COUNTRIES = ("IT", "HU", "FR", "AT")
COMMISSION_ID = "aut_commission"

_PARTS = {
    "labour": (LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.ALERT_AUTHORITY),
    "trade": (LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.ALERT_AUTHORITY),
    "coordinator": (LegislativeRole.LIMIC, WorkflowRole.ALERT_COORDINATOR),
    "region": (LegislativeRole.DIMIC, WorkflowRole.ALERT_COORDINATOR),
}


def an_authority(country: str, *access: ModuleAccess, status: Status = Status.ACTIVE) -> Authority:
    level = Level.UNION if country == "EU" else Level.NATIONAL
    return Authority(
        country=country, level=level, status=status, official_name={"en": "Authority"}, languages=("en",), access=access
    )


def a_part(legislative: LegislativeRole, *workflow: WorkflowRole, module: str = MODULE) -> ModuleAccess:
    return ModuleAccess(module=module, legislative_role=legislative, workflow_roles=workflow)


def _everybody() -> dict[str, Authority]:
    takes_part, coordinates = a_part(*_PARTS["labour"]), a_part(*_PARTS["coordinator"])
    asks = a_part(LegislativeRole.COMPETENT_AUTHORITY, WorkflowRole.REQUEST_PARTNER, module=f"{AREA}/requests")
    return {
        **{
            f"aut_{country.lower()}_{name}": an_authority(country, a_part(*part))
            for country in COUNTRIES
            for name, part in _PARTS.items()
        },
        **{
            f"aut_{country.lower()}_nimic": an_authority(country, a_part(LegislativeRole.NIMIC))
            for country in COUNTRIES
        },
        "aut_hu_suspended": an_authority("HU", takes_part, status=Status.SUSPENDED),
        "aut_hu_requests": an_authority("HU", asks),
        # Nobody receives alerts in Luxembourg, nor in Malta while its coordinator is suspended.
        "aut_lu_labour": an_authority("LU", takes_part),
        "aut_mt_labour": an_authority("MT", takes_part),
        "aut_mt_coordinator": an_authority("MT", coordinates, status=Status.SUSPENDED),
        COMMISSION_ID: an_authority("EU", a_part(LegislativeRole.COMMISSION, module="*")),
    }


AUTHORITIES = _everybody()


def someone(authority_id: str, *roles: UserRole, module: str | None = None) -> Caller:
    """A person of an authority, holding *roles* in *module*: in alerts, or at the Commission in all, unless another is given."""
    authority = AUTHORITIES[authority_id]
    if module is None:
        module = "*" if authority_id == COMMISSION_ID else MODULE
    return Caller(
        user_id=f"usr_{authority_id}_{'_'.join(roles)}_{module}",
        authority_id=authority_id,
        country=authority.country,
        language="en",
        user_roles={module: frozenset(roles)} if roles else {},
        workflow_roles={access.module: frozenset(access.workflow_roles) for access in authority.access},
        legislative_roles={access.area: access.legislative_role for access in authority.access},
    )


def as_party(caller: Caller) -> Party:
    return party(caller, AREA, NOW)


ITALY = someone("aut_it_labour", UserRole.ALERT_HANDLER)
IT_COORDINATOR = someone("aut_it_coordinator", UserRole.COORDINATOR)
IT_REGION = someone("aut_it_region", UserRole.COORDINATOR)
HUNGARY = someone("aut_hu_labour", UserRole.ALERT_HANDLER)
HU_COORDINATOR = someone("aut_hu_coordinator", UserRole.COORDINATOR)
HU_REGION = someone("aut_hu_region", UserRole.COORDINATOR)
FR_COORDINATOR = someone("aut_fr_coordinator", UserRole.COORDINATOR)
AT_COORDINATOR = someone("aut_at_coordinator", UserRole.COORDINATOR)
COMMISSION = someone(COMMISSION_ID, UserRole.VIEWER)
