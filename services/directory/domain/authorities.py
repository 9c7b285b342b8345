"""Authorities: what they are, and what they must say of themselves (IMI Regulation, Articles 6 and 7)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from services.directory.domain.history import Change
from services.directory.domain.invitations import Applicant, Invitation
from vocabulary import countries, languages
from vocabulary.participants import Level, Status
from vocabulary.refusals import Invalid
from vocabulary.roles import ALERTS, REPOSITORY, REQUESTS, LegislativeRole, WorkflowRole

# What can be done in a module of each kind.
WORKFLOW: Mapping[str, frozenset[WorkflowRole]] = {
    REQUESTS: frozenset({WorkflowRole.REQUEST_PARTNER}),
    ALERTS: frozenset({WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR}),
    REPOSITORY: frozenset({WorkflowRole.REPOSITORY_READER, WorkflowRole.REPOSITORY_EDITOR}),
}
NAME_LIMIT = 300
DESCRIPTION_LIMIT = 2_000
CONTACT_LIMIT = 300
TEXTS = ("officialName", "informalName", "description")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach an authority."""

    email: str = ""
    phone: str = ""
    website: str = ""
    town: str = ""


class AccessStatus(StrEnum):
    """Where an authority's part in one module stands."""

    REQUESTED = "REQUESTED"
    ACTIVE = "ACTIVE"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleAccess:
    """An authority's part in one module, with the coordinators who look after it: three links, each of its own."""

    module: str
    legislative_role: LegislativeRole
    workflow_roles: tuple[WorkflowRole, ...]
    status: AccessStatus = AccessStatus.ACTIVE
    access_coordinator: str = ""
    approval_coordinator: str = ""
    referral_coordinator: str = ""
    # Whether requests, or replies, wait for the approval coordinator; whether each is assigned to somebody first.
    approve_outgoing: bool = False
    approve_reply: bool = False
    allocation: bool = False
    # Why it was refused or withdrawn.
    reason: str = ""

    @property
    def area(self) -> str:
        return self.module.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A body that takes part. `region` is empty for a national one.

    `access` holds the parts that are ACTIVE, and nothing else: whoever reads it needs to know no status. The others are kept aside.
    """

    country: str
    # The key that its country knows it by, if it was registered by an import.
    external_id: str = ""
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
    inactive_access: tuple[ModuleAccess, ...] = ()
    validating_coordinator: str = ""
    # Why it was rejected or suspended.
    reason: str = ""
    invitation: Invitation | None = None
    applicant: Applicant | None = None
    # The active local data administrators, and who works here no more: what may not change apart is kept together.
    administrators: tuple[str, ...] = ()
    former_users: tuple[str, ...] = ()
    history: tuple[Change, ...] = ()

    @property
    def all_access(self) -> tuple[ModuleAccess, ...]:
        """Its parts of every status."""
        return self.access + self.inactive_access

    @property
    def areas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(access.area for access in self.access if access.area != "*"))

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts of which there is one only: the NIMIC of a country, the LIMIC of an area in a country or region.

        An authority holds them from the moment it is active until it is deregistered. A suspended one keeps them: nobody may step in
        who would stand in the way of its return.
        """
        if self.status not in (Status.ACTIVE, Status.SUSPENDED):
            return ()
        held: dict[str, None] = {}
        for access in self.access:
            if access.legislative_role is LegislativeRole.NIMIC:
                held[f"NIMIC:{self.country}"] = None
            elif access.legislative_role is LegislativeRole.LIMIC:
                held[f"LIMIC:{access.area}:{self.region or self.country}"] = None
        return tuple(held)

    def part(self, module: str) -> ModuleAccess | None:
        """Its part in *module*, whatever its status."""
        return next((access for access in self.all_access if access.module == module), None)


def with_part(authority: Authority, part: ModuleAccess) -> Authority:
    """*authority* with *part* in the place of what it had in that module."""

    def others(listed: tuple[ModuleAccess, ...]) -> tuple[ModuleAccess, ...]:
        return tuple(one for one in listed if one.module != part.module)

    access, inactive = others(authority.access), others(authority.inactive_access)
    if part.status is AccessStatus.ACTIVE:
        at = next((at for at, one in enumerate(authority.access) if one.module == part.module), len(access))
        return replace(authority, access=(*access[:at], part, *access[at:]), inactive_access=inactive)
    return replace(authority, access=access, inactive_access=(*inactive, part))


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
    _check_parts(authority, at)
    for name, texts in zip(
        TEXTS, (authority.official_name, authority.informal_name, authority.description), strict=True
    ):
        for code, text in texts.items():
            require_readable(text, field=f"{at}{name}.{code}")
    contact = authority.contact
    for name in Contact.__slots__:
        if len(getattr(contact, name)) > CONTACT_LIMIT:
            raise Invalid(f"longer than {CONTACT_LIMIT} characters", field=f"{at}contact.{name}", reason="TOO_LONG")
        if name != "email":
            require_readable(getattr(contact, name), field=f"{at}contact.{name}")
    if contact.email:
        check_email(contact.email, field=f"{at}contact.email")
    _check_website(contact.website, field=f"{at}contact.website")
    return replace(authority, languages=tuple(dict.fromkeys(understood)))


def require_readable(text: str, *, field: str) -> None:
    """Raises Invalid naming *field* for characters that no text has, which a file would not bring in either."""
    if _CONTROL_CHARACTER.search(text):
        raise Invalid("the text contains control characters", field=field, reason="CONTROL_CHARACTER")


def check_email(address: str, *, field: str) -> str:
    """*address*; raises Invalid naming *field* if it is none."""
    if "@" not in address.strip("@") or " " in address or not address.isprintable():
        raise Invalid("this is not an e-mail address", field=field, reason="NOT_AN_EMAIL")
    if len(address) > CONTACT_LIMIT:
        raise Invalid(f"longer than {CONTACT_LIMIT} characters", field=field, reason="TOO_LONG")
    return address


def _check_website(address: str, *, field: str) -> None:
    """Raises Invalid for what a page of others must not make a link of: a scheme that runs a program instead of leading somewhere."""
    scheme, colon, _ = address.partition(":")
    has_scheme = bool(colon) and "." not in scheme and "/" not in scheme
    if not address.isprintable() or " " in address or (has_scheme and scheme.lower() not in ("http", "https")):
        raise Invalid("a website is an http or https address", field=field, reason="NOT_A_LINK")


def _check_parts(authority: Authority, at: str) -> None:
    modules = [access.module for access in authority.access]
    for index, access in enumerate(authority.access):
        if access.module in modules[:index]:
            raise Invalid(f"{access.module} is there twice", field=f"{at}access[{index}].module", reason="REPEATED")
        check_part(authority, access, at=f"{at}access[{index}].")


def check_part(authority: Authority, access: ModuleAccess, *, at: str) -> None:
    """Raises Invalid naming the field of *access* that does not fit *authority*, or its module."""
    _check_workflow(access, at=at)
    if access.legislative_role is LegislativeRole.SDIMIC and not authority.region:
        raise Invalid(
            "an SDIMIC coordinates one region; say which", field=f"{at}legislativeRole", reason="LEGISLATIVE_ROLE"
        )
    if access.legislative_role is LegislativeRole.NIMIC and authority.level is not Level.NATIONAL:
        raise Invalid("a NIMIC is a national authority", field=f"{at}legislativeRole", reason="LEGISLATIVE_ROLE")
    if (access.approve_outgoing or access.approve_reply) and not access.approval_coordinator:
        raise Invalid(
            "say which coordinator approves", field=f"{at}approvalCoordinatorId", reason="APPROVAL_COORDINATOR"
        )


def _check_workflow(access: ModuleAccess, *, at: str) -> None:
    """Raises Invalid naming the first workflow role of *access* that its module does not have."""
    fitting = WORKFLOW.get(access.module.partition("/")[2])
    if fitting is None:  # all modules at once, or none that there is
        return
    for index, role in enumerate(access.workflow_roles):
        if role not in fitting:
            raise Invalid(
                f"{role} is no role in {access.module}; there are {', '.join(sorted(fitting))}",
                field=f"{at}workflowRoles[{index}]",
                reason="WORKFLOW_ROLE",
            )
