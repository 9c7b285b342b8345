"""Inboxes with thousands of entries, clients that do not read, and subscriptions without a client."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import parse
from prometheus_client import REGISTRY
from strawberry.types.execution import ExecutionContext
from strawberry.types.graphql import OperationType
from websockets.asyncio.client import connect

from chassis.inbox import Entry, Inbox
from chassis.process import clock
from chassis.settings import ServiceSettings
from engines.documents import open_documents
from gateway.schema import schema
from services.alerts import storage
from tests.gateway.clients import PROTOCOL, Client, Socket
from tests.gateway.running import Running, a_gateway, a_service


def counted(name: str) -> float:
    """What a metric of the gateway says."""
    return REGISTRY.get_sample_value(f"imi_gateway_{name}") or 0.0


@dataclass(slots=True)
class Told:
    """A directory, alerts and a gateway, and an inbox that can be told many things at once."""

    running: Running
    inbox: Inbox
    addresses: dict[str, str]
    _told: int = 0

    async def tell(self, recipient: str, alert_id: str, count: int) -> list[str]:
        """Add *count* entries about an alert to an inbox; gives their ids."""
        numbers = range(self._told, self._told + count)
        self._told += count
        entries = [Entry(id=f"told-{number:06}", subject=alert_id, kind="BROADCAST", at=clock()) for number in numbers]
        await self.inbox.append(recipient, *entries)
        return [one.id for one in entries]


@asynccontextmanager
async def a_told_system(data: Path, **settings: str) -> AsyncIterator[Told]:
    """A system whose inboxes can be told things without a command for each."""
    async with AsyncExitStack() as stack:
        addresses = {"directory_address": await stack.enter_async_context(a_service("directory", data))}
        addresses["alerts_address"] = await stack.enter_async_context(a_service("alerts", data, **addresses))
        url = ServiceSettings.model_validate({"data_dir": data}).documents("alerts")
        documents = await stack.enter_async_context(open_documents(url, storage.COLLECTIONS))
        running = await stack.enter_async_context(a_gateway(data, **{**addresses, **settings}))
        yield Told(running, Inbox(documents, "alerts", clock), addresses)


@asynccontextmanager
async def a_narrow_socket(client: Client) -> AsyncIterator[Socket]:
    """A WebSocket that takes in very little before it is read."""
    host, _, port = client.url.removeprefix("http://").partition(":")
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect((host, int(port)))
    narrow.setblocking(False)
    url = f"{client.url.replace('http', 'ws', 1)}/graphql"
    # It reads nothing ahead, and answers no ping while it reads nothing.
    options: dict[str, Any] = {"max_queue": 1, "compression": None, "ping_interval": None}
    async with connect(url, sock=narrow, subprotocols=[PROTOCOL], **options) as connection:  # type: ignore[list-item]
        one = Socket(connection)
        await one.send(type="connection_init", payload=client.headers)
        assert (await one.receive())["type"] == "connection_ack"
        yield one


def an_execution(document: str) -> ExecutionContext:
    """What Strawberry knows of the subscription *document* once it has read it."""
    execution = ExecutionContext(
        query=document,
        schema=schema,
        allowed_operations=[OperationType.SUBSCRIPTION],
        context=None,
        root_value=None,
        variables=None,
        provided_operation_name=None,
    )
    execution.graphql_document = parse(document)
    return execution
