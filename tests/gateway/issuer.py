"""A small OpenID Connect issuer on the loopback: discovery, keys that can be changed, tokens of any kind."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

AUDIENCE = "imi-gateway"
ALGORITHMS = {"RSA": "RS256", "OKP": "Ed25519"}


class Issuer:
    """Who issues sign-ins: its address, and the keys it publishes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.names_itself = url
        self.keys: list[Any] = []
        self.looked_at = 0
        # What it does instead of publishing: it answers with a fault; it waits.
        self.fails = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.new_key("RSA")

    def new_key(self, kind: str) -> None:
        """Publish a new key, with which tokens are signed from now on, and the old ones no more."""
        parameters: Any = {"kid": f"key-{time.time_ns()}"}
        new = RSAKey.generate_key(2048, parameters) if kind == "RSA" else OKPKey.generate_key("Ed25519", parameters)
        self.keys = [new]

    def token(self, subject: str, **claims: Any) -> str:
        key, now = self.keys[0], int(time.time())
        header = {"alg": ALGORITHMS[key.key_type], "kid": key.kid}
        standard = {"iss": self.url, "sub": subject, "aud": AUDIENCE, "iat": now, "exp": now + 300}
        return jwt.encode(header, {**standard, **claims}, key, algorithms=[header["alg"]])

    async def discovery(self, _: Request) -> JSONResponse:
        return JSONResponse({"issuer": self.names_itself, "jwks_uri": f"{self.url}/keys"})

    async def published(self, _: Request) -> JSONResponse:
        self.looked_at += 1
        await self.answers.wait()
        if self.fails:
            return JSONResponse({}, status_code=503)
        return JSONResponse(KeySet(self.keys).as_dict(private=False))


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def an_issuer() -> AsyncIterator[Issuer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        issuer = Issuer(f"http://127.0.0.1:{listener.getsockname()[1]}")
        routes = [
            Route("/.well-known/openid-configuration", issuer.discovery),
            Route("/keys", issuer.published),
        ]
        server = _Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield issuer
        finally:
            server.should_exit = True
            await serving
