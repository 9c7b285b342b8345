"""Which class of WebSockets uvicorn is to run."""

import asyncio
from importlib import import_module
from typing import Literal

import structlog

log = structlog.get_logger(__name__)


def websocket_protocol() -> type[asyncio.Protocol] | Literal["auto"]:
    """The class that lends its transport; uvicorn's own choice where uvicorn no longer has what that is made of.

    Streams are the same with both, and cost more with the second.
    """
    try:
        lending: type[asyncio.Protocol] = import_module("gateway.streams.transport").LendingProtocol
    except ImportError as error:
        log.warning("no transport is lent: this uvicorn has another class of WebSockets", cause=str(error))
        return "auto"
    return lending
