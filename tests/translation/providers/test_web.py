"""Whatever is answered, an adapter raises its own errors and no others, and nothing of it gets into their messages."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.translation.domain.pairs import Pair
from services.translation.providers import open_provider
from services.translation.providers.port import Batch, Callback, Delivery, Provider, ProviderError, Rejected
from services.translation.providers.settings import Kind, ProviderSettings
from tests.cells import cell
from tests.translation.providers.serving import serving
from vocabulary.values import DataClass

SECRET = "domanda"
BATCH = Batch(pair=Pair("it", "es"), texts=(f"La {SECRET}.",), data_class=DataClass.PUBLIC, token="t" * 32)
KINDS = (Kind.APERTIUM, Kind.ETRANSLATION, Kind.LIBRETRANSLATE)
# What engines' answers are made of, so that some of it nearly fits.
KEYS = (
    "responseData",
    "translatedText",
    "error",
    "code",
    "targets",
    "charLimit",
    "GEN",
    "languagePairs",
    "sourceLanguage",
)
WORDS = ("it", "es", "it-es", "IT_ES", "ita", SECRET, "xx", "", "-20028", "5")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
BODIES = JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


@dataclass
class Anything:
    """A server that answers everything with the same."""

    url: str = ""
    body: bytes = b""
    status: int = 200

    async def answer(self, _: Request) -> Response:
        return Response(self.body, self.status, media_type="application/json")


@pytest.fixture(scope="module")
async def anything() -> AsyncIterator[Anything]:
    server = Anything()
    routes = [Route("/{path:path}", server.answer, methods=["GET", "POST"])]
    async with serving(Starlette(routes=routes)) as url:
        server.url = url
        yield server


@pytest.fixture(scope="module")
async def adapters(anything: Anything) -> AsyncIterator[list[Provider]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANY_SECRET", "x")
        opened = [open_provider(_settings(kind, anything.url)) for kind in KINDS]
    yield opened
    for one in opened:
        await one.close()


def _settings(kind: Kind, url: str) -> ProviderSettings:
    return ProviderSettings(
        name="any",
        kind=kind,
        url=url,
        user="x",
        secret="env:ANY_SECRET",
        callback_url="http://127.0.0.1:1",
        data_class=DataClass.PUBLIC,
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, status=st.sampled_from([200, 200, 200, 204, 301, 400, 401, 403, 404, 413, 429, 500, 503]))
async def test_any_answer_is_a_translation_or_an_error_of_the_port(
    anything: Anything, adapters: list[Provider], body: bytes, status: int
) -> None:
    anything.body, anything.status = body, status
    said: list[str] = []
    for adapter in adapters:
        for ask in (adapter.capabilities, partial(adapter.translate, BATCH)):
            with cell(adapter.settings.kind, status, body):
                try:
                    await ask()
                except ProviderError as error:
                    said.append(str(error))
    assert SECRET not in " ".join(said)


async def test_json_without_an_end_to_its_depth_is_no_answer(anything: Anything, adapters: list[Provider]) -> None:
    anything.body, anything.status = b"[" * 100_000, 200
    for adapter in adapters:
        with cell(adapter.settings.kind), pytest.raises(Rejected):
            await adapter.capabilities()


async def test_an_address_that_is_none_is_told_so() -> None:
    for url in ("http://" + "a" * 70, "http://a..b", "http://xn--"):
        adapter = open_provider(_settings(Kind.APERTIUM, url))
        with cell(url), pytest.raises(ProviderError):
            await adapter.capabilities()
        await adapter.close()


@lru_cache(1)
def _etranslation() -> Provider:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANY_SECRET", "x")
        return open_provider(_settings(Kind.ETRANSLATION, "http://127.0.0.1:1"))


@settings(max_examples=100)
@given(
    fields=st.dictionaries(
        st.sampled_from(["request-id", "request_id", "target-language", "translated-text", "error-code"]),
        st.sampled_from(["12", "-1", "ES", "es", "xx", "", "²", "9" * 30, "-20028"]) | st.text(max_size=5),
    ),
    body=st.binary(max_size=60) | st.just(b"PHAgaWQ9InQwLjEuMC4xLjEiPkE8L3A+"),
    is_error=st.booleans(),
)
def test_any_callback_is_a_delivery_or_refused(fields: dict[str, str], body: bytes, is_error: bool) -> None:
    try:
        said = _etranslation().delivery(Callback(fields=fields, body=body, is_error=is_error))
    except Rejected:
        return
    assert isinstance(said, Delivery)
    assert said.reference.isdigit()
