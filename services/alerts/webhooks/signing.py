"""Codes that show who sent a message, as Standard Webhooks make them, and secrets that are stored nowhere.

A secret is made of a key of the alerts service, the webhook and the number of the secret: neither the store nor a backup of it
holds one, and it can be made again whenever something is signed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

# What the key is called in the folder of keys.
NAME = "alerts_webhooks"
PREFIX = "whsec_"
CHALLENGE = "webhook.challenge"
_SEPARATOR = "\x1f"


class Secrets:
    """The secrets of every webhook."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, webhook_id: str, number: int) -> bytes:
        """The secret with this number."""
        made_of = _SEPARATOR.join(("webhook", webhook_id, str(number)))
        return hmac.digest(self._key, made_of.encode(), "sha256")

    def shown(self, webhook_id: str, number: int) -> str:
        """The secret as its owner writes it into a program."""
        return PREFIX + base64.b64encode(self.of(webhook_id, number)).decode()


def headers(message_id: str, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The head of a message: its id, when it is sent, and a code by each of *secrets*."""
    second = int(at.timestamp())
    signed = f"{message_id}.{second}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "IMI-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(f"v1,{_code(secret, signed)}" for secret in secrets),
    }


def answers(body: bytes, challenge: str, secrets: Sequence[bytes]) -> bool:
    """Whether *body* is ``{"answer": …}`` with the code that one of *secrets* makes of *challenge*.

    Whoever only sends back what they are sent, as many strangers' servers do, cannot make it.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    answer = said.get("answer") if isinstance(said, dict) else None
    if not isinstance(answer, str) or not answer.isascii():
        return False
    return any(hmac.compare_digest(answer.encode(), challenge_answer(challenge, secret).encode()) for secret in secrets)


def challenge_answer(challenge: str, secret: bytes) -> str:
    """The right answer to *challenge*."""
    return _code(secret, f"{CHALLENGE}.{challenge}".encode())


def _code(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
