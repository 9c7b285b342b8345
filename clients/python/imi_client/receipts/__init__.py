"""Receipts of alerts, verified offline: nobody is asked anything. Signatures need the `cryptography` package."""

from imi_client.receipts.strict import NotVerified
from imi_client.receipts.verifier import Delivery, Receipt, Step, require_continuation, verify

__all__ = ["Delivery", "NotVerified", "Receipt", "Step", "require_continuation", "verify"]
