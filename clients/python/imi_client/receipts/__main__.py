"""Verify a receipt offline: ``python -m imi_client.receipts verify RECEIPT --keys KEYS [--earlier RECEIPT]``."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from imi_client.receipts import NotVerified, Receipt, require_continuation, verify


def _lines(receipt: Receipt) -> Iterator[str]:
    yield f"The receipt holds: alert {receipt.number} ({receipt.alert_id}), {len(receipt.links)} entries,"
    yield f"of which {len(receipt.steps)} are open; given to {receipt.reader} at {receipt.signed_at}."
    for step in receipt.steps:
        who = " ".join(filter(None, (step.country, step.authority))) or "the system"
        yield f"{step.sequence:6} {step.at} {step.what} by {who}"
        for delivery in step.deliveries:
            yield f"       recorded {step.recorded} in the inbox of {delivery.country} {delivery.authority}"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = print) -> int:
    """Verify what *arguments* name; 0 if it holds, 1 if it does not, 2 if it cannot be read."""
    parser = argparse.ArgumentParser(prog="imi_client.receipts", description="Verify receipts of alerts, offline.")
    command = parser.add_subparsers(required=True).add_parser("verify", help="verify a receipt")
    command.add_argument("receipt", type=Path, help="the receipt, as downloaded")
    command.add_argument("--keys", type=Path, required=True, help="the published keys, as downloaded")
    command.add_argument("--earlier", type=Path, help="a receipt of the same alert from before: nothing was rewritten")
    asked = parser.parse_args(arguments)
    try:
        keys = asked.keys.read_bytes()
        receipt = verify(asked.receipt.read_bytes(), keys)
        if asked.earlier:
            require_continuation(verify(asked.earlier.read_bytes(), keys), receipt)
    except OSError as error:
        say(f"It cannot be read: {error}")
        return 2
    except NotVerified as fault:
        say(f"The receipt does not hold. {fault}")
        return 1
    for line in _lines(receipt):
        say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
