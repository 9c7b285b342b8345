"""How every answer of a training system says what it is."""

from typing import Any

from starlette.types import Message, Send

HEADER = (b"imi-training", b"true")
_MARK = {"training": True}


def marked(body: dict[str, Any], training: bool) -> dict[str, Any]:
    """*body*, an answer to an operation; with the mark, if the system is a *training* system."""
    if training:
        body["extensions"] = {**body.get("extensions", {}), **_MARK}
    return body


def marking(send: Send) -> Send:
    """*send*, which adds the mark to the head of an answer over HTTP, or of a WebSocket."""

    async def sending(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            message["headers"] = [*message.get("headers", []), HEADER]
        await send(message)

    return sending
