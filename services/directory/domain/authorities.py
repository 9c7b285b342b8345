"""Authorities: what they are, and who may register or change them (IMI Regulation, Articles 6 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from vocabulary import countries, languages
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole

NAME_LIMIT = 300
DESCRIPTION_LIMIT = 2_000
CONTACT_LIMIT = 300


class Level(StrEnum):
    """How far an authority's competence reaches."""

    NATIONAL = "NATIONAL"
    REGIONAL = "REGIONAL"
    LOCAL = "LOCAL"
    UNION = "UNION"


class Status(StrEnum):
    """Where an authority stands in its registration."""

    INVITED = "INVITED"
    REQUESTED = "REQUESTED"
    ACTIVE = "ACTIVE"
    REJECTED = "REJECTED"
    SUSPENDED = "SUSPENDED"
    DEREGISTERED = "DEREGISTERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach an authority."""

    email: str = ""
    phone: str = ""
    website: str = ""
    town: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleAccess:
    """An authority's part in one module."""

    module: str
    legislative_role: LegislativeRole
    workflow_roles: tuple[WorkflowRole, ...]

    @property
    def area(self) -> str:
        return self.module.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A body that takes part. `region` is empty for a national one."""

    country: str
    level: Level
    region: str = ""
    status: Status = Status.ACTIVE
    official_name: Mapping[str, str]
    informal_name: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    contact: Contact = Contact()
    concepts: tuple[str, ...] = ()
    access: tuple[ModuleAccess, ...] = ()

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(access.area for access in self.access if access.area != "*"))

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts of which there is one only: the NIMIC of a country, the LIMIC of an area in a country or region."""
        held: dict[str, None] = {}
        for access in self.access:
            if access.legislative_role is LegislativeRole.NIMIC:
                held[f"NIMIC:{self.country}"] = None
            elif access.legislative_role is LegislativeRole.LIMIC:
                held[f"LIMIC:{access.area}:{self.region or self.country}"] = None
        return tuple(held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """Whoever registers: their country, what their authority is in each area (``*`` for all), where they act as coordinator."""

    country: str
    legislative_roles: Mapping[str, LegislativeRole]
    coordinated_areas: frozenset[str]

    @property
    def role_everywhere(self) -> LegislativeRole | None:
        return self.legislative_roles.get("*")


def register(new: Authority, by: Registrar) -> None:
    """Raises Forbidden unless *by* may register *new*: the Commission a NIMIC, a coordinator what it coordinates."""
    roles = {access.legislative_role for access in new.access}
    if new.country == countries.UNION or LegislativeRole.COMMISSION in roles:
        raise Forbidden("the Commission takes part from the beginning; nobody registers it")
    if by.role_everywhere is LegislativeRole.COMMISSION:
        if roles != {LegislativeRole.NIMIC}:
            raise Forbidden("the Commission registers National IMI Coordinators only")
        return
    if LegislativeRole.NIMIC in roles:
        raise Forbidden("only the Commission registers a National IMI Coordinator")
    if not by.coordinated_areas:
        raise Forbidden("only a coordinator registers authorities")
    if new.country != by.country:
        raise Forbidden("a coordinator registers authorities of its own country", field="authority.country")
    for index, access in enumerate(new.access):
        if not by.coordinated_areas & {access.area, "*"}:
            raise Forbidden(
                f"a coordinator registers authorities in its own areas; {access.area} is not one",
                field=f"authority.access[{index}].module",
            )


def check(authority: Authority, *, at: str = "authority.") -> Authority:
    """*authority* tidied; raises Invalid naming the field at fault. References to areas and regions are checked elsewhere."""
    if authority.country != countries.UNION:
        countries.require(authority.country, field=f"{at}country")
    if (authority.level is Level.UNION) != (authority.country == countries.UNION):
        raise Invalid("the Union's level is that of the Commission", field=f"{at}level", reason="LEVEL")
    if not any(authority.official_name.values()):
        raise Invalid("an authority has an official name", field=f"{at}officialName", reason="EMPTY")
    if not authority.languages:
        raise Invalid("say which languages the authority understands", field=f"{at}languages", reason="EMPTY")
    understood = tuple(
        languages.require(code, field=f"{at}languages[{index}]") for index, code in enumerate(authority.languages)
    )
    if (authority.level is Level.REGIONAL) != bool(authority.region) and authority.level is not Level.LOCAL:
        raise Invalid(
            "a regional authority has a region, a national one has none", field=f"{at}region", reason="REGION"
        )
    modules = [access.module for access in authority.access]
    for index, module in enumerate(modules):
        if module in modules[:index]:
            raise Invalid(f"{module} is there twice", field=f"{at}access[{index}].module", reason="REPEATED")
    contact = authority.contact
    for name in Contact.__slots__:
        if len(getattr(contact, name)) > CONTACT_LIMIT:
            raise Invalid(f"longer than {CONTACT_LIMIT} characters", field=f"{at}contact.{name}", reason="TOO_LONG")
    if contact.email and ("@" not in contact.email.strip("@") or " " in contact.email):
        raise Invalid("this is not an e-mail address", field=f"{at}contact.email", reason="NOT_AN_EMAIL")
    return replace(authority, languages=tuple(dict.fromkeys(understood)))
