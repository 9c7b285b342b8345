"""The translation service with an engine that calls back: results that come, come twice, late, forged, as errors, or never."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from chassis.calls import open_channel
from chassis.settings import CannotStart, ServiceSettings
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2 as pb
from protos.translation.v1.translation_pb2_grpc import TranslationServiceStub
from services.translation.providers import open_provider
from services.translation.wiring import translation
from tests.chassis.waiting import until
from tests.ports import a_dead_address
from tests.translation.conftest import System
from tests.translation.providers.etranslation_server import PASSWORD, USER, ETranslation, an_etranslation
from tests.translation.test_callbacks import noted

ITALIAN = "La domanda è stata presentata ieri."
SPANISH = "La solicitud se presentó ayer."
# Longer than any test takes: a deadline passes when a test says so.
DEADLINE = timedelta(hours=1)

Ask = Callable[[str], Awaitable[pb.Translation]]


@dataclass
class Clock:
    """The time of the service: that of the machine, and what tests have let pass."""

    passed: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def pass_deadline(self) -> None:
        self.passed += DEADLINE


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[ETranslation]:
    async with an_etranslation() as running:
        yield running


@pytest.fixture(scope="module")
async def system(server: ETranslation, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    folder = tmp_path_factory.mktemp("etranslation")
    address = a_dead_address()
    settings = ServiceSettings(
        data_dir=folder,
        listen_address="127.0.0.1:0",
        mt_providers=providers(folder, server.url, address),
        mt_callback_address=address,
        mt_wait_s=0,
    )
    async with (
        translation(settings, open_provider, clock) as running,
        open_channel(f"127.0.0.1:{running.port}") as channel,
    ):
        system = System(settings, TranslationServiceStub(channel))

        async def is_known() -> bool:
            known = await system.handler.call(system.stub.GetCapabilities, pb.GetCapabilitiesRequest())
            return bool(known.pairs)

        await until(is_known)
        yield system


def providers(folder: Path, url: str, address: str) -> Path:
    (folder / "password").write_text(f"{PASSWORD}\n")
    file = folder / "providers.toml"
    file.write_text(
        f'[[provider]]\nname = "ec"\nkind = "etranslation"\nurl = "{url}"\nuser = "{USER}"\n'
        f'secret = "file:{folder}/password"\ncallback_url = "http://{address}"\ndata_class = "PERSONAL"\n'
        f"deadline_s = {DEADLINE.total_seconds()}\n"
    )
    return file


@pytest.fixture
def ask(system: System) -> Ask:
    """What there is now of a text in Spanish."""

    async def asked(text: str) -> pb.Translation:
        written = common_pb2.FreeText(text=text, language="it")
        request = pb.TranslateRequest(segments=[pb.Segment(text=written, target_language="es")], languages=["en"])
        [answer] = (await system.handler.call(system.stub.Translate, request)).translations
        return answer

    return asked


async def sent(server: ETranslation, text: str, *, times: int = 1) -> list[int]:
    """The requests that have been made about *text*, once there are so many."""

    def numbers() -> list[int]:
        return [number for number, wanted in server.accepted.items() if wanted.get("textToTranslate") == text]

    async def are_enough() -> bool:
        return len(numbers()) >= times

    await until(are_enough)
    return numbers()


async def test_a_text_is_pending_until_its_engine_has_called_back(server: ETranslation, ask: Ask) -> None:
    assert (await ask(ITALIAN)).status == pb.TRANSLATION_STATUS_PENDING
    [number] = await sent(server, ITALIAN)
    assert await server.call_back(number) == 200
    answer = await ask(ITALIAN)
    assert (answer.status, answer.text) == (pb.TRANSLATION_STATUS_TRANSLATED, SPANISH)
    assert (answer.engine, answer.tier) == ("ec", pb.QUALITY_TIER_NEURAL)
    # A second time changes nothing, whatever it says.
    assert await server.call_back(number, translated_text="Otra cosa.") == 200
    assert (await ask(ITALIAN)).text == SPANISH


async def test_what_does_not_fit_what_was_sent_is_not_taken(server: ETranslation, ask: Ask) -> None:
    text = f"{ITALIAN} {ITALIAN}"
    assert (await ask(text)).status == pb.TRANSLATION_STATUS_PENDING
    [number] = await sent(server, text)
    address = server.accepted[number]["requesterCallback"]
    assert await server.call_back(number, to=f"{address[:-1]}{'a' if address[-1] != 'a' else 'b'}") == 404
    assert await server.call_back(number, request_id=str(number + 900)) == 400
    assert await server.call_back(number, target_language="FR") == 400
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(address, content=b"bm90aGluZw==")).status_code == 400
    assert (await ask(text)).status == pb.TRANSLATION_STATUS_PENDING
    assert await server.call_back(number) == 200
    assert (await ask(text)).text == f"{SPANISH} {SPANISH}"


async def test_what_fails_by_callback_is_unavailable_with_its_reason(server: ETranslation, ask: Ask) -> None:
    text = f"{ITALIAN} A."
    await ask(text)
    [number] = await sent(server, text)
    assert await server.fail(number, -20013) == 200

    async def has_failed() -> bool:
        return (await ask(text)).status == pb.TRANSLATION_STATUS_UNAVAILABLE

    await until(has_failed)
    assert (await ask(text)).reason == pb.UNAVAILABLE_REASON_PAIR_UNSUPPORTED


async def test_a_result_that_is_late_counts_though_its_text_was_sent_once_more(
    server: ETranslation, system: System, clock: Clock, ask: Ask
) -> None:
    text = f"{ITALIAN} B."
    pending = await ask(text)
    assert pending.status == pb.TRANSLATION_STATUS_PENDING
    [first] = await sent(server, text)
    await noted(system, pending.job_id)

    async def first_ones_result(_: int) -> None:
        server.accepting = None
        assert await server.call_back(first) == 200

    server.accepting = first_ones_result
    clock.pass_deadline()
    await sent(server, text, times=2)

    async def is_there() -> bool:
        return (await ask(text)).text == f"{SPANISH} B."

    await until(is_there)


async def test_what_is_never_called_back_about_is_sent_once_more_and_then_given_up(
    server: ETranslation, system: System, clock: Clock, ask: Ask
) -> None:
    text = f"{ITALIAN} C."
    pending = await ask(text)
    first = await noted(system, pending.job_id)
    clock.pass_deadline()
    await noted(system, pending.job_id, after=first)
    clock.pass_deadline()

    async def is_given_up() -> bool:
        return (await ask(text)).status == pb.TRANSLATION_STATUS_UNAVAILABLE

    await until(is_given_up)
    assert (await ask(text)).reason == pb.UNAVAILABLE_REASON_TIMEOUT
    numbers = await sent(server, text)
    assert len(numbers) == 2
    # Now it is too late: it is acknowledged, and changes nothing.
    assert await server.call_back(numbers[0]) == 200
    assert (await ask(text)).status == pb.TRANSLATION_STATUS_UNAVAILABLE


async def test_without_an_address_for_callbacks_the_service_does_not_start(tmp_path: Path) -> None:
    settings = ServiceSettings(
        data_dir=tmp_path,
        listen_address="127.0.0.1:0",
        mt_providers=providers(tmp_path, "http://127.0.0.1:1", "127.0.0.1:1"),
    )
    with pytest.raises(CannotStart, match="MT_CALLBACK_ADDRESS"):
        async with translation(settings):
            pass
