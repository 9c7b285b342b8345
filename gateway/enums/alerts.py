"""Enums of the alerts service's messages."""

from enum import Enum

import strawberry

from protos.alerts.v1 import alerts_pb2 as alerts


@strawberry.enum(description="Where an alert stands.")
class AlertStatus(Enum):
    DRAFT = alerts.ALERT_STATUS_DRAFT
    SUBMITTED = alerts.ALERT_STATUS_SUBMITTED
    BROADCAST = alerts.ALERT_STATUS_BROADCAST


@strawberry.enum(description="What was done to an alert.")
class AlertAction(Enum):
    CREATE = alerts.ALERT_ACTION_CREATE
    EDIT = alerts.ALERT_ACTION_EDIT
    SUBMIT = alerts.ALERT_ACTION_SUBMIT
    RETURN = alerts.ALERT_ACTION_RETURN
    BROADCAST = alerts.ALERT_ACTION_BROADCAST
    ACKNOWLEDGE = alerts.ALERT_ACTION_ACKNOWLEDGE
    DISSEMINATE = alerts.ALERT_ACTION_DISSEMINATE
    ADD_INFORMATION = alerts.ALERT_ACTION_ADD_INFORMATION
    APPROVE_INFORMATION = alerts.ALERT_ACTION_APPROVE_INFORMATION


@strawberry.enum(description="How much of an alert the reader sees.")
class AlertView(Enum):
    FULL = alerts.ALERT_VIEW_FULL
    WITHOUT_PERSONAL_DATA = alerts.ALERT_VIEW_WITHOUT_PERSONAL_DATA


@strawberry.enum(description="Whether added information is shared with all recipients.")
class InformationStatus(Enum):
    PROPOSED = alerts.INFORMATION_STATUS_PROPOSED
    SHARED = alerts.INFORMATION_STATUS_SHARED


@strawberry.enum(description="What an inbox entry tells.")
class InboxEntryKind(Enum):
    BROADCAST = alerts.INBOX_ENTRY_KIND_BROADCAST
    DISSEMINATED = alerts.INBOX_ENTRY_KIND_DISSEMINATED
    INFORMATION = alerts.INBOX_ENTRY_KIND_INFORMATION
    SUBMITTED = alerts.INBOX_ENTRY_KIND_SUBMITTED
    RETURNED = alerts.INBOX_ENTRY_KIND_RETURNED
    INFORMATION_PROPOSED = alerts.INBOX_ENTRY_KIND_INFORMATION_PROPOSED
