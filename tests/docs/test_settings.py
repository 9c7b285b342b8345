"""The page of settings says what the code reads."""

import re
from pathlib import Path

from chassis.settings import ServiceSettings
from gateway.settings import GatewaySettings
from services.directory.settings import DirectorySettings

PAGE = Path(__file__).resolve().parents[2] / "docs/settings.md"
ROW = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.*) \|$", re.MULTILINE)
KINDS = (ServiceSettings, DirectorySettings, GatewaySettings)


def test_every_setting_is_described_with_its_default() -> None:
    described = {name: (default, meaning) for name, default, meaning in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    read = {
        name.upper(): ("" if field.default in (None, "") else str(field.default), field.description)
        for kind in KINDS
        for name, field in kind.model_fields.items()
    }
    assert described == read
