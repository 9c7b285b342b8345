"""The enums of the schema, valued by the wire: a message's number or code is the enum's value, so nothing is converted."""

from gateway.enums.alerts import (
    AlertAction,
    AlertSeverity,
    AlertStatus,
    AlertView,
    InboxEntryKind,
    InformationStatus,
)
from gateway.enums.common import DataClass, Language, ScanState, ValueType
from gateway.enums.deliveries import AttemptOutcome, FilterDelivery, PauseReason, WebhookStatus
from gateway.enums.directory import (
    AccessStatus,
    AuthorityLevel,
    AuthorityStatus,
    CoordinationList,
    DirectoryCommand,
    LegislativeRole,
    PlaceRelation,
    UserRole,
    WorkflowRole,
)
from gateway.enums.repositories import EntryStatus, Visibility
from gateway.enums.requests import (
    Grade,
    Leak,
    ReferralVerdict,
    RequestAction,
    RequestList,
    RequestSort,
    RequestStatus,
    RequestTask,
    RequestView,
    RoutingReason,
)
from gateway.enums.translation import QualityTier, TranslationStatus, UnavailableReason

__all__ = [
    "AccessStatus",
    "AlertAction",
    "AlertSeverity",
    "AlertStatus",
    "AlertView",
    "AttemptOutcome",
    "AuthorityLevel",
    "AuthorityStatus",
    "CoordinationList",
    "DataClass",
    "DirectoryCommand",
    "EntryStatus",
    "FilterDelivery",
    "Grade",
    "InboxEntryKind",
    "InformationStatus",
    "Language",
    "Leak",
    "LegislativeRole",
    "PauseReason",
    "PlaceRelation",
    "QualityTier",
    "ReferralVerdict",
    "RequestAction",
    "RequestList",
    "RequestSort",
    "RequestStatus",
    "RequestTask",
    "RequestView",
    "RoutingReason",
    "ScanState",
    "TranslationStatus",
    "UnavailableReason",
    "UserRole",
    "ValueType",
    "Visibility",
    "WebhookStatus",
    "WorkflowRole",
]
