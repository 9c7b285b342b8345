"""The way to an engine that answers over HTTP: to the address of the settings, within limits, and nowhere else.

Nothing is redirected, unpacked or read beyond what an answer can be, and neither a proxy nor a password is taken from the
surroundings. What goes wrong is one of the port's errors; its message holds nothing of what was sent or answered.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from services.translation.providers.port import ProviderError, Rejected, Retryable
from services.translation.providers.settings import ProviderSettings

ANSWER_LIMIT = 4 * 1024 * 1024
CONNECT_S = 5.0
# An engine that asks for more is asked again after this all the same.
AFTER_LIMIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine answered; `what` says who and where, for messages."""

    what: str
    status: int
    body: bytes
    after: timedelta | None

    @property
    def is_ok(self) -> bool:
        return self.status == httpx.codes.OK

    def json(self) -> Any:
        """What it says in JSON; raises Rejected if it says anything else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Rejected(f"{self.what} answered with something that is no JSON") from None

    def error(self) -> ProviderError:
        """What a status that tells of a failure means."""
        if self.status == httpx.codes.TOO_MANY_REQUESTS:
            return Retryable(f"{self.what} is asked too often", after=self.after)
        message = f"{self.what} answered with status {self.status}"
        if self.status >= 500 or self.status == httpx.codes.REQUEST_TIMEOUT:
            return Retryable(message, after=self.after)
        return Rejected(message)


class Web:
    """One engine's address. Each call is on its own: retries are decided elsewhere."""

    def __init__(self, settings: ProviderSettings, auth: httpx.Auth | None = None) -> None:
        self._name = settings.name
        self._url = settings.url
        self._within_s = settings.timeout_s
        self._client = httpx.AsyncClient(
            auth=auth,
            # For messages that could not be told apart otherwise, and bodies whose size is what it seems.
            headers={"accept-language": "en", "accept-encoding": "identity"},
            verify=ssl.create_default_context(),
            trust_env=False,
            proxy=settings.proxy or None,
            follow_redirects=False,
            timeout=httpx.Timeout(settings.timeout_s, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=settings.at_once + 2),
        )

    async def get(self, path: str) -> Answer:
        """What is at *path* below the address; raises ProviderError if no answer comes."""
        return await self._ask("GET", path)

    async def post(self, path: str, *, json: Any = None, form: Mapping[str, str] | None = None) -> Answer:
        """What is answered to *json* or to a *form*; raises ProviderError if no answer comes."""
        return await self._ask("POST", path, json=json, data=form)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, **content: Any) -> Answer:
        what = f"{self._name} at /{path}"
        try:
            async with (
                asyncio.timeout(self._within_s),
                self._client.stream(method, f"{self._url}/{path}", **content) as response,
            ):
                body = await _limited(response, what)
        except TimeoutError:
            raise Retryable(f"{what} did not answer within {self._within_s:g} s") from None
        except UnicodeError:
            raise Rejected(f"{what} cannot be asked this") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # What the library says of a failure may quote a header or an address: its kind is enough.
            raise Retryable(f"{what} could not be reached: {type(error).__name__}") from None
        if response.is_redirect:
            raise Rejected(f"{what} points elsewhere, which is not followed")
        return Answer(what, response.status_code, body, _after(response))


async def _limited(response: httpx.Response, what: str) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Rejected(f"{what} packed its answer without being asked to")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > ANSWER_LIMIT:
            raise Rejected(f"{what} answered with more than {ANSWER_LIMIT} bytes")
    return bytes(body)


def _after(response: httpx.Response) -> timedelta | None:
    """How long the engine asks to be left alone, where it says so in seconds."""
    said = response.headers.get("retry-after", "")
    return min(timedelta(seconds=int(said[:6])), AFTER_LIMIT) if said.isascii() and said.isdigit() else None
