"""An eTranslation for tests: HTTP Digest, a bare number for an answer, results and errors by callback, one for each target language.

A request is called back about when a test says so, or at once if `automatic`: a test decides what is lost, late, sent twice or forged.
"""

import asyncio
import base64
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import md5
from html import escape, unescape
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.translation.providers.libretranslate_server import PHRASES
from tests.translation.providers.serving import serving

USER, PASSWORD, REALM = "imi", "a password", "eTranslation"
PAIRS = ["IT-ES", "IT-HU", "HU-IT", "EN_GA", "RU-EN"]


@dataclass
class ETranslation:
    """A running server: what it knows, how it answers, and the requests that it accepted, by number."""

    url: str = ""
    phrases: dict[tuple[str, str], dict[str, str]] = field(default_factory=lambda: {**PHRASES})
    domains: Any = field(default_factory=lambda: {"GEN": {"name": "General text", "languagePairs": PAIRS}})
    automatic: bool = False
    # Awaited with each number before it is given.
    accepting: Callable[[int], Awaitable[object]] | None = None
    # The next answers to a request, instead of its number.
    answers: list[Response] = field(default_factory=list)
    accepted: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: int = 0
    nonces: set[str] = field(default_factory=set)
    # The statuses that callbacks were answered with.
    statuses: list[int] = field(default_factory=list)
    calling: set[asyncio.Task[int]] = field(default_factory=set)

    def begin_again(self) -> None:
        """Be as at the start."""
        vars(self).update(vars(ETranslation(self.url)))

    async def translate(self, request: Request) -> Response:
        if challenge := self._challenge(request, await request.body()):
            return challenge
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        wanted = await request.json()
        if code := self._refused(wanted):
            # With status 200, like a number that means success.
            return PlainTextResponse(str(code))
        number = 1_000 + len(self.accepted)
        self.accepted[number] = wanted
        if self.accepting is not None:
            await self.accepting(number)
        if self.automatic:
            task = asyncio.create_task(self.call_back(number))
            self.calling.add(task)
        return PlainTextResponse(str(number))

    def _refused(self, wanted: dict[str, Any]) -> int:
        contents = [one for one in ("textToTranslate", "documentToTranslateBase64") if one in wanted]
        checks = {
            -20006: not wanted.get("callerInformation", {}).get("application"),
            -20012: len(contents) > 1,
            -20031: not contents,
            -20030: contents == ["textToTranslate"] and not wanted["textToTranslate"],
            -20021: len(wanted.get("textToTranslate", "")) > 5_000,
            -20025: not (wanted.get("requesterCallback") or wanted.get("destinations")),
            -20001: not re.fullmatch("[A-Z]{2}", wanted.get("sourceLanguage", "")),
            -20003: not all(re.fullmatch("[A-Z]{2}", one) for one in wanted.get("targetLanguages", [""])),
            -20013: any(
                f"{wanted['sourceLanguage']}-{one}" not in [pair.replace("_", "-") for pair in PAIRS]
                for one in wanted["targetLanguages"]
            ),
            -20027: not wanted.get("errorCallback", "").startswith("http"),
        }
        return next((code for code, applies in checks.items() if applies), 0)

    async def call_back(self, number: int, *, to: str = "", **changed: str) -> int:
        """Send the result of request *number*, with the fields *changed*; the status that it is answered with."""
        wanted = self.accepted[number]
        pair = (wanted["sourceLanguage"].lower(), wanted["targetLanguages"][0].lower())
        fields = {"request-id": str(number), "target-language": pair[1].upper()}
        fields |= {name.replace("_", "-"): value for name, value in changed.items()}
        async with httpx.AsyncClient(trust_env=False) as client:
            if "textToTranslate" in wanted:
                text = self._translated(pair, wanted["textToTranslate"])
                form = {"translated-text": text, "external-reference": "", **fields}
                answer = await client.post(to or wanted["requesterCallback"], data=form)
            else:
                source = base64.b64decode(wanted["documentToTranslateBase64"]["content"]).decode()
                # Whatever is between tags is text.
                result = re.sub(
                    r"(?<=>)[^<]+", lambda text: escape(self._translated(pair, unescape(text[0])), quote=False), source
                )
                [address] = wanted["destinations"]["httpDestinations"]
                body = base64.b64encode(result.encode())
                answer = await client.post(to or address, params=fields, content=body)
        self.statuses.append(answer.status_code)
        return answer.status_code

    async def fail(self, number: int, code: int) -> int:
        """Call back that request *number* has failed with *code*."""
        fields = {"request-id": str(number), "error-code": str(code), "error-message": "…", "target-languages": "ES"}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(self.accepted[number]["errorCallback"], data=fields)
        self.statuses.append(answer.status_code)
        return answer.status_code

    def _translated(self, pair: tuple[str, str], text: str) -> str:
        for phrase, translation in self.phrases.get(pair, {}).items():
            text = text.replace(phrase, translation)
        return text

    async def list(self, request: Request) -> Response:
        if challenge := self._challenge(request, b""):
            return challenge
        return JSONResponse(self.domains) if self.domains is not None else Response(status_code=404)

    def _challenge(self, request: Request, _: bytes) -> Response | None:
        """The challenge of RFC 7616 (MD5, qop auth); none if it was met."""
        said = dict(re.findall(r'(\w+)="?([^",]*)"?', request.headers.get("authorization", "")))
        if said and said.get("nonce") in self.nonces:
            first = digest(f"{USER}:{REALM}:{PASSWORD}")
            second = digest(f"{request.method}:{request.url.path}")
            wanted = digest(f"{first}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{second}")
            if said["username"] == USER and said["response"] == wanted:
                return None
        nonce = secrets.token_hex(16)
        self.nonces.add(nonce)
        challenge = f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=MD5'
        return Response(status_code=401, headers={"www-authenticate": challenge})


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


@asynccontextmanager
async def an_etranslation() -> AsyncIterator[ETranslation]:
    """A server that runs as long as the context lasts."""
    server = ETranslation()
    routes = [Route("/translate", server.translate, methods=["POST"]), Route("/get-domains", server.list)]
    async with serving(Starlette(routes=routes)) as url:
        server.url = url
        yield server
        await asyncio.gather(*server.calling)
