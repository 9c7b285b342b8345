"""The file of providers: what may stand in it, that it allows nothing by itself, and that no secret does."""

from pathlib import Path

import pytest

from chassis.settings import CannotStart, ServiceSettings
from services.translation.domain.translations import Tier
from services.translation.providers.settings import FaultyProviders, ProviderSettings, read_providers
from services.translation.wiring import translation
from tests.cells import cell
from vocabulary.values import DataClass

GOOD = """
[[provider]]
name = "first"
kind = "apertium"
url = "https://engine.example/"
secret = "env:FIRST_SECRET"
data_class = "PERSONAL"
blocked = ["en-hr", "is-en"]
poor = ["hr-en"]
tiers = { "sv-da" = "NEURAL" }

[[provider]]
name = "second"
kind = "ctranslate2"
folder = "/models"
"""


def read(tmp_path: Path, text: str) -> tuple[ProviderSettings, ...]:
    file = tmp_path / "providers.toml"
    file.write_text(text, encoding="utf-8")
    return read_providers(file)


def test_providers_stand_in_the_order_of_preference_and_allow_nothing_by_themselves(tmp_path: Path) -> None:
    first, second = read(tmp_path, GOOD)
    assert (first.name, first.url, first.data_class) == ("first", "https://engine.example", DataClass.PERSONAL)
    assert (("en", "hr") in first.blocked, ("hr", "en") in first.poor) == (True, True)
    assert first.tiers[("sv", "da")] is Tier.NEURAL  # type: ignore[index]
    assert second.data_class is None
    assert read(tmp_path, "") == ()


def test_every_fault_is_listed_by_its_provider(tmp_path: Path) -> None:
    head = '[[provider]]\nname = "a"\nkind = "apertium"\nurl = "http://a.example"\n'
    for text, said in (
        ("provider = 1", "it is written [[provider]]"),
        ("provider = [1]", "provider[0]"),
        ("[provider", "no TOML"),
        ("[[engine]]\nname = 1", "engine"),
        (head + head, "two providers have this name"),
        (head + 'colour = "red"', "a.colour"),
        (head.replace('"a"', '"A b"', 1), "name"),
        (head.replace("apertium", "babelfish"), "a.kind"),
        (head.replace("http://a.example", "ftp://a.example"), "a.url"),
        (head.replace("http://a.example", "http://u:p@a.example"), "fields of their own"),
        (head.replace("http://a.example", "http://a.example/?key=1"), "a.url"),
        (head + 'secret = "hunter2"', "never the secret itself"),
        (head + 'data_class = "SECRET"', "a.data_class"),
        (head + 'blocked = ["en-xx"]', "no pair"),
        (head + 'blocked = ["en-en"]', "no pair"),
        (head + 'tiers = { "en-hr" = "GREAT" }', "a.tiers"),
        (head + "timeout_s = 0", "a.timeout_s"),
        (head + "at_once = 0", "a.at_once"),
        (head + "characters_per_month = -1", "a.characters_per_month"),
        (head + 'folder = "/models"', "an url, or a folder"),
        (head.replace('url = "http://a.example"\n', ""), "an url, or a folder"),
        (head.replace("apertium", "ctranslate2"), "for ctranslate2 alone"),
    ):
        with cell(text[-40:], said):
            with pytest.raises(FaultyProviders) as refused:
                read(tmp_path, text)
            assert said in str(refused.value)
            assert "hunter2" not in str(refused.value)
    with pytest.raises(FaultyProviders, match="cannot be read"):
        read_providers(tmp_path / "none.toml")


def test_a_secret_is_found_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = read(tmp_path, GOOD)
    monkeypatch.delenv("FIRST_SECRET", raising=False)
    with pytest.raises(FaultyProviders, match="FIRST_SECRET"):
        first.reveal()
    monkeypatch.setenv("FIRST_SECRET", "hunter2")
    assert first.reveal() == "hunter2"
    assert second.reveal() == ""
    (tmp_path / "secret").write_text("hunter3\n")
    in_file = first.model_copy(update={"secret": f"file:{tmp_path}/secret"})
    assert in_file.reveal() == "hunter3"
    with pytest.raises(FaultyProviders, match="cannot be read"):
        first.model_copy(update={"secret": f"file:{tmp_path}/none"}).reveal()
    assert "hunter" not in repr(in_file)


async def test_the_service_does_not_start_with_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[[provider]]\nname = "a"\n')
    settings = ServiceSettings(data_dir=tmp_path, listen_address="127.0.0.1:0", mt_providers=file)
    with pytest.raises(CannotStart, match="MT_PROVIDERS"):
        async with translation(settings):
            pass
