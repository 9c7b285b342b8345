"""How far the receipts of alerts go, and what they are verified with. The receipts themselves are files."""

from datetime import datetime
from typing import Any, cast

import strawberry

from gateway.batches import RECEIPT_HEADS
from gateway.readings import moment
from gateway.schema.common import GatewayInfo
from protos.alerts.v1 import receipts_pb2 as pb


def _path(root: Any) -> str:
    return f"/alerts/{root.alert_id}/receipt"


@strawberry.type(description="How far the chain goes of what was done with an alert and whom it reached.")
class AlertReceipt:
    length: int = strawberry.field(
        description="How many entries it has; all of them, whether the reader may know them or not."
    )
    hash: str = strawberry.field(
        description="Of its last link: whoever has kept it can tell that nothing before was changed."
    )
    recorded_at: datetime | None = moment(
        "recorded_at", "When the last entry was added; null if that is closed to the reader."
    )
    path: str = strawberry.field(resolver=_path, description="Where the reader's copy is, signed, as a JSON file.")


@strawberry.type(description="A public key that receipts are verified with.")
class ReceiptKey:
    id: strawberry.ID = strawberry.field(description="Its thumbprint (RFC 7638).")
    jwk: str = strawberry.field(description="A JSON Web Key.")


@strawberry.type
class AlertReceiptsQueries:
    @strawberry.field(
        description="Null for an alert that the reader may not know of, and for a draft that nobody has sent yet."
    )
    async def alert_receipt(self, info: GatewayInfo, id: strawberry.ID) -> AlertReceipt | None:
        return cast("AlertReceipt | None", await info.context.load(RECEIPT_HEADS, id))

    @strawberry.field(description="What receipts are verified with, that of today first; also at `/receipts/keys`.")
    async def receipt_keys(self, info: GatewayInfo) -> list[ReceiptKey]:
        receipts = info.context.backends.receipts
        answer = await receipts.call(receipts.stub.ListReceiptKeys, pb.ListReceiptKeysRequest())
        return cast("list[ReceiptKey]", answer.keys)
