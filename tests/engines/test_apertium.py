"""The real Apertium server: what its adapter promises, and what it makes of texts of the demo's kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy import servers
from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Tier
from services.translation.providers import open_provider
from services.translation.providers.port import Provider, Rendered, Retryable
from services.translation.providers.settings import Kind, ProviderSettings
from tests.translation.providers.contract import Case, keeps_its_promises, rendered
from vocabulary.values import DataClass

DIRECT = {
    *("en-es", "es-en", "es-fr", "fr-es", "es-it", "it-es", "es-pt", "pt-es", "ro-es", "hr-en", "sl-hr"),
    *("sv-da", "da-sv", "sv-nb", "nb-sv", "da-nb", "nb-da", "sv-is"),
}


@pytest.fixture(scope="module")
async def apertium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    async with servers.running(tmp_path_factory.mktemp("apertium"), ["apertium"]) as running:
        provider = open_provider(
            ProviderSettings(
                name="apertium", kind=Kind.APERTIUM, url=running.apertium_url, data_class=DataClass.SPECIAL_CATEGORY
            )
        )
        yield provider
        await provider.close()


async def test_it_keeps_the_promises_of_every_engine(apertium: Provider) -> None:
    await keeps_its_promises(Case(apertium, Pair("it", "es"), "La domanda è stata presentata ieri."))


async def test_it_has_the_pairs_that_are_worth_showing_and_no_others(apertium: Provider) -> None:
    found = await apertium.capabilities()
    assert {str(pair) for pair in found} == DIRECT
    assert {str(pair) for pair, capability in found.items() if capability.poor} == {"en-es", "hr-en"}
    assert {capability.tier for capability in found.values()} == {Tier.RULE_BASED}


async def test_italian_is_translated_into_spanish_and_swedish_into_danish(apertium: Provider) -> None:
    [spanish] = await rendered(
        apertium, Pair("it", "es"), "La Commissione ha adottato un nuovo regolamento sulla protezione dei dati."
    )
    assert spanish.text == "La Comisión ha adoptado una nueva regulación sobre la protección de los datos."
    [danish] = await rendered(
        apertium, Pair("sv", "da"), "Kommissionen har antagit en ny förordning om skydd för personuppgifter."
    )
    assert danish.text == "Kommissionen har antaget en ny forordning om beskyttelse for persondata."


async def test_words_it_does_not_know_are_counted_and_shown_without_its_marks(apertium: Provider) -> None:
    [known, unknown, own] = await rendered(
        apertium,
        Pair("it", "es"),
        *("Il cane.", "Il cane xyzzyq.", "* il cane #1 (@io): info@example.eu"),
    )
    assert (known.text, known.unknown) == ("El perro.", 0)
    assert (unknown.text, unknown.unknown) == ("El perro xyzzyq.", 1)
    assert own.text.startswith("* el perro #1 (@yo): info@example")


async def test_nothing_is_lost_of_a_long_text_though_many_ask_at_once(apertium: Provider) -> None:
    sentence = "La Commissione ha adottato un nuovo regolamento sulla protezione dei dati. "
    text = sentence * (5_000 // len(sentence))
    outcomes = await rendered(apertium, Pair("it", "es"), *[text] * 8)
    assert {outcome.text.count("La Comisión ha adoptado") for outcome in outcomes} == {text.count(sentence)}


async def test_it_listens_on_this_machine_only(apertium: Provider) -> None:
    port = int(apertium.settings.url.rpartition(":")[2])
    listening = {
        line.split()[1].partition(":")[0]
        for kind in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    }
    assert listening == {"0100007F"}


async def test_a_server_that_is_away_or_stuck_is_told_so_and_used_again_when_it_is_back(tmp_path: Path) -> None:
    async with servers.running(tmp_path, ["apertium"]) as running:
        server = running.by_kind["apertium"]
        settings = ProviderSettings(
            name="apertium", kind=Kind.APERTIUM, url=running.apertium_url, data_class=DataClass.PERSONAL, timeout_s=2
        )
        provider = open_provider(settings)
        sentence = "La domanda è stata presentata ieri."
        [expected] = await rendered(provider, Pair("it", "es"), sentence)
        await server.kill()
        with pytest.raises(Retryable, match="could not be reached"):
            await rendered(provider, Pair("it", "es"), sentence)
        with pytest.raises(Retryable):
            await provider.capabilities()
        assert not await provider.healthy()
        await server.start()
        assert await rendered(provider, Pair("it", "es"), sentence) == [expected]
        server.pause()
        with pytest.raises(Retryable, match="did not answer"):
            await rendered(provider, Pair("it", "es"), sentence)
        server.resume()
        # It goes on with what was asked meanwhile, and mixes up nothing.
        assert await rendered(provider, Pair("it", "es"), "Il cane.", sentence) == [
            Rendered(text="El perro."),
            expected,
        ]
        await provider.close()
