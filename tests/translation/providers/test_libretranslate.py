"""LibreTranslate's adapter: what the protocol's traps come to."""

import asyncio
import html
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Tier
from services.translation.providers import open_provider
from services.translation.providers.port import (
    Accepted,
    Batch,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Retryable,
    Unsupported,
)
from services.translation.providers.settings import Kind, ProviderSettings
from services.translation.providers.web import ANSWER_LIMIT
from tests.cells import cell
from tests.translation.providers.contract import Case, keeps_its_promises
from tests.translation.providers.libretranslate_server import EMOJI, LibreTranslate, a_libretranslate, error
from vocabulary.values import DataClass

ITALIAN = "La domanda è stata presentata ieri."
SPANISH = "La solicitud se presentó ayer."


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[LibreTranslate]:
    async with a_libretranslate() as server:
        yield server


@pytest.fixture
def server(running: LibreTranslate) -> LibreTranslate:
    running.begin_again()
    return running


@pytest.fixture
async def provider(server: LibreTranslate) -> AsyncIterator[Provider]:
    opened = an_adapter(server.url)
    yield opened
    await opened.close()


def an_adapter(url: str, **others: Any) -> Provider:
    fields = {"name": "libre", "kind": Kind.LIBRETRANSLATE, "url": url, "data_class": DataClass.PERSONAL}
    return open_provider(ProviderSettings.model_validate({**fields, **others}))


async def ask(provider: Provider, *texts: str, pair: str = "it-es") -> list[Outcome]:
    answer = await provider.translate(Batch(pair=Pair.read(pair), texts=texts, data_class=DataClass.PERSONAL))
    assert not isinstance(answer, Accepted)
    return list(answer)


async def one(provider: Provider, text: str) -> str:
    [outcome] = await ask(provider, text)
    assert isinstance(outcome, Rendered)
    return outcome.text


async def test_it_keeps_the_promises_of_every_engine(provider: Provider) -> None:
    await keeps_its_promises(Case(provider, Pair("it", "es"), ITALIAN))


async def test_pairs_are_what_the_server_lists_of_our_languages(server: LibreTranslate, provider: Provider) -> None:
    found = await provider.capabilities()
    assert sorted(map(str, found)) == ["en-hu", "hu-en", "hu-it", "it-es", "it-hu", "pt-en"]
    server.languages = {"it": ("en",)}
    assert [str(pair) for pair in await provider.capabilities()] == ["it-en"]


async def test_settings_block_pairs_and_change_their_tier(server: LibreTranslate) -> None:
    described = {"blocked": ["it-es"], "poor": ["it-hu"], "tiers": {"hu-it": "RULE_BASED"}, "characters_max": 700}
    provider = an_adapter(server.url, **described)
    found = await provider.capabilities()
    await provider.close()
    assert Pair("it", "es") not in found
    assert (found[Pair("it", "hu")].poor, found[Pair("it", "hu")].tier) == (True, Tier.NEURAL)
    assert found[Pair("hu", "it")].tier is Tier.RULE_BASED
    assert {capability.characters_max for capability in found.values()} == {700}


async def test_a_variant_of_a_language_is_called_by_the_servers_name(
    server: LibreTranslate, provider: Provider
) -> None:
    await provider.capabilities()
    await ask(provider, "Olá", pair="pt-en")
    assert server.asked[-1]["source"] == "pt-BR"


async def test_several_texts_are_one_call(server: LibreTranslate, provider: Provider) -> None:
    assert await ask(provider, ITALIAN, f"{ITALIAN}\n{ITALIAN}") == [
        Rendered(text=SPANISH),
        Rendered(text=f"{SPANISH}\n{SPANISH}"),
    ]
    assert [body["q"] for body in server.asked] == [[ITALIAN] * 3]


async def test_what_is_more_than_the_server_takes_goes_in_parts(server: LibreTranslate, provider: Provider) -> None:
    for limits in ({"batch_limit": 2}, {"char_limit": 90}):
        vars(server).update({"batch_limit": -1, "char_limit": -1, **limits})
        with cell(limits):
            assert await ask(provider, *[ITALIAN] * 7) == [Rendered(text=SPANISH)] * 7
    server.char_limit = 20
    assert {capability.characters_max for capability in (await provider.capabilities()).values()} == {20}
    with pytest.raises(Unsupported):
        await ask(provider, ITALIAN)


async def test_elements_entities_and_space_come_back_as_they_were_sent(provider: Provider) -> None:
    text = f'  <x id="0"/>{ITALIAN} a &lt; b &amp;amp; &amp;c\n\n\t<x id="1"/> "{ITALIAN}"<x id="2"/> \n'
    assert await one(provider, text) == text.replace(ITALIAN, SPANISH)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(text=st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" \n\t&<>"), max_size=60))
async def test_any_text_that_the_server_does_not_know_comes_back_as_it_is(provider: Provider, text: str) -> None:
    written = html.escape(" ".join(text.split(" ")), quote=False)
    lines = [" ".join(line.split()) for line in written.split("\n")]
    [outcome] = await ask(provider, written)
    assert isinstance(outcome, Rendered)
    assert [" ".join(line.split()) for line in outcome.text.split("\n")] == lines


async def test_a_text_that_the_server_cannot_translate_is_passed_on_for_the_service_to_compare(
    provider: Provider,
) -> None:
    assert await one(provider, "Xyzzy.") == "Xyzzy."


REFUSALS: list[tuple[str, Response, type[ProviderError]]] = [
    ("no key", error(400, "Visit https://translate.example to get an API key"), Rejected),
    ("unknown language", error(400, "xx is not supported"), Unsupported),
    ("banned", error(403, "Too many request limits violations"), Rejected),
    ("too often", error(429, "Slowdown: 80 per 1 minute"), Retryable),
    (
        "pair that it lacks",
        error(500, "Cannot translate text: 400 … is not available as a target language …"),
        Unsupported,
    ),
    ("engine down", error(500, f"Cannot translate text: {ITALIAN}"), Retryable),
    ("gateway", Response("<html>502</html>", 502), Retryable),
    ("elsewhere", RedirectResponse("http://169.254.169.254/translate", 307), Rejected),
    ("no JSON", Response("hello"), Rejected),
    ("another JSON", JSONResponse(["hello"]), Rejected),
    ("too few", JSONResponse({"translatedText": []}), Rejected),
    ("one emoji for all", JSONResponse({"translatedText": EMOJI}), Rejected),
    ("no texts", JSONResponse({"translatedText": [5]}), Rejected),
    ("endless", Response(b" " * (ANSWER_LIMIT + 1)), Rejected),
    ("packed", Response(b"x", headers={"content-encoding": "gzip"}), Rejected),
]


async def test_every_failure_is_told_by_its_kind_and_without_the_text(
    server: LibreTranslate, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, answer, wanted in REFUSALS:
        server.answers = [answer]
        with cell(name):
            with pytest.raises(ProviderError) as caught:
                await ask(provider, ITALIAN)
            assert type(caught.value) is wanted
            assert ITALIAN not in str(caught.value)
    # The redirection was not followed, and nothing was asked twice.
    assert len(server.asked) == len(REFUSALS)
    written = [record.getMessage() for record in caplog.records]
    assert not any("domanda" in line for line in written)


async def test_it_says_how_long_the_server_wants_to_be_left_alone(server: LibreTranslate, provider: Provider) -> None:
    for said, wanted in {"7": 7, "999999": 3600, "soon": None, "-1": None, "": None}.items():
        server.answers = [error(429, "Slowdown", **{"retry-after": said})]
        with cell(said), pytest.raises(Retryable) as caught:
            await ask(provider, ITALIAN)
        assert caught.value.after == (timedelta(seconds=wanted) if wanted else None)


async def test_an_emoji_instead_of_a_translation_is_no_translation(server: LibreTranslate, provider: Provider) -> None:
    server.answers = [JSONResponse({"translatedText": [EMOJI, SPANISH]})]
    [first, second] = await ask(provider, ITALIAN, ITALIAN)
    assert isinstance(first, Rejected)
    assert second == Rendered(text=SPANISH)


async def test_a_key_is_sent_and_a_wrong_one_is_refused(
    server: LibreTranslate, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.keys = {"right"}
    for key, is_right in {"right": True, "wrong": False}.items():
        monkeypatch.setenv("LIBRE_KEY", key)
        provider = an_adapter(server.url, secret="env:LIBRE_KEY")
        with cell(key):
            assert await provider.healthy() is is_right
            if not is_right:
                with pytest.raises(Rejected) as caught:
                    await ask(provider, ITALIAN)
                assert key not in str(caught.value)
        await provider.close()
    assert json.dumps(server.asked).count("right") >= 1


async def test_a_server_that_hangs_is_given_up_and_one_that_is_away_is_told_so(server: LibreTranslate) -> None:
    server.open.clear()
    provider = an_adapter(server.url, timeout_s=0.05)
    with pytest.raises(Retryable, match="did not answer"):
        await ask(provider, ITALIAN)
    assert not await provider.healthy()
    server.open.set()
    await provider.close()
    away = an_adapter("http://127.0.0.1:1")
    with pytest.raises(Retryable, match="could not be reached"):
        await ask(away, ITALIAN)
    with pytest.raises(Retryable):
        await away.capabilities()
    await away.close()


async def test_a_proxy_is_used_only_where_the_settings_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        body = json.dumps({"translatedText": [SPANISH]}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    away = "http://libretranslate.invalid"
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as proxy:
        address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        through = an_adapter(away, proxy=address)
        assert await ask(through, ITALIAN) == [Rendered(text=SPANISH)]
        await through.close()
        assert asked == [b"POST http://libretranslate.invalid/translate HTTP/1.1\r\n"]
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        direct = an_adapter(away)
        with pytest.raises(Retryable, match="could not be reached"):
            await ask(direct, ITALIAN)
        await direct.close()
        assert len(asked) == 1


async def test_health_is_found_out_by_translating(server: LibreTranslate, provider: Provider) -> None:
    assert await provider.healthy()
    server.answers = [error(500, "Cannot translate text")]
    assert not await provider.healthy()
    server.languages = {}
    assert not await provider.healthy()


async def test_what_is_no_list_of_languages_is_no_capability(server: LibreTranslate, provider: Provider) -> None:
    server.languages = {"it": ("it",)}
    assert await provider.capabilities() == {}
    listings: list[Any] = [{}, [{"code": 5}], ["it"], "it"]
    for odd in listings:
        server.listed = odd
        with cell(odd), pytest.raises(Rejected):
            await provider.capabilities()
