"""Who takes part, as every service but the directory knows them: names, place, roles, coordinators. Nothing personal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vocabulary.roles import LegislativeRole, WorkflowRole


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
class Part:
    """An authority's active part in one module, with the coordinators who look after it; an empty id is none."""

    module: str
    legislative_role: LegislativeRole
    workflow_roles: tuple[WorkflowRole, ...] = ()
    access_coordinator: str = ""
    approval_coordinator: str = ""
    referral_coordinator: str = ""
    # Whether requests, or replies, wait for the approval coordinator; whether each is assigned to somebody first.
    approve_outgoing: bool = False
    approve_reply: bool = False
    allocation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """An authority at one revision. A level or status that this version does not know is None."""

    id: str
    revision: int
    country: str
    region: str = ""
    level: Level | None = None
    status: Status | None = None
    official_name: Mapping[str, str] = field(default_factory=dict)
    informal_name: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    validating_coordinator: str = ""
    # The directory knows it no more: its name can still be shown, and it takes part in nothing.
    gone: bool = False

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE and not self.gone

    def part(self, module: str) -> Part | None:
        """Its part in *module*, if it is active and has one."""
        if not self.is_active:
            return None
        return next((part for part in self.parts if part.module == module), None)

    def has(self, role: LegislativeRole | WorkflowRole, *, module: str = "") -> bool:
        """Whether it is active and has *role* in *module*, or in any."""
        parts = [part for part in self.parts if self.is_active and module in ("", part.module)]
        return any(role in (part.legislative_role, *part.workflow_roles) for part in parts)
