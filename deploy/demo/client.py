"""Somebody who uses the gateway, as any frontend would: GraphQL over HTTP, a WebSocket for what is live, plain HTTP for files."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession, ReconnectingAsyncClientSession
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport
from gql.transport.websockets import WebsocketsTransport

TIMEOUT_S = 40
Data = dict[str, Any]


class NotAsExpected(Exception):
    """Something was not as the example says it should be."""


def expect(condition: object, what: str) -> None:
    """Raises NotAsExpected saying *what* should have been."""
    if not condition:
        raise NotAsExpected(what)


def key() -> str:
    """A new idempotency key."""
    return str(uuid.uuid4())


class User:
    """A signed-in person with a session of their own."""

    def __init__(self, url: str, token: str, session: AsyncClientSession | ReconnectingAsyncClientSession) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {token}"}
        self._session = session

    async def ask(self, document: str, **variables: Any) -> Data:
        """The data of a query or mutation; raises NotAsExpected for any error."""
        try:
            return await self._session.execute(GraphQLRequest(document, variable_values=variables))
        except TransportQueryError as error:
            raise NotAsExpected(f"no error, but there was: {error.errors}") from error
        except TransportError as error:
            raise NotAsExpected(f"{self._url} answers, but it does not: {error}") from error

    async def refusal(self, document: str, **variables: Any) -> str:
        """The code with which a query or mutation is refused; raises NotAsExpected if it is not."""
        try:
            await self._session.execute(GraphQLRequest(document, variable_values=variables))
        except TransportQueryError as error:
            return str((error.errors or [{}])[0].get("extensions", {}).get("code"))
        raise NotAsExpected("this should have been refused")

    async def upload(self, name: str, content: bytes, media_type: str) -> str:
        """The id of an uploaded file."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            headers = {**self._headers, "content-type": media_type}
            response = await http.post(f"{self._url}/files", params={"name": name}, content=content, headers=headers)
        expect(response.status_code == 201, f"the upload of {name} is accepted, not {response.status_code}")
        return str(response.json()["id"])

    async def download(self, path: str) -> bytes:
        """The content of a file."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
            response = await http.get(f"{self._url}{path}", headers=self._headers)
        expect(response.status_code == 200, f"the file at {path} can be read, not {response.status_code}")
        return response.content

    @asynccontextmanager
    async def listening(self, document: str, **variables: Any) -> AsyncIterator[AsyncGenerator[Data, None]]:
        """The items of a subscription, on a WebSocket that closes with the context."""
        transport = WebsocketsTransport(
            url=f"{self._url.replace('http', 'ws', 1)}/graphql",
            init_payload=self._headers,
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        )
        async with Client(transport=transport) as session:
            items = session.subscribe(GraphQLRequest(document, variable_values=variables))
            try:
                yield items
            finally:
                await items.aclose()


@asynccontextmanager
async def signed_in(url: str, token: str) -> AsyncIterator[User]:
    """Whoever *token* speaks for, with a session at the gateway *url*."""
    headers = {"authorization": f"Bearer {token}"}
    transport = HTTPXAsyncTransport(url=f"{url}/graphql", headers=headers, timeout=TIMEOUT_S)
    async with Client(transport=transport) as session:
        yield User(url, token, session)
