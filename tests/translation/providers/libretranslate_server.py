"""A LibreTranslate-compatible server for tests: the protocol of the real one with its habits, and a phrase book for an engine.

What its phrase book does not have comes back as it was, as from a real engine that does not know a word.
"""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.translation.providers.serving import serving

LANGUAGES = {"it": ("es", "hu", "it"), "hu": ("en", "hu", "it"), "en": ("en", "hu"), "pt-BR": ("en",), "eo": ("en",)}
PHRASES = {
    ("it", "es"): {"La domanda è stata presentata ieri.": "La solicitud se presentó ayer."},
    ("it", "hu"): {"La domanda è stata presentata ieri.": "A kérelmet tegnap nyújtották be."},
    ("hu", "it"): {"A kérelmet tegnap nyújtották be.": "La domanda è stata presentata ieri."},
}
EMOJI = "🐸"


@dataclass
class LibreTranslate:
    """A running server: what it has and allows, how it fails, and the bodies that it was sent for translation."""

    url: str = ""
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: dict(LANGUAGES))
    phrases: dict[tuple[str, str], dict[str, str]] = field(default_factory=lambda: {**PHRASES})
    keys: set[str] = field(default_factory=set)
    bogus_secrets: set[str] = field(default_factory=set)
    char_limit: int = -1
    batch_limit: int = -1
    # The next answers to a call for a translation: instead of the translation, in this order.
    answers: list[Response] = field(default_factory=list)
    # What it lists instead of its languages.
    listed: Any = None
    # Calls wait for this before they are answered.
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def begin_again(self) -> None:
        """Be as at the start."""
        vars(self).update(vars(LibreTranslate(self.url)))
        self.open.set()

    async def translate(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        await self.open.wait()
        if self.answers:
            return self.answers.pop(0)
        if body.get("secret") in self.bogus_secrets and body.get("secret"):
            return JSONResponse({"translatedText": EMOJI})
        if refused := self._refused(body):
            return refused
        texts = body["q"] if isinstance(body["q"], list) else [body["q"]]
        results = [self._translated(body, text) for text in texts]
        return JSONResponse({"translatedText": results if isinstance(body["q"], list) else results[0]})

    def _refused(self, body: dict[str, Any]) -> Response | None:
        if self.keys and body.get("api_key") and body["api_key"] not in self.keys:
            return error(403, "Invalid API key")
        if self.keys and not body.get("api_key"):
            return error(400, "Visit https://translate.example to get an API key")
        for name in ("q", "source", "target"):
            if not body.get(name):
                return error(400, f"Invalid request: missing {name} parameter")
        texts = body["q"] if isinstance(body["q"], list) else [body["q"]]
        for size, limit in ((len(texts), self.batch_limit), (sum(map(len, texts)), self.char_limit)):
            if -1 < limit < size:
                return error(400, f"Invalid request: request ({size}) exceeds text limit ({limit})")
        known = {*self.languages, *(target for targets in self.languages.values() for target in targets)}
        for name in (body["source"], body["target"]):
            if name not in known:
                return error(400, f"{name} is not supported")
        if body["target"] not in self.languages.get(body["source"], ()):
            # Its own handler catches the 400 that it means, and makes a 500 of it.
            said = f"{body['target']} is not available as a target language from {body['source']}"
            return error(500, f"Cannot translate text: 400 Bad Request: {said}")
        return None

    def _translated(self, body: dict[str, Any], text: str) -> str:
        is_html = body.get("format") == "html"
        plain = html.unescape(" ".join(text.split())) if is_html else text
        for phrase, translation in self.phrases.get((body["source"], body["target"]), {}).items():
            plain = plain.replace(phrase, translation)
        # Its parser of markup knows no empty elements but its own.
        return re.sub(r"<x ([^>]*?)\s*/>", r"<x \1></x>", plain) if is_html else plain

    async def list(self, _: Request) -> Response:
        if self.listed is not None:
            return JSONResponse(self.listed)
        return JSONResponse(
            [
                {"code": code, "name": code.upper(), "targets": sorted(targets)}
                for code, targets in self.languages.items()
            ]
        )

    async def settings(self, _: Request) -> Response:
        return JSONResponse({"charLimit": self.char_limit, "apiKeys": bool(self.keys), "keyRequired": bool(self.keys)})

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})


def error(status: int, said: str, **headers: str) -> Response:
    """How it says that something is wrong."""
    return JSONResponse({"error": said}, status_code=status, headers=headers)


@asynccontextmanager
async def a_libretranslate() -> AsyncIterator[LibreTranslate]:
    """A server that runs as long as the context lasts."""
    server = LibreTranslate()
    server.open.set()
    routes = [
        Route("/translate", server.translate, methods=["POST"]),
        Route("/languages", server.list),
        Route("/frontend/settings", server.settings),
        Route("/health", server.health),
    ]
    async with serving(Starlette(routes=routes)) as url:
        server.url = url
        yield server
        server.open.set()
