"""Enums of filters and webhooks."""

from enum import Enum

import strawberry

from protos.alerts.v1 import filters_pb2 as filters
from protos.alerts.v1 import webhooks_pb2 as webhooks


@strawberry.enum(description="Where what a saved filter matches goes by itself.")
class FilterDelivery(Enum):
    NONE = filters.FILTER_DELIVERY_NONE
    EMAIL = filters.FILTER_DELIVERY_EMAIL
    WEBHOOK = filters.FILTER_DELIVERY_WEBHOOK


@strawberry.enum(description="Where a webhook stands.")
class WebhookStatus(Enum):
    UNVERIFIED = webhooks.WEBHOOK_STATUS_UNVERIFIED
    ACTIVE = webhooks.WEBHOOK_STATUS_ACTIVE
    PAUSED = webhooks.WEBHOOK_STATUS_PAUSED
    REMOVED = webhooks.WEBHOOK_STATUS_REMOVED


@strawberry.enum(description="Why a webhook is paused.")
class PauseReason(Enum):
    BY_HAND = webhooks.PAUSE_REASON_BY_HAND
    FAILING = webhooks.PAUSE_REASON_FAILING
    GONE = webhooks.PAUSE_REASON_GONE
    CURSOR_EXPIRED = webhooks.PAUSE_REASON_CURSOR_EXPIRED
    FILTER_REMOVED = webhooks.PAUSE_REASON_FILTER_REMOVED


@strawberry.enum(description="How one attempt to deliver ended.")
class AttemptOutcome(Enum):
    DELIVERED = webhooks.ATTEMPT_OUTCOME_DELIVERED
    UNKNOWN_HOST = webhooks.ATTEMPT_OUTCOME_UNKNOWN_HOST
    ADDRESS_REFUSED = webhooks.ATTEMPT_OUTCOME_ADDRESS_REFUSED
    NOT_CONNECTED = webhooks.ATTEMPT_OUTCOME_NOT_CONNECTED
    TLS_FAILED = webhooks.ATTEMPT_OUTCOME_TLS_FAILED
    TIMED_OUT = webhooks.ATTEMPT_OUTCOME_TIMED_OUT
    REDIRECTED = webhooks.ATTEMPT_OUTCOME_REDIRECTED
    STATUS_REFUSED = webhooks.ATTEMPT_OUTCOME_STATUS_REFUSED
    BAD_ANSWER = webhooks.ATTEMPT_OUTCOME_BAD_ANSWER
    PROXY_FAILED = webhooks.ATTEMPT_OUTCOME_PROXY_FAILED
    CHALLENGE_FAILED = webhooks.ATTEMPT_OUTCOME_CHALLENGE_FAILED
