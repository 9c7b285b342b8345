"""What clients can do to alerts, from the first draft to the end."""

import strawberry

from gateway.schema.alert_drafts import AlertDraftMutations
from gateway.schema.alert_ending import AlertEndMutations
from gateway.schema.alert_handling import AlertHandlingMutations


@strawberry.type
class AlertsMutations(AlertDraftMutations, AlertHandlingMutations, AlertEndMutations):
    """Every command, one input each."""
