"""What is kept of webhooks: one document each. How far each has delivered is a document of its own (`book`)."""

from collections.abc import Mapping

from chassis.aggregates import Aggregates
from chassis.outbox import Outbox
from engines.documents import Collection, Documents, Index, Json
from services.alerts.domain.webhooks import Status, Webhook

WEBHOOKS = Collection(
    "webhooks", (Index(("authority", "sorted_by")), Index(("named",), unique=True), Index(("saved_filter",)))
)


def webhooks(documents: Documents, outbox: Outbox) -> Aggregates[Webhook]:
    return Aggregates(documents, WEBHOOKS, Webhook, _indexed, outbox)


def _indexed(webhook: Webhook) -> Mapping[str, Json]:
    if webhook.status is Status.REMOVED:
        return {"authority": [], "sorted_by": "", "named": [], "saved_filter": []}
    return {
        "authority": webhook.authority_id,
        "sorted_by": webhook.name.casefold(),
        "named": f"{webhook.authority_id} {webhook.name.casefold()}",
        "saved_filter": webhook.selection.saved_filter_id or [],
    }
