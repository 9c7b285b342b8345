"""What stands beside alerts, put together: receipts, related alerts, and alerts as CAP messages."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grpc import aio

from chassis.aggregates import Aggregates
from chassis.calls import Peer
from chassis.keys import KeyRing
from chassis.participants import Participants
from chassis.settings import ServiceSettings
from engines.documents import Documents
from engines.events import Events
from protos.alerts.v1.cap_pb2_grpc import add_CapServiceServicer_to_server
from protos.alerts.v1.receipts_pb2_grpc import add_ReceiptsServiceServicer_to_server
from protos.alerts.v1.related_pb2_grpc import add_RelatedAlertsServiceServicer_to_server
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.cap.mapping import mapping
from services.alerts.cap.message import Status
from services.alerts.cap.rpc import CapRpc
from services.alerts.cap.wording import words
from services.alerts.domain.alerts import Alert
from services.alerts.domain.types import AlertType
from services.alerts.hints.identity import Identities
from services.alerts.hints.index import RelatedAlerts
from services.alerts.hints.rpc import RelatedAlertsRpc
from services.alerts.receipts.keys import ReceiptKeys
from services.alerts.receipts.ledger import Ledger
from services.alerts.receipts.recording import Reached, Recorder
from services.alerts.receipts.rpc import ReceiptsRpc

Loop = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`record` is told what happened and whom it reached, `loops` have to run, `register` adds the gRPC services."""

    record: Callable[[Sequence[Reached]], Awaitable[None]]
    loops: Sequence[Loop]
    register: Callable[[aio.Server], None]


def beside(
    settings: ServiceSettings,
    keys: KeyRing,
    documents: Documents,
    events: Events,
    types: Mapping[str, AlertType],
    alerts: Aggregates[Alert],
    participants: Participants,
    peer: Peer,
    directory: DirectoryServiceStub,
    now: Callable[[], datetime],
) -> Beside:
    """Receipts, related alerts and CAP messages of the service that *alerts* are kept by."""
    mapping(), words()  # a fault in them is said now
    ledger = Ledger(documents, secrets.token_bytes, now)
    related = RelatedAlerts(documents, types, Identities.of(keys))
    status = Status.EXERCISE if settings.training_data else Status.ACTUAL
    receipts_rpc = ReceiptsRpc(types, alerts, ledger, ReceiptKeys(keys), now)
    related_rpc = RelatedAlertsRpc(alerts, related, now)
    cap_rpc = CapRpc(types, alerts, participants, peer, directory, status, now)

    def register(server: aio.Server) -> None:
        add_ReceiptsServiceServicer_to_server(receipts_rpc, server)
        add_RelatedAlertsServiceServicer_to_server(related_rpc, server)
        add_CapServiceServicer_to_server(cap_rpc, server)

    return Beside(
        record=Recorder(ledger).record,
        loops=[related.follow(events, alerts).run],
        register=register,
    )
