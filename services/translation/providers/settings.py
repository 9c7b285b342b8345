"""Which translation engines there are: a TOML file that `MT_PROVIDERS` names, one `[[provider]]` each, in the order of preference.

Secrets do not stand in it: `secret` says where one is found, ``env:NAME`` or ``file:/path``.
"""

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Tier
from vocabulary.values import DataClass

_Pair = Annotated[Pair, BeforeValidator(lambda written: Pair.read(str(written)))]


class Kind(StrEnum):
    """The protocols that are spoken."""

    ETRANSLATION = "etranslation"
    LIBRETRANSLATE = "libretranslate"
    CTRANSLATE2 = "ctranslate2"
    APERTIUM = "apertium"


class FaultyProviders(ValueError):
    """The file of providers cannot be used; the message lists what is wrong with it."""


class ProviderSettings(BaseModel):
    """One engine: where it is, and what it is allowed. Without a `data_class` it is allowed nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    kind: Kind
    # Where it answers; of an engine in a folder, nothing.
    url: str = ""
    folder: Path | None = None
    # An HTTP proxy on the way there: http://host:port.
    proxy: str = ""
    user: str = ""
    secret: str = ""
    # Where an asynchronous engine reaches us, without the secret part.
    callback_url: str = ""
    # The engine's own name for a field of knowledge, such as SPD.
    domain: str = ""
    data_class: DataClass | None = None
    timeout_s: float = Field(15.0, gt=0, le=120)
    # For asynchronous engines: how long a text is waited for before it is sent once more, and then given up.
    deadline_s: float = Field(900.0, gt=0, le=86_400)
    # Calls at one time.
    at_once: int = Field(4, ge=1, le=64)
    # Source characters in a calendar month (UTC); 0 means any number.
    characters_per_month: int = Field(0, ge=0)
    characters_max: int = Field(5_000, ge=1, le=5_000)
    # Whether what it makes is translated back by it, where it can, to see how much comes back.
    back_translation: bool = True
    blocked: frozenset[_Pair] = frozenset()
    # Pairs whose translations are too weak to be translated further.
    poor: frozenset[_Pair] = frozenset()
    tiers: Mapping[_Pair, Tier] = {}

    @field_validator("url", "callback_url", "proxy")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            raise ValueError("write an address such as https://engine.example")
        if parts.username or parts.password:
            raise ValueError("user and secret stand in fields of their own, not in the address")
        return value.rstrip("/")

    @field_validator("secret")
    @classmethod
    def _is_a_place(cls, value: str) -> str:
        if value and not value.startswith(("env:", "file:")):
            raise ValueError("write env:NAME or file:/path, never the secret itself")
        return value

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if bool(self.url) == bool(self.folder):
            raise ValueError("an engine has an url, or a folder of models")
        if (self.kind is Kind.CTRANSLATE2) != bool(self.folder):
            raise ValueError("a folder of models is for ctranslate2 alone, and it has no url")
        return self

    def reveal(self) -> str:
        """The secret; empty if there is none. Raises FaultyProviders if it is not where it should be."""
        where, _, name = self.secret.partition(":")
        if where == "env":
            if name not in os.environ:
                raise FaultyProviders(f"{self.name}: there is no variable {name} with its secret")
            return os.environ[name]
        if where == "file":
            try:
                return Path(name).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise FaultyProviders(f"{self.name}: the file of its secret cannot be read: {error.strerror}") from None
        return ""


def read_providers(path: Path) -> tuple[ProviderSettings, ...]:
    """The engines that the file at *path* describes, first choice first; raises FaultyProviders listing every fault."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultyProviders(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FaultyProviders(f"{path} is no TOML: {error}") from None
    tables = written.pop("provider", [])
    faults = [f"{key}: there is only [[provider]]" for key in written]
    if not isinstance(tables, list):
        tables, faults = [], [*faults, "provider: it is written [[provider]]"]
    found: list[ProviderSettings] = []
    for index, table in enumerate(tables):
        try:
            found.append(ProviderSettings.model_validate(table))
        except ValidationError as error:
            faults += [f"{_name(table, index)}.{_place(one)}: {one['msg']}" for one in error.errors()]
    names = [one.name for one in found]
    faults += [
        f"{name}: two providers have this name" for name in sorted({one for one in names if names.count(one) > 1})
    ]
    if faults:
        raise FaultyProviders(f"{path} cannot be used: " + "; ".join(faults))
    return tuple(found)


def _name(table: Any, index: int) -> str:
    named = table.get("name") if isinstance(table, dict) else None
    return str(named or f"provider[{index}]")


def _place(fault: Any) -> str:
    return ".".join(map(str, fault["loc"])) or "settings"
