"""Neural models on this machine: what the adapter promises, on real libraries and a model whose weights are written down."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.servers.python import packages
from services.translation.domain.pairs import Pair
from services.translation.providers import open_provider
from services.translation.providers.ctranslate2 import LOADED_MAX, TOKENS_MAX, loops
from services.translation.providers.port import Batch, Provider, Rejected, Rendered, Retryable, Unsupported
from services.translation.providers.settings import FaultyProviders, Kind, ProviderSettings
from tests.translation.providers import tiny_model
from tests.translation.providers.contract import Case, at_once, keeps_its_promises, rendered
from vocabulary.values import DataClass

ITALIAN = "la domanda è stata presentata ieri"
SPANISH = "la solicitud se ha presentado ayer"
PAIR = Pair("it", "es")


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> Iterator[None]:
    place = str(packages("ctranslate2"))
    sys.path.append(place)
    yield
    sys.path.remove(place)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model from Italian into Spanish, to be linked to."""
    return tiny_model.make(tmp_path_factory.mktemp("models") / "it-es")


@pytest.fixture
def folder(model: Path, tmp_path: Path) -> Path:
    """A folder of models with that one."""
    (tmp_path / "it-es").symlink_to(model)
    return tmp_path


@asynccontextmanager
async def an_adapter(folder: Path, **others: Any) -> AsyncIterator[Provider]:
    fields = {"name": "own", "kind": Kind.CTRANSLATE2, "folder": folder, "data_class": DataClass.SPECIAL_CATEGORY}
    fields["timeout_s"] = 120
    provider = open_provider(ProviderSettings.model_validate({**fields, **others}))
    yield provider
    await provider.close()


def batch(*texts: str, pair: Pair = PAIR) -> Batch:
    return Batch(pair=pair, texts=texts, data_class=DataClass.SPECIAL_CATEGORY)


async def test_it_keeps_the_promises_of_every_engine(folder: Path) -> None:
    async with an_adapter(folder) as provider:
        await keeps_its_promises(Case(provider, PAIR, ITALIAN, exact=False))


async def test_sentences_of_all_lengths_are_translated_each_for_itself(folder: Path) -> None:
    async with an_adapter(folder) as provider:
        long = " ".join([ITALIAN] * 10)
        found = await rendered(provider, PAIR, ITALIAN, "ieri", long, "ieri la domanda")
        assert [one.text for one in found] == [SPANISH, "ayer", " ".join([SPANISH] * 10), "ayer la solicitud"]


async def test_words_that_the_model_does_not_know_stay_and_are_counted(folder: Path) -> None:
    async with an_adapter(folder) as provider:
        [outcome] = await rendered(provider, PAIR, "la ⟦0⟧ domanda")
        assert outcome == Rendered(text="la ⟦0⟧ solicitud", unknown=1)


async def test_a_model_that_comes_to_no_end_gives_no_translation(folder: Path) -> None:
    tiny_model.make(folder / "it-fr", endless=True)
    async with an_adapter(folder) as provider:
        [outcome] = await at_once(provider, batch(ITALIAN, pair=Pair("it", "fr")))
        assert isinstance(outcome, Rejected)
        assert "no end" in str(outcome)


async def test_a_model_that_repeats_itself_gives_no_translation(folder: Path) -> None:
    # Each of these different words becomes the same one.
    words = {f"parola{number}": "palabra" for number in range(8)}
    tiny_model.make(folder / "it-fr", words)
    async with an_adapter(folder) as provider:
        outcomes = await at_once(provider, batch(" ".join(words), "parola1 parola2 parola3", pair=Pair("it", "fr")))
        assert isinstance(outcomes[0], Rejected)
        assert outcomes[1] == Rendered(text="palabra palabra palabra")
    # What the author repeats may be repeated.
    async with an_adapter(folder) as provider:
        [outcome] = await rendered(provider, PAIR, " ".join(["ieri"] * 9))
        assert outcome.text == " ".join(["ayer"] * 9)


async def test_a_sentence_that_would_lose_its_end_is_refused(folder: Path) -> None:
    async with an_adapter(folder) as provider:
        [fits, refused] = await at_once(provider, batch("ieri " * TOKENS_MAX, "ieri " * (TOKENS_MAX + 1)))
        assert isinstance(fits, Rendered)
        assert fits.text.count("ayer") == TOKENS_MAX
        assert isinstance(refused, Unsupported)


async def test_a_model_that_cannot_compute_is_refused_without_the_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.translation.providers.ctranslate2.TOKENS_MAX", tiny_model.POSITIONS + 9)
    async with an_adapter(folder) as provider:
        with pytest.raises(Rejected, match="could not compute") as caught:
            await provider.translate(batch("ieri " * (tiny_model.POSITIONS + 1)))
        assert "ieri" not in str(caught.value)
        assert [one.text for one in await rendered(provider, PAIR, "ieri")] == ["ayer"]


async def test_models_without_an_end_of_their_own_are_given_one(folder: Path) -> None:
    tiny_model.make(folder / "it-fr", adds_end=False)
    async with an_adapter(folder) as provider:
        [outcome] = await rendered(provider, Pair("it", "fr"), ITALIAN)
        assert outcome.text == SPANISH


async def test_a_model_for_several_languages_is_told_which_by_its_prefix(folder: Path) -> None:
    tiny_model.make(folder / "it-fr", {">>fra<<": "français", **tiny_model.WORDS})
    (folder / "it-fr" / "prefix.txt").write_text("▁>>fra<<\n")
    async with an_adapter(folder) as provider:
        [outcome] = await rendered(provider, Pair("it", "fr"), "ieri")
        assert outcome.text == "français ayer"


async def test_pairs_are_the_folders_that_have_all_that_is_needed(folder: Path) -> None:
    tiny_model.make(folder / "it-fr")
    (folder / "it-fr" / "target.spm").unlink()
    for other in ("it-xx", "it-it", "notes", "it-hu"):
        (folder / other).mkdir()
    async with an_adapter(folder) as provider:
        assert list(await provider.capabilities()) == [PAIR]
        with pytest.raises(Rejected, match=r"it-fr lacks target\.spm"):
            await provider.translate(batch("ieri", pair=Pair("it", "fr")))
        with pytest.raises(Unsupported, match="it-mt"):
            await provider.translate(batch("ieri", pair=Pair("it", "mt")))
    async with an_adapter(folder / "nowhere") as provider:
        with pytest.raises(Rejected, match="cannot be read"):
            await provider.capabilities()
        assert not await provider.healthy()


async def test_a_broken_model_says_what_is_broken_and_the_others_go_on(folder: Path, model: Path) -> None:
    for broken in ("model.bin", "source.spm", "config.json"):
        shutil.copytree(model, folder / "it-fr", dirs_exist_ok=True)
        (folder / "it-fr" / broken).write_bytes(b"{nothing")
        async with an_adapter(folder) as provider:
            with pytest.raises(Rejected, match="it-fr cannot be loaded"):
                await provider.translate(batch("ieri", pair=Pair("it", "fr")))
            assert [one.text for one in await rendered(provider, PAIR, "ieri")] == ["ayer"]


async def test_more_models_than_fit_into_memory_take_turns(folder: Path, model: Path) -> None:
    pairs = [Pair("it", target) for target in ("bg", "cs", "da", "de", "el", "en", "et", "fi", "fr", "ga")]
    assert len(pairs) > LOADED_MAX
    for pair in pairs:
        (folder / str(pair)).symlink_to(model)
    async with an_adapter(folder) as provider:
        for pair in [*pairs, *pairs]:
            assert [one.text for one in await rendered(provider, pair, "ieri")] == ["ayer"]


async def test_what_takes_too_long_is_given_up(folder: Path) -> None:
    async with an_adapter(folder, timeout_s=0.001) as provider:
        with pytest.raises(Retryable, match="not done within"):
            await provider.translate(batch(*["ieri " * 400] * 20))
        await asyncio.sleep(0)


def test_without_the_libraries_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.translation.providers.ctranslate2.find_spec", lambda _: None)
    with pytest.raises(FaultyProviders, match="extra `ctranslate2`"):
        open_provider(ProviderSettings(name="own", kind=Kind.CTRANSLATE2, folder=folder))


@pytest.mark.parametrize(
    ("words", "times"),
    [("", 1), ("a", 1), ("a b c", 1), ("a a", 2), ("a a a a", 4), ("x a b a b a b y", 3), ("a b a b a", 2)],
)
def test_repetitions_are_counted_where_they_follow_one_another(words: str, times: int) -> None:
    assert loops(words.split()) == times
