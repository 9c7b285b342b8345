"""What is kept of webhooks: one document each. How far each has delivered is a document of its own (`book`)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from chassis.aggregates import Aggregates
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.removing import Removal, older
from engines.documents import Collection, Document, Documents, Index, Json
from services.alerts.domain.webhooks import Status, Webhook
from services.alerts.webhooks.book import BOOK, NEVER

REMOVED_AT = "removed_at"
WEBHOOKS = Collection(
    "webhooks",
    (
        Index(("authority", "sorted_by")),
        Index(("named",), unique=True),
        Index(("saved_filter",)),
        Index((REMOVED_AT,)),
    ),
)


def removals(kept: timedelta) -> Sequence[Removal]:
    """Removes what is left of webhooks that were removed as long ago as *kept*, and where their deliveries stood, at once."""

    async def of_none(documents: Documents, found: Sequence[Document]) -> list[Document]:
        there = await documents.get_many(WEBHOOKS, [one.id for one in found])
        wanted = {one.id for one in there if REMOVED_AT not in one.body}
        return [one for one in found if one.id not in wanted]

    deliveries = Removal(collection=BOOK, over=lambda _: {"wakes_at": NEVER}, choose=of_none)
    return older(WEBHOOKS, REMOVED_AT, kept), deliveries


def webhooks(documents: Documents, outbox: Outbox) -> Aggregates[Webhook]:
    return Aggregates(documents, WEBHOOKS, Webhook, _indexed, outbox)


def _indexed(webhook: Webhook) -> Mapping[str, Json]:
    if webhook.status is Status.REMOVED:
        removed_at = sortable(webhook.changed_at)
        return {"authority": [], "sorted_by": "", "named": [], "saved_filter": [], REMOVED_AT: removed_at}
    return {
        "authority": webhook.authority_id,
        "sorted_by": webhook.name.casefold(),
        "named": f"{webhook.authority_id} {webhook.name.casefold()}",
        "saved_filter": webhook.selection.saved_filter_id or [],
    }
