"""Apertium's adapter without its engine: what it knows of the pairs, its marks, and answers that are none.

What it promises is held against the real server, in `tests/engines/test_apertium.py`.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.translation.domain.pairs import Pair
from services.translation.providers import apertium, open_provider
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
from tests.cells import cell
from tests.translation.providers.serving import serving
from vocabulary import languages
from vocabulary.values import DataClass

SPANISH = {"responseData": {"translatedText": "El perro."}, "responseStatus": 200}


@dataclass
class Answers:
    """A server that answers as it is told to, and remembers what it was asked."""

    listed: Any = None
    translation: Response = field(default_factory=lambda: JSONResponse(SPANISH))
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    url: str = ""

    async def translate(self, request: Request) -> Response:
        self.asked.append(dict(await request.form()))
        self.addresses.append(str(request.url))
        return self.translation

    async def list(self, _: Request) -> Response:
        return JSONResponse(self.listed)


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Answers]:
    answers = Answers()
    routes = [Route("/translate", answers.translate, methods=["POST"]), Route("/listPairs", answers.list)]
    async with serving(Starlette(routes=routes)) as url:
        answers.url = url
        yield answers


@pytest.fixture
def server(running: Answers) -> Answers:
    listed = a_list(("ita", "spa"), ("eng", "hbs_HR"), ("hbs", "eng"), ("spa", "cat"))
    vars(running).update(vars(Answers(url=running.url, listed=listed)))
    return running


@pytest.fixture
async def provider(server: Answers) -> AsyncIterator[Provider]:
    settings = ProviderSettings(name="gist", kind=Kind.APERTIUM, url=server.url, data_class=DataClass.PERSONAL)
    opened = open_provider(settings)
    yield opened
    await opened.close()


def a_list(*pairs: tuple[str, str]) -> Any:
    return {"responseData": [{"sourceLanguage": source, "targetLanguage": target} for source, target in pairs]}


async def ask(provider: Provider, *texts: str, pair: str = "it-es") -> list[Outcome]:
    answer = await provider.translate(Batch(pair=Pair.read(pair), texts=texts, data_class=DataClass.PERSONAL))
    assert not isinstance(answer, Accepted)
    return list(answer)


def test_every_language_has_a_name_and_unusable_pairs_are_never_asked_for() -> None:
    known = apertium._known()
    every = {Pair(source, target) for source in languages.ALL for target in languages.ALL if source != target}
    assert {str(pair) for pair in every - known.names.keys()} == {"en-hr", "is-en", "is-sv", "hr-sl"}
    assert known.names[Pair("sl", "hr")] == ("slv", "hbs_HR")
    assert known.names[Pair("hr", "en")] == ("hbs", "eng")


async def test_pairs_that_the_server_lists_are_ours_or_left_out(server: Answers, provider: Provider) -> None:
    assert sorted(map(str, await provider.capabilities())) == ["hr-en", "it-es"]
    listings: list[Any] = [{}, [], {"responseData": "spa|ita"}, "x"]
    for odd in listings:
        server.listed = odd
        with cell(odd), pytest.raises(Rejected):
            await provider.capabilities()
    server.listed = {"responseData": ["x", {"sourceLanguage": 5}]}
    assert await provider.capabilities() == {}
    assert not await provider.healthy()


async def test_a_pair_that_is_blocked_is_not_sent(server: Answers, provider: Provider) -> None:
    with pytest.raises(Unsupported):
        await ask(provider, "Hello", pair="en-hr")
    assert not server.asked


async def test_texts_are_posted_and_never_part_of_an_address(server: Answers, provider: Provider) -> None:
    assert await ask(provider, "\n Il cane. ") == [Rendered(text="\n El perro. ")]
    assert server.asked[0]["q"] == "Il cane."
    assert "cane" not in server.addresses[0]


async def test_what_is_blank_is_not_sent_and_what_is_too_long_would_lose_its_end(
    server: Answers, provider: Provider
) -> None:
    texts = [" \n", "x" * 5_001, "x" * 5_000, "*" + "x" * 4_998]
    [blank, long, fits, longer_when_sent] = await ask(provider, *texts)
    assert (blank, type(long), type(fits)) == (Rendered(text=" \n"), Unsupported, Rendered)
    # What its own marks could be taken for goes in brackets.
    assert isinstance(longer_when_sent, Unsupported)
    assert len(server.asked) == 1


async def test_answers_that_are_none_are_told_by_their_kind(server: Answers, provider: Provider) -> None:
    answers: list[tuple[str, Response, type[ProviderError]]] = [
        ("pair", JSONResponse({"status": "error", "code": 400}, status_code=400), Unsupported),
        ("stuck", JSONResponse({"status": "error", "code": 503}, status_code=503), Retryable),
        ("nothing", JSONResponse({"responseData": {"translatedText": ""}}), Rejected),
        ("no text", JSONResponse({"responseData": {"translatedText": None}}), Rejected),
        ("no answer", JSONResponse([]), Rejected),
        ("not found", Response(status_code=404), Rejected),
    ]
    for name, answer, wanted in answers:
        server.translation = answer
        with cell(name):
            with pytest.raises(ProviderError) as caught:
                await ask(provider, "Il cane.", "Il cane.")
            assert type(caught.value) is wanted
            assert "cane" not in str(caught.value)
            assert not await provider.healthy()


@given(
    words=st.lists(
        st.tuples(st.sampled_from(["", "*", "#", "@", "#*"]), st.text("abc⟦⟧*@# ", max_size=6)), min_size=1, max_size=8
    )
)
def test_its_marks_go_and_the_same_characters_of_the_text_stay(words: list[tuple[str, str]]) -> None:
    """The engine leaves brackets as they are, so what it answers is this: its marks before words that went through unchanged."""
    own = [word for _, word in words if not word.startswith(("⟦", "⟧"))]
    marks = [mark for mark, word in words if not word.startswith(("⟦", "⟧"))]
    answered = "x".join(mark + apertium._MARK.sub(r"⟦\g<0>⟧", word) for mark, word in zip(marks, own, strict=True))
    rendered = apertium._unmarked(answered)
    assert rendered == Rendered(text="x".join(own), unknown=sum(mark != "" for mark in marks))
