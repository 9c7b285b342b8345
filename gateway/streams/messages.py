"""Messages of graphql-transport-ws: what a client may say, and how a connection ends that says something else."""

import json
from collections.abc import Mapping
from typing import Any

REASON_BYTES = 123
# Of the codes that IANA keeps for WebSockets.
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
_DOCUMENT = frozenset({"query", "documentId", "extensions"})


class Closing(Exception):
    """The connection is to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        # A control frame has room for no more (RFC 6455, section 5.5), whatever of the client's is in it.
        self.code, self.reason = code, reason.encode(errors="replace")[:REASON_BYTES].decode(errors="ignore")


class Gone(Exception):
    """The client is not there any more."""


def parsed(received: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message in what an ASGI server has *received*; raises Closing for what is none, Gone when there will be no more."""
    if received["type"] == "websocket.disconnect":
        raise Gone
    text = received.get("text")
    if text is None:
        raise Closing(4400, "WebSocket message type must be text")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Closing(4400, "WebSocket message must be valid JSON") from None
    if not _well_formed(message):
        raise Closing(4400, "Failed to parse message")
    assert isinstance(message, dict)
    return message


def _well_formed(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return False
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return False
    if message["type"] != "subscribe":
        return True
    payload = message.get("payload")
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str | None)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("extensions"), dict | None)
        and isinstance(payload.get("documentId"), str | None)
        # A document, or what it goes by.
        and any(payload.get(name) is not None for name in _DOCUMENT)
    )
