"""The keys that receipts are signed with."""

from chassis.chains import SigningKeys
from chassis.keys import KeyRing

NAME = "alerts_receipts"


class ReceiptKeys(SigningKeys):
    def __init__(self, ring: KeyRing) -> None:
        super().__init__(ring, NAME)
