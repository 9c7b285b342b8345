"""Who may do what: the roles of authorities and of the people in them (IMI Regulation, Articles 5 to 8).

A module is one workflow for one legislative area, written ``<area>/<kind>``: ``services/alerts``. People hold roles per module;
authorities hold a legislative role per area and workflow roles per module.
"""

from enum import StrEnum

REQUESTS = "requests"
ALERTS = "alerts"
REPOSITORY = "repository"


class LegislativeRole(StrEnum):
    """What an authority is in one area: it takes part, or coordinates others."""

    COMPETENT_AUTHORITY = "COMPETENT_AUTHORITY"
    DIMIC = "DIMIC"
    LIMIC = "LIMIC"
    SDIMIC = "SDIMIC"
    NIMIC = "NIMIC"
    COMMISSION = "COMMISSION"


COORDINATING = frozenset({LegislativeRole.DIMIC, LegislativeRole.LIMIC, LegislativeRole.SDIMIC, LegislativeRole.NIMIC})


class WorkflowRole(StrEnum):
    """What an authority does in one module."""

    REQUEST_PARTNER = "REQUEST_PARTNER"
    ALERT_AUTHORITY = "ALERT_AUTHORITY"
    ALERT_COORDINATOR = "ALERT_COORDINATOR"
    REPOSITORY_READER = "REPOSITORY_READER"
    REPOSITORY_EDITOR = "REPOSITORY_EDITOR"


class UserRole(StrEnum):
    """What a person may do: in one module, or (LOCAL_DATA_ADMINISTRATOR) in their authority."""

    VIEWER = "VIEWER"
    REQUEST_HANDLER = "REQUEST_HANDLER"
    SUPERVISOR = "SUPERVISOR"
    ALLOCATOR = "ALLOCATOR"
    ALERT_HANDLER = "ALERT_HANDLER"
    ALERT_DISSEMINATOR = "ALERT_DISSEMINATOR"
    REPOSITORY_EDITOR = "REPOSITORY_EDITOR"
    TRANSLATOR = "TRANSLATOR"
    COORDINATOR = "COORDINATOR"
    LOCAL_DATA_ADMINISTRATOR = "LOCAL_DATA_ADMINISTRATOR"


def module(area: str, kind: str) -> str:
    """The module of *kind* in *area*."""
    return f"{area}/{kind}"
