"""A real HTTP server on a free port, as a member state's system has one: it checks what it is sent, and does as a test tells it to."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chassis.test_security import Authority


@dataclass(frozen=True)
class Came:
    """One request, as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.content["data"]
        return found

    def signed_by(self, secret: str) -> bool:
        """Whether *secret* has made one of its codes, as the receiver of a Standard Webhook checks it."""
        said = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        return f"v1,{code(secret, said)}" in self.headers["webhook-signature"].split(" ")


def code(secret: str, said: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


@dataclass
class Endpoint:
    """What came, in its order; and how the server behaves."""

    port: int = 0
    scheme: str = "https"
    came: list[Came] = field(default_factory=list)
    connections: int = 0
    # Answered with, in this order, and then always with the last one.
    statuses: list[int] = field(default_factory=lambda: [204])
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # With which it answers challenges; "" sends back what came, None says nothing to them.
    secret: str | None = None
    # Waits for this before it answers.
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    # Instead of any answer.
    raw: bytes | None = None

    def __post_init__(self) -> None:
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def entries(self) -> list[Came]:
        """The inbox entries that came."""
        return [one for one in self.came if one.content["type"] == "inbox.entry"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        came = Came(head[0], headers, await reader.readexactly(int(headers.get("content-length", 0))))
        self.came.append(came)
        await self.may_answer.wait()
        if self.raw is not None:
            writer.write(self.raw)
        else:
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            body = self._said(came)
            status = 200 if body and status == 204 else status
            lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in self.headers.items())]
            lines += ([] if status == 204 else [f"Content-Length: {len(body)}"]) + ["Connection: close", "", ""]
            writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    def _said(self, came: Came) -> bytes:
        if not came.body or came.content["type"] != "webhook.challenge" or self.secret is None:
            return self.body
        if not self.secret:
            return came.body
        answer = code(self.secret, f"webhook.challenge.{came.data['challenge']}".encode())
        return json.dumps({"answer": answer}).encode()


def a_certificate(folder: Path, name: str = "hook.test") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate for *name* and 127.0.0.1, from an authority of its own: what the server shows, and what trusts it."""
    Authority(folder).issued(name)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(folder / f"{name}.pem", folder / f"{name}-key.pem")
    return server, ssl.create_default_context(cafile=str(folder / "authority.pem"))


@asynccontextmanager
async def an_endpoint(tls: ssl.SSLContext | None) -> AsyncIterator[Endpoint]:
    """The server, listening on 127.0.0.1 for as long as the context lasts."""
    endpoint = Endpoint(scheme="https" if tls else "http")
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, ssl=tls)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        endpoint.may_answer.set()
        server.close()
        await server.wait_closed()
