"""What the program says about its parts, for comparing it with the files that deploy it."""

import re
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from chassis.settings import Addresses, ProcessSettings, ServiceSettings
from gateway.app import GRAPHQL, app
from gateway.settings import GatewaySettings
from services.directory.settings import DirectorySettings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

SERVICES = ("directory", "requests", "alerts", "translation", "repositories")
PARTS = ("gateway", *SERVICES)


def settings_of(part: str) -> type[ProcessSettings]:
    """What *part* reads from the environment."""
    own: dict[str, type[ProcessSettings]] = {"gateway": GatewaySettings, "directory": DirectorySettings}
    return own.get(part, ServiceSettings)


def variables_of(part: str) -> set[str]:
    """The names of *part*'s settings."""
    return {name.upper() for name in settings_of(part).model_fields}


def port_of(part: str) -> int:
    """The port that *part* listens on unless told otherwise."""
    if part == "gateway":
        return int(GatewaySettings.model_fields["gateway_port"].default)
    return int(str(Addresses.model_fields[f"{part}_address"].default).rpartition(":")[2])


def gateway_paths() -> set[str]:
    """The paths that a gateway over all services answers."""
    nothing: Any = None
    stubs: Any = MagicMock(channels=dict.fromkeys(SERVICES))
    return {GRAPHQL} | {getattr(route, "path", "") for route in app(stubs, nothing, [], explorer=False).routes}


def wiring_of(part: str) -> str:
    """The source of the page that puts *part* together."""
    folder = ROOT / "gateway" if part == "gateway" else ROOT / "services" / part
    return (folder / "wiring.py").read_text(encoding="utf-8")


def engines_of(part: str) -> set[str]:
    """The settings of the engines that *part* opens."""
    return {f"{kind.upper()}_URL" for kind in re.findall(r"open_(documents|events|search|files)\(", wiring_of(part))}


def called_by(part: str) -> set[str]:
    """The services that *part* calls."""
    if part == "gateway":
        return set(SERVICES)
    return set(re.findall(r"settings\.([a-z]+)_address", wiring_of(part))) & set(SERVICES)


def signs(part: str) -> bool:
    """Whether *part* signs with a key of its own."""
    return "Signer(" in wiring_of(part)


def lets_in(part: str) -> bool:
    """Whether people and systems from outside sign in to *part*."""
    return "bearer_tokens(" in wiring_of(part)


def is_module(name: str) -> bool:
    """Whether ``python -m name`` runs something of ours."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()
