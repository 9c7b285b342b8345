"""What docs/translation.md says about connecting an engine is what the program reads."""

import re
from pathlib import Path
from typing import Any

from services.translation.providers import apertium, etranslation, libretranslate
from services.translation.providers import ctranslate2 as own_models
from services.translation.providers.port import Provider
from services.translation.providers.settings import Kind, ProviderSettings, read_providers

ROOT = Path(__file__).parents[3]
SECTION = (
    (ROOT / "docs/translation.md")
    .read_text(encoding="utf-8")
    .partition("\n## Connecting a provider\n")[2]
    .partition("\n## ")[0]
)
ADAPTERS: dict[str, type[Provider]] = {
    Kind.ETRANSLATION: etranslation.ETranslation,
    Kind.LIBRETRANSLATE: libretranslate.LibreTranslate,
    Kind.CTRANSLATE2: own_models.CTranslate2,
    Kind.APERTIUM: apertium.Apertium,
}


def rows(head: str) -> dict[str, list[str]]:
    """The rows of the table that begins with *head*, by their first cell."""
    table = SECTION.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first.strip("`"): others for first, *others in cells}


def shown(default: Any) -> str:
    """A default as TOML writes it; nothing, where there is none."""
    match default:
        case "" | None:
            return ""
        case bool():
            return f"`{str(default).lower()}`"
        case frozenset():
            return "`[]`"
        case dict():
            return "`{}`"
        case _:
            return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_every_field_is_described_with_its_default() -> None:
    told = {name: cells[0] for name, cells in rows("field").items()}
    fields = ProviderSettings.model_fields
    assert told == {name: "" if one.is_required() else shown(one.default) for name, one in fields.items()}


def test_every_kind_is_described_with_its_ceiling() -> None:
    told = {name: (cells[1], cells[0].startswith("by callback")) for name, cells in rows("kind").items()}
    assert told == {kind: (f"`{one.ceiling}`", one.asynchronous) for kind, one in ADAPTERS.items()}


def test_what_it_shows_can_be_used(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    (tmp_path / "providers.toml").write_text("".join(examples), encoding="utf-8")
    assert {one.kind for one in read_providers(tmp_path / "providers.toml")} == set(Kind)


def test_what_it_names_is_there() -> None:
    for path in re.findall(r"`((?:services|deploy|requirements)/[^` ]+)`", SECTION):
        assert (ROOT / path).is_file(), path
