"""Clients of the gateway, as anybody would write them: HTTP, graphql-transport-ws, server-sent events."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect

TIMEOUT_S = 30.0
WEBSOCKET, SSE = "websocket", "sse"
PROTOCOL = "graphql-transport-ws"
Data = dict[str, Any]
Found = TypeVar("Found")


def key() -> str:
    """A new idempotency key."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Refused:
    """How something was refused."""

    code: str
    reason: str = ""
    field: str = ""

    @classmethod
    def of(cls, error: Data) -> "Refused":
        """*error*, an entry of `errors`."""
        found = error["extensions"]
        return cls(found["code"], found.get("reason", ""), found.get("field", ""))


def _is_away(answer: Data) -> bool:
    """Whether nothing but a service that is away or late keeps this from being an answer."""
    errors = answer.get("errors", ())
    return bool(errors) and all(Refused.of(one).code == "UNAVAILABLE" for one in errors)


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody with a bearer token, or nobody with none."""

    http: httpx.AsyncClient
    url: str
    token: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(self, document: str, variables: Data | None = None, **headers: str) -> httpx.Response:
        body = {"query": document, "variables": variables}
        return await self.http.post(f"{self.url}/graphql", json=body, headers={**self.headers, **headers})

    async def answer(self, document: str, **variables: Any) -> Data:
        """The whole answer, data and errors."""
        response = await self.post(document, variables)
        assert response.status_code == 200, response.text
        # There is none of an operation that was never executed (GraphQL, 7.1).
        answer: Data = {"data": None, **response.json()}
        return answer

    async def ask(self, document: str, **variables: Any) -> Data:
        """The data of an answer without errors; what is only away for a moment is asked again, as the refusal says."""
        patience = time.monotonic() + TIMEOUT_S
        while _is_away(answer := await self.answer(document, **variables)) and time.monotonic() < patience:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        assert "errors" not in answer, answer["errors"]
        data: Data = answer["data"]
        return data

    async def refused(self, document: str, **variables: Any) -> Refused:
        """How an operation that has one error was refused."""
        answer = await self.answer(document, **variables)
        (error,) = answer["errors"]
        return Refused.of(error)

    async def do(self, mutation: str, selection: str, **input: Any) -> Data:  # noqa: A002
        """What a mutation changed, with an idempotency key of its own unless it brings one."""
        kind = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        (payload,) = (await self.ask(document, input={"idempotencyKey": key(), **input})).values()
        (changed,) = payload.values()
        assert isinstance(changed, dict)
        return changed

    async def cannot(self, mutation: str, **input: Any) -> Refused:  # noqa: A002
        """How a mutation was refused."""
        kind = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        return await self.refused(document, input={"idempotencyKey": key(), **input})

    @asynccontextmanager
    async def socket(self) -> AsyncIterator["Socket"]:
        """A WebSocket on which the gateway has acknowledged who this is."""
        async with raw_socket(self.url) as socket:
            await socket.send(type="connection_init", payload=self.headers)
            assert (await socket.receive())["type"] == "connection_ack"
            yield socket

    @asynccontextmanager
    async def listening(
        self, transport: str, document: str, **variables: Any
    ) -> AsyncIterator[AsyncGenerator[Data, None]]:
        """The answers of a subscription, with their errors if they have any, until the gateway completes it."""
        items = (self._over_websocket if transport == WEBSOCKET else self._over_sse)(document, variables)
        async with aclosing(items):
            yield items

    async def _over_websocket(self, document: str, variables: Data) -> AsyncGenerator[Data, None]:
        async with self.socket() as socket:
            await socket.subscribe(document, **variables)
            while (message := await socket.receive())["type"] == "next":
                yield message["payload"]
            assert message == {"id": "1", "type": "complete"}

    async def _over_sse(self, document: str, variables: Data) -> AsyncGenerator[Data, None]:
        headers = {**self.headers, "accept": "text/event-stream"}
        body = {"query": document, "variables": variables}
        async with self.http.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            event = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    event = value
                elif name == "data" and event == "next":
                    yield json.loads(value)
        assert event == "complete"


class Socket:
    """A WebSocket that speaks graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, document: str, *, operation: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=operation, payload={"query": document, "variables": variables})

    async def receive(self) -> Data:
        async with asyncio.timeout(TIMEOUT_S):
            message: Data = json.loads(await self.connection.recv())
            return message

    async def result(self, document: str, **variables: Any) -> Data:
        """The one answer of a query or mutation."""
        await self.subscribe(document, **variables)
        answer = await self.receive()
        assert answer["type"] == "next"
        assert (await self.receive())["type"] == "complete"
        payload: Data = answer["payload"]
        return payload

    async def closed(self) -> int:
        """The code with which the gateway closes the connection."""
        async with asyncio.timeout(TIMEOUT_S):
            await self.connection.wait_closed()
        assert self.connection.close_code is not None
        return self.connection.close_code


@asynccontextmanager
async def raw_socket(url: str, protocol: str = PROTOCOL, **options: Any) -> AsyncIterator[Socket]:
    """A WebSocket on which nothing has been said yet."""
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with connect(address, subprotocols=[protocol], **options) as connection:  # type: ignore[list-item]
        yield Socket(connection)


async def within(items: AsyncGenerator[Data, None]) -> Data:
    """The next answer of a subscription, in time."""
    async with asyncio.timeout(TIMEOUT_S):
        return await anext(items)


async def eventually(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What *look* finds, once it finds something."""
    until = time.monotonic() + TIMEOUT_S
    while (found := await look()) is None:
        assert time.monotonic() < until, "it did not come about in time"
        await asyncio.sleep(0.05)
    return found


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    """What an import answered, line by line."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def refusal(response: httpx.Response) -> Refused:
    """Why nothing was done."""
    (error,) = response.json()["errors"]
    return Refused.of(error)
