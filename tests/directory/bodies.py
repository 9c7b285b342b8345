"""Authorities and people, valid unless told otherwise: in the domain, on the wire, in a store."""

from collections.abc import Mapping
from typing import Any

from chassis.caller import Caller
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from protos.common.v1 import common_pb2
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from services.directory import storage
from services.directory.domain.authorities import Authority, Contact, ModuleAccess
from services.directory.domain.users import RoleInModule, User, signin
from services.directory.settings import DirectorySettings
from services.directory.wire import LEGISLATIVE_ROLE, WORKFLOW_ROLE
from vocabulary.participants import Level
from vocabulary.roles import LegislativeRole, UserRole, WorkflowRole

ISSUER = "https://signin.example"
ALERTS = "services/alerts"
# Who administers an authority: see `an_administrator`.
ADMIN = "admin"
USUAL = {"requests": WorkflowRole.REQUEST_PARTNER, "repository": WorkflowRole.REPOSITORY_READER}


def an_access(
    module: str = ALERTS,
    role: LegislativeRole = LegislativeRole.COMPETENT_AUTHORITY,
    *does: WorkflowRole,
) -> ModuleAccess:
    """A competent authority's part, unless another role is given."""
    usual = USUAL.get(module.partition("/")[2], WorkflowRole.ALERT_AUTHORITY)
    return ModuleAccess(module=module, legislative_role=role, workflow_roles=does or (usual,))


def an_authority(name: str = "Ufficio di prova", **changed: Any) -> Authority:
    """A national authority in Italy that takes part in services alerts."""
    fields: dict[str, Any] = {
        "country": "IT",
        "level": Level.NATIONAL,
        "official_name": {"it": name},
        "languages": ("it", "en"),
        "contact": Contact(email="imi@ufficio.example", town="Roma"),
        "access": (an_access(),),
        "administrators": (f"usr_{ADMIN}",),
    }
    return Authority(**{**fields, **changed})


def a_user(authority_id: str, subject: str) -> User:
    return User(
        authority_id=authority_id,
        name=f"Signora {subject}",
        language="it",
        signin=signin(ISSUER, subject),
        roles=(RoleInModule(module=ALERTS, role=UserRole.ALERT_HANDLER),),
    )


def in_languages(**texts: str) -> common_pb2.LocalizedText:
    return common_pb2.LocalizedText(texts=texts)


def access_on_wire(access: ModuleAccess) -> pb.ModuleAccess:
    return pb.ModuleAccess(
        module=access.module,
        legislative_role=LEGISLATIVE_ROLE.to_wire(access.legislative_role),
        workflow_roles=map(WORKFLOW_ROLE.to_wire, access.workflow_roles),
    )


def a_draft(*access: ModuleAccess, **changed: Any) -> registration_pb2.AuthorityDraft:
    """What a coordinator of services in Italy may register."""
    fields: dict[str, Any] = {
        "country_code": "IT",
        "level": pb.AUTHORITY_LEVEL_NATIONAL,
        "official_name": in_languages(it="Ufficio nuovo"),
        "informal_name": in_languages(en="New office"),
        "description": in_languages(it="Controlla le imprese"),
        "languages": ["it", "en"],
        "contact": pb.Contact(email="imi@nuovo.example", town="Torino"),
        "concept_ids": ["electrician"],
        "access": map(access_on_wire, access or (an_access(),)),
    }
    return registration_pb2.AuthorityDraft(**{**fields, **changed})


def somebody(
    authority_id: str, *roles: UserRole, module: str = ALERTS, country: str = "IT", name: str = "somebody"
) -> Caller:
    """A person at an authority, who holds *roles* in *module*."""
    return Caller(
        user_id=f"usr_{name}",
        authority_id=authority_id,
        country=country,
        language="it",
        user_roles={module: frozenset(roles)},
        workflow_roles={module: frozenset({WorkflowRole.ALERT_AUTHORITY})},
    )


def an_administrator(authority_id: str, country: str = "IT") -> Caller:
    """The local data administrator of an authority."""
    return somebody(authority_id, UserRole.LOCAL_DATA_ADMINISTRATOR, module="", country=country, name=ADMIN)


def a_registrar(role: LegislativeRole, *roles: UserRole, country: str = "IT", name: str = "registrar") -> Caller:
    """A person at the authority in `REGISTRARS` that has *role*; a coordinator unless other roles are given."""
    commission = role is LegislativeRole.COMMISSION
    return Caller(
        user_id=f"usr_{name}_{role}",
        authority_id=REGISTRARS[role] if country == "IT" else f"aut_{role.lower()}_{country.lower()}",
        country="EU" if commission else country,
        language="it",
        user_roles={"*" if commission else ALERTS: frozenset(roles or {UserRole.COORDINATOR})},
        workflow_roles={ALERTS: frozenset({WorkflowRole.ALERT_COORDINATOR})},
        legislative_roles={"*" if commission else "services": role},
    )


REGISTRARS = {
    LegislativeRole.COMPETENT_AUTHORITY: "aut_office",
    LegislativeRole.DIMIC: "aut_dimic",
    LegislativeRole.LIMIC: "aut_limic",
    LegislativeRole.SDIMIC: "aut_sdimic",
    LegislativeRole.NIMIC: "aut_nimic",
    LegislativeRole.COMMISSION: "aut_eu",
}


def a_coordinator(role: LegislativeRole, **changed: Any) -> Authority:
    """An authority with *role* in services alerts, where it does nothing else; the Commission, everywhere."""
    if role is LegislativeRole.COMMISSION:
        fields: dict[str, Any] = {"country": "EU", "level": Level.UNION, "access": (_only(role, "*"),)}
    elif role is LegislativeRole.SDIMIC:
        fields = {"level": Level.REGIONAL, "region": "IT-62", "access": (_only(role),)}
    else:
        fields = {"access": (_only(role),)}
    return an_authority(f"Coordinatore {role}", **{**fields, **changed})


def _only(role: LegislativeRole, module: str = ALERTS) -> ModuleAccess:
    return ModuleAccess(module=module, legislative_role=role, workflow_roles=())


async def stored(
    settings: DirectorySettings, authorities: Mapping[str, Authority], users: Mapping[str, User] | None = None
) -> None:
    """Write into the store of a directory that does not run."""
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        outbox = Outbox("directory", documents, events, clock)
        await storage.authorities(documents, outbox).load([(id_, one, []) for id_, one in authorities.items()])
        await storage.users(documents, outbox).load([(id_, one, []) for id_, one in (users or {}).items()])
