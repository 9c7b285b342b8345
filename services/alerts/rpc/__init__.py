"""The alerts RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from services.alerts.rpc.drafting import Drafting
from services.alerts.rpc.ending import Ending
from services.alerts.rpc.inbox import Inboxes
from services.alerts.rpc.proving import Proving
from services.alerts.rpc.reading import Reading
from services.alerts.rpc.receiving import Receiving


class AlertsRpc(Reading, Drafting, Receiving, Ending, Proving, Inboxes):
    """The whole service."""
