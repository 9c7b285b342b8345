"""eTranslation's adapter and the port that it calls back at: what the protocol's traps come to."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse, Response
from structlog.testing import capture_logs

from chassis.settings import CannotStart
from services.translation.domain.pairs import Pair
from services.translation.providers import open_provider
from services.translation.providers.callbacks import BODY_LIMIT, receiving
from services.translation.providers.port import (
    Accepted,
    Batch,
    Callback,
    Delivery,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
    Retryable,
    Spent,
    Unsupported,
)
from services.translation.providers.settings import FaultyProviders, Kind, ProviderSettings
from tests.cells import cell
from tests.translation.providers.contract import Case, keeps_its_promises
from tests.translation.providers.etranslation_server import PASSWORD, USER, ETranslation, an_etranslation
from vocabulary import languages
from vocabulary.refusals import NotFound, Unavailable
from vocabulary.values import DataClass

ITALIAN = "La domanda è stata presentata ieri."
SPANISH = "La solicitud se presentó ayer."
TOKEN = "t" * 32


@dataclass
class Receiving:
    """What came in at the callback port, and who waits for which token."""

    url: str = ""
    provider: Provider | None = None
    open: dict[str, "asyncio.Future[Delivery]"] = field(default_factory=dict)
    taken: list[Callback] = field(default_factory=list)
    is_away: bool = False
    is_broken: bool = False

    async def take(self, token: str, callback: Callback) -> None:
        if self.is_away:
            raise Unavailable("the store is away")
        if self.is_broken:
            raise ValueError(f"{token} {callback}")
        if token not in self.open:
            raise NotFound("no such job")
        assert self.provider is not None
        said = self.provider.delivery(callback)
        self.taken.append(callback)
        if not self.open[token].done():
            self.open[token].set_result(said)


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[tuple[ETranslation, Receiving]]:
    received = Receiving()
    async with an_etranslation() as server, receiving("127.0.0.1:0", received.take) as url:
        received.url = url
        yield server, received


@pytest.fixture
def server(running: tuple[ETranslation, Receiving]) -> ETranslation:
    running[0].begin_again()
    return running[0]


@pytest.fixture
def receiver(running: tuple[ETranslation, Receiving]) -> Receiving:
    vars(running[1]).update(vars(Receiving(running[1].url)))
    return running[1]


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETRANSLATION_PASSWORD", PASSWORD)


@pytest.fixture
async def provider(server: ETranslation, receiver: Receiving) -> AsyncIterator[Provider]:
    async with an_adapter(server.url, receiver.url) as opened:
        receiver.provider = opened
        yield opened


@asynccontextmanager
async def an_adapter(url: str, called_back: str, **others: Any) -> AsyncIterator[Provider]:
    fields = {"name": "ec", "kind": Kind.ETRANSLATION, "url": url, "callback_url": called_back, "user": USER}
    fields |= {"secret": "env:ETRANSLATION_PASSWORD", "data_class": DataClass.PERSONAL, **others}
    opened = open_provider(ProviderSettings.model_validate(fields))
    yield opened
    await opened.close()


def batch(*texts: str, token: str = TOKEN, pair: str = "it-es") -> Batch:
    return Batch(pair=Pair.read(pair), texts=texts, data_class=DataClass.PERSONAL, token=token)


async def send(provider: Provider, receiver: Receiving, *texts: str, token: str = TOKEN) -> int:
    """Send *texts* and open their token; the number of the request."""
    receiver.open[token] = asyncio.get_running_loop().create_future()
    accepted = await provider.translate(batch(*texts, token=token))
    assert isinstance(accepted, Accepted)
    return int(accepted.reference)


async def test_it_keeps_the_promises_of_every_engine(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    server.automatic = True
    tokens = iter(f"{number:032}" for number in range(1_000))

    async def ask(provider: Provider, wanted: Batch) -> Sequence[Outcome]:
        token = next(tokens)
        receiver.open[token] = asyncio.get_running_loop().create_future()
        accepted = await provider.translate(
            Batch(pair=wanted.pair, texts=wanted.texts, data_class=wanted.data_class, token=token)
        )
        assert isinstance(accepted, Accepted)
        delivery = await asyncio.wait_for(receiver.open[token], 30)
        assert (delivery.reference, delivery.target) == (accepted.reference, wanted.pair.target)
        assert not isinstance(delivery.outcomes, ProviderError)
        return delivery.outcomes

    await keeps_its_promises(Case(provider, Pair("it", "es"), ITALIAN, ask))


async def test_pairs_are_those_of_the_domain_in_our_languages(
    server: ETranslation, provider: Provider, receiver: Receiving
) -> None:
    assert sorted(map(str, await provider.capabilities())) == ["en-ga", "hu-it", "it-es", "it-hu"]
    server.domains = None
    assert len(await provider.capabilities()) == len(languages.ALL) * (len(languages.ALL) - 1)
    listings: list[Any] = [{}, {"GEN": {}}, {"GEN": {"languagePairs": "EN-FR"}}, [], "GEN"]
    for odd in listings:
        server.domains = odd
        with cell(odd), pytest.raises(Rejected):
            await provider.capabilities()
    async with an_adapter(server.url, receiver.url, domain="SPD") as other:
        server.domains = {"SPD": {"languagePairs": ["FI-ET"]}}
        assert list(await other.capabilities()) == [Pair("fi", "et")]


async def test_one_text_goes_as_a_text_and_what_is_more_as_one_document(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    short = await send(provider, receiver, ITALIAN)
    long = await send(provider, receiver, f"{ITALIAN} " * 200)
    several = await send(provider, receiver, ITALIAN, ITALIAN)
    assert [
        [part for part in ("textToTranslate", "documentToTranslateBase64") if part in server.accepted[number]]
        for number in (short, long, several)
    ] == [["textToTranslate"], ["documentToTranslateBase64"], ["documentToTranslateBase64"]]
    sent = server.accepted[short]
    assert sent["targetLanguages"] == ["ES"]
    assert sent["requesterCallback"] == f"{receiver.url}/{TOKEN}"
    assert sent["errorCallback"] == f"{receiver.url}/{TOKEN}/error"
    assert sent["callerInformation"] == {"application": USER, "username": USER}


async def test_the_sign_of_the_number_is_what_counts_even_with_status_200(
    server: ETranslation, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[tuple[str, int, type[ProviderError]]] = [
        ("-20028", 200, Spent),
        ("-20033", 200, Retryable),
        ("-20001", 200, Unsupported),
        ("-20013", 200, Unsupported),
        (" -20021\n", 200, Unsupported),
        ("-20007", 200, Rejected),
        ("-20007", 400, Rejected),
        ("-99999", 200, Rejected),
        ("0", 200, Rejected),
        ("", 200, Rejected),
        ("<html>", 200, Rejected),
        ("12.5", 200, Rejected),
        ("9" * 30, 200, Rejected),
        ("4711", 503, Retryable),
        ("", 500, Retryable),
        ("", 403, Rejected),
    ]
    for said, status, wanted in answers:
        server.answers = [PlainTextResponse(said, status_code=status)]
        with cell(said, status):
            with pytest.raises(ProviderError) as caught:
                await provider.translate(batch(ITALIAN))
            assert type(caught.value) is wanted
            assert ITALIAN not in str(caught.value)
    assert not server.accepted
    said_in_logs = "".join(record.getMessage() for record in caplog.records)
    for secret in ("domanda", TOKEN, PASSWORD):
        assert secret not in said_in_logs


async def test_a_wrong_password_is_refused_and_not_told(
    server: ETranslation, receiver: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ETRANSLATION_PASSWORD", "wrong-one")
    async with an_adapter(server.url, receiver.url) as provider:
        with pytest.raises(Rejected, match="401") as caught:
            await provider.translate(batch(ITALIAN))
        assert "wrong-one" not in str(caught.value)
        assert not await provider.healthy()
    assert server.asked == 0


async def test_health_is_whether_it_lets_us_in_and_makes_no_job(server: ETranslation, provider: Provider) -> None:
    assert await provider.healthy()
    assert not server.accepted
    for answer in (PlainTextResponse("-20007"), PlainTextResponse("-20028"), Response(status_code=503)):
        server.answers = [answer]
        assert not await provider.healthy()


async def test_settings_that_lack_something_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("user", "secret", "callback_url"):
        with cell(missing), pytest.raises(FaultyProviders, match=missing):
            async with an_adapter("http://127.0.0.1:1", "http://127.0.0.1:1", **{missing: ""}):
                pass
    monkeypatch.delenv("ETRANSLATION_PASSWORD")
    with pytest.raises(FaultyProviders, match="ETRANSLATION_PASSWORD"):
        async with an_adapter("http://127.0.0.1:1", "http://127.0.0.1:1"):
            pass


async def test_it_sends_nothing_that_it_could_not_be_called_back_about(
    server: ETranslation, provider: Provider
) -> None:
    with pytest.raises(Rejected, match="token"):
        await provider.translate(batch(ITALIAN, token=""))
    assert server.asked == 0


async def test_special_categories_of_data_never_leave_the_house(server: ETranslation, receiver: Receiving) -> None:
    async with an_adapter(server.url, receiver.url, data_class=DataClass.SPECIAL_CATEGORY) as provider:
        with pytest.raises(Rejected, match="may not see"):
            await provider.translate(
                Batch(pair=Pair("it", "es"), texts=(ITALIAN,), data_class=DataClass.SPECIAL_CATEGORY, token=TOKEN)
            )
    assert server.asked == 0


async def test_a_result_comes_to_the_address_that_has_its_token(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    number = await send(provider, receiver, ITALIAN)
    assert await server.call_back(number) == 200
    assert receiver.open[TOKEN].result() == Delivery(
        reference=str(number), target="es", outcomes=[Rendered(text=SPANISH)]
    )
    # Twice, or late: the address still answers, and who waits decides. So does it below the path that a way in may keep.
    assert await server.call_back(number, to=f"{receiver.url}/translations/{TOKEN}") == 200
    assert len(receiver.taken) == 2


async def test_an_error_that_is_called_back_says_what_it_means(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    for code, wanted in {-20028: Spent, -20013: Unsupported, -20033: Retryable, -77: Rejected}.items():
        with cell(code):
            number = await send(provider, receiver, ITALIAN, token=f"{code:032}")
            assert await server.fail(number, code) == 200
            outcomes = receiver.open[f"{code:032}"].result().outcomes
            assert type(outcomes) is wanted


async def test_forged_callbacks_are_not_taken(server: ETranslation, receiver: Receiving, provider: Provider) -> None:
    number = await send(provider, receiver, ITALIAN)
    tried = {
        "a token that nobody has": (receiver.url + "/" + "u" * 32, {}, 404),
        "no token": (receiver.url + "/", {}, 404),
        "a token that is none": (receiver.url + "/..%2f..%2fetc", {}, 404),
        "no number": (f"{receiver.url}/{TOKEN}", {"request_id": ""}, 400),
        "a number that is none": (f"{receiver.url}/{TOKEN}", {"request_id": "1e3"}, 400),
        "a language that is none": (f"{receiver.url}/{TOKEN}", {"target_language": "XX"}, 400),
    }
    for name, (address, changed, status) in tried.items():
        with cell(name):
            assert await server.call_back(number, to=address, **changed) == status
    assert not receiver.open[TOKEN].done()
    # Another request's number or another language is for the service to compare: it is told as it came.
    assert await server.call_back(number, request_id="5", target_language="FR") == 200
    delivery = receiver.open[TOKEN].result()
    assert (delivery.reference, delivery.target) == ("5", "fr")


async def test_what_is_no_callback_is_refused_before_it_costs_anything(receiver: Receiving) -> None:
    receiver.open[TOKEN] = asyncio.get_running_loop().create_future()
    address = f"{receiver.url}/{TOKEN}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(address)).status_code == 405
        assert (await client.post(address, content=b"x" * (BODY_LIMIT + 1))).status_code == 413
        assert (await client.post(address, content=b"a=%ff%fe", headers=form)).status_code == 400
        assert (await client.post(address, content=b"&".join([b"a=b"] * 99), headers=form)).status_code == 400
        receiver.is_away = True
        assert (await client.post(address, content=b"")).status_code == 503
    assert not receiver.open[TOKEN].done()


async def test_a_fault_of_ours_is_told_and_logged_without_the_text(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    number = await send(provider, receiver, ITALIAN)
    receiver.is_broken = True
    with capture_logs() as logged:
        assert await server.call_back(number) == 500
    # What another test has left running may be in it, too.
    assert [line["error"] for line in logged if line["event"] == "callback_failed"] == ["ValueError"]
    assert TOKEN not in str(logged)
    # What was not taken can be sent again.
    receiver.is_broken = False
    assert await server.call_back(number) == 200


async def test_a_port_that_is_taken_keeps_the_service_from_starting(receiver: Receiving) -> None:
    with pytest.raises(CannotStart, match="cannot be received"):
        async with receiving(receiver.url.removeprefix("http://"), receiver.take):
            pass


async def test_a_document_that_lost_something_is_told_text_by_text(
    server: ETranslation, receiver: Receiving, provider: Provider
) -> None:
    number = await send(provider, receiver, f"{ITALIAN}\n{ITALIAN}", ITALIAN)
    content = server.accepted[number]["documentToTranslateBase64"]
    whole = base64.b64decode(content["content"]).decode()
    lines = whole.splitlines()
    [second] = [line for line in lines if 'id="t0.2.1.' in line]
    content["content"] = base64.b64encode(whole.replace(second, "").encode()).decode()
    await server.call_back(number)
    [first, other] = receiver.open[TOKEN].result().outcomes  # type: ignore[misc]
    assert isinstance(first, Rejected)
    assert other == Rendered(text=SPANISH)
