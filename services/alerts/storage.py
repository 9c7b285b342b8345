"""What alerts keep: alerts, one document each; the inboxes of those who are told."""

from collections.abc import Mapping, Sequence

from chassis import mailing
from chassis.aggregates import Aggregates
from chassis.audit.segments import AUDIT
from chassis.inbox import INBOX
from chassis.inbox_buckets import removal as inbox_removal
from chassis.lists import sortable
from chassis.outbox import Outbox
from chassis.participants import PARTICIPANTS
from chassis.removing import Removal, older
from chassis.settings import ServiceSettings
from chassis.timers import removal, timers
from engines.documents import Collection, Documents, Index, Json
from services.alerts.domain.alerts import Alert, Party
from services.alerts.domain.lifecycle import Status
from services.alerts.domain.retention import disclosed
from services.alerts.filters import storage as filters
from services.alerts.filters.storage import MAILS, SAVED_FILTERS
from services.alerts.hints.index import RELATED
from services.alerts.quotas import QUOTAS
from services.alerts.receipts.ledger import RECEIPTS, SECRETS
from services.alerts.webhooks import storage as webhooks
from services.alerts.webhooks.book import BOOK
from services.alerts.webhooks.storage import WEBHOOKS

ALERTS = Collection("alerts", (Index(("readers", "type", "status", "changed_at", "area", "severity", "country")),))
TIMERS = timers("timers")
COLLECTIONS = (
    ALERTS, INBOX, PARTICIPANTS, TIMERS, SAVED_FILTERS, MAILS, WEBHOOKS, BOOK, QUOTAS, RECEIPTS, SECRETS, RELATED, AUDIT,
)  # fmt: skip


def removals(settings: ServiceSettings) -> Sequence[Removal]:
    """What is removed when it is over. Alerts erase themselves (`domain/retention.py`); receipts stand, and say nothing of them."""
    kept = settings.done_retention
    return (
        removal(TIMERS, kept),
        inbox_removal(settings.inbox_retention),
        *mailing.removals(MAILS, kept),
        older(SAVED_FILTERS, filters.REMOVED_AT, kept),
        *webhooks.removals(kept),
    )


def alerts(documents: Documents, outbox: Outbox) -> Aggregates[Alert]:
    return Aggregates(documents, ALERTS, Alert, _indexed, outbox)


def readable(who: Party, area: str) -> list[str]:
    """What the alerts of *area* that *who* may see are found under."""
    found = [written_by(who.authority_id, area), _told(who.authority_id, area)]
    if who.coordinates:
        found += [_coordinator(who.country, area), _addressed(who.country, area)]
    return [*found, _commission(area)] if who.is_commission else found


def _indexed(alert: Alert) -> Mapping[str, Json]:
    return {
        "readers": list(_readers(alert)),
        "type": alert.type_id,
        "status": alert.status,
        "changed_at": sortable(alert.changed_at),
        "area": alert.area,
        # Nothing is found by what is blocked.
        "severity": disclosed(alert).severity,
        "country": alert.country,
    }


def _readers(alert: Alert) -> list[str]:
    if alert.is_discarded:
        return []
    found = [written_by(alert.author_id, alert.area)]
    if alert.status is not Status.DRAFT:
        found.append(_coordinator(alert.country, alert.area))
    if alert.is_sent:
        found.append(_commission(alert.area))
    found += [_addressed(one.country, alert.area) for one in alert.addressed]
    return found + [_told(id_, alert.area) for id_ in alert.told]


def written_by(authority_id: str, area: str) -> str:
    return f"author {authority_id} {area}"


def _coordinator(country: str, area: str) -> str:
    return f"coordinator {country} {area}"


def _addressed(country: str, area: str) -> str:
    return f"addressed {country} {area}"


def _told(authority_id: str, area: str) -> str:
    return f"told {authority_id} {area}"


def _commission(area: str) -> str:
    return f"commission {area}"
