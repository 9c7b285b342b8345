"""A translation engine as the service sees it. Each adapter speaks one engine's real protocol and keeps these promises:

- `translate` gives one outcome for each text, in their order, or `Accepted`: then the texts come by callback.
- What goes wrong is a `ProviderError` of the family below, for the whole batch by raising it, for one text in its place.
- A text is passed on with its marks (`Marks`) as they are; nothing is trimmed but what the engine itself adds.
- Cancelling ends the call. Nothing of a text is written to a log, a trace or an error's message.

    ProviderError
    ├── Retryable     it may work in a moment: refused connection, 5xx, 429, timeout; `after` is how long it asks to be left alone
    ├── Spent         its quota is used up until `until`
    ├── Unsupported   it does not do this pair, this format or this length
    └── Rejected      it will not do this however often it is asked: credentials, a faulty request, an answer that is none

Languages are the system's codes; an adapter knows what its engine calls them.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, final

from services.translation.domain import policy
from services.translation.domain.pairs import Pair
from services.translation.domain.placeholders import Marks
from services.translation.domain.routes import Capability
from services.translation.domain.translations import Tier
from services.translation.providers.settings import ProviderSettings
from vocabulary.values import DataClass

# An adapter finds here every word that it needs.
__all__ = (
    "Accepted",
    "Batch",
    "Callback",
    "Capability",
    "Delivery",
    "Marks",
    "Outcome",
    "Pair",
    "Provider",
    "ProviderError",
    "Rejected",
    "Rendered",
    "Retryable",
    "Spent",
    "Unsupported",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Texts of one pair, one class and one tenant. *token* is the secret part of the callback address, for asynchronous engines."""

    pair: Pair
    texts: tuple[str, ...]
    data_class: DataClass
    # The area of legislation that all of them are about; empty if there is none, or several.
    area: str = ""
    # What terms are to be called, for engines that take a glossary (`Provider.takes_terms`).
    terms: tuple[tuple[str, str], ...] = ()
    token: str = field(default="", repr=False)

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One text in the other language. *unknown* counts the words that the engine left as they were, its marks for them removed."""

    text: str
    unknown: int = 0


class ProviderError(Exception):
    """An engine gave no translation. The message names no text, no address with a secret in it, and no person."""


class Retryable(ProviderError):
    """It may work in a moment."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Spent(ProviderError):
    """Its quota is used up; without *until*, nobody knows for how long."""

    def __init__(self, message: str, *, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until


class Unsupported(ProviderError):
    """It does not do this."""


class Rejected(ProviderError):
    """It will not do this, however often it is asked."""


Outcome = Rendered | ProviderError


@dataclass(frozen=True, slots=True)
class Accepted:
    """The engine has taken the batch, and calls back. *reference* is its own name for it."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came in at a callback address: the fields of its query and of its form, its body, and whether it is the one for errors."""

    fields: Mapping[str, str]
    body: bytes = b""
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a callback says: for which of our batches by the engine's reference, into which language, and each text's outcome.

    An error for the whole batch is one `ProviderError`. The service compares reference and language with what it is waiting for.
    """

    reference: str
    # Empty if the engine does not say.
    target: str
    outcomes: Sequence[Outcome] | ProviderError


class Provider(ABC):
    """An adapter. `settings` has its name, its address and what it is allowed."""

    marks: ClassVar[Marks] = Marks.BRACKETS
    # Whether it wants one sentence in each text: then they come split, and are put together again by the service.
    sentences: ClassVar[bool] = False
    # Whether it uses `Batch.terms`.
    takes_terms: ClassVar[bool] = False
    # Whether it answers by callback: then it is given a token, and waited for in minutes.
    asynchronous: ClassVar[bool] = False
    # The most secret class that an engine of this kind can ever be allowed, whatever its settings say.
    ceiling: ClassVar[DataClass] = DataClass.PUBLIC
    # The tier of what it makes, where the settings give a pair no other.
    tier: ClassVar[Tier] = Tier.NEURAL

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def data_class_max(self) -> DataClass | None:
        """The most secret class that it may see; none: it may see nothing."""
        return policy.lower(self.settings.data_class, self.ceiling)

    @final
    async def translate(self, batch: Batch) -> Sequence[Outcome] | Accepted:
        """One outcome for each text of *batch*, or that it was taken; raises ProviderError. The policy is asked here once more."""
        if not policy.may_see(self.data_class_max, batch.data_class):
            raise Rejected(f"{self.name} may not see texts of class {batch.data_class}")
        answer = await self.send(batch)
        if not isinstance(answer, Accepted) and len(answer) != len(batch.texts):
            raise Rejected(f"{self.name} gave {len(answer)} texts for {len(batch.texts)}")
        return answer

    @abstractmethod
    async def capabilities(self) -> Mapping[Pair, Capability]:
        """The pairs that the engine does now; raises ProviderError. Asked at the start and every ten minutes.

        What the settings say of blocked, poor and otherwise tiered pairs is applied by `described`, which every adapter's answer
        goes through.
        """

    @abstractmethod
    async def send(self, batch: Batch) -> Sequence[Outcome] | Accepted:
        """What `translate` promises, without its checks. Never called for a text that the engine may not see."""

    @abstractmethod
    async def healthy(self) -> bool:
        """Whether the engine would translate now, found out by what really shows it."""

    @final
    def callback_address(self, token: str, *, is_error: bool = False) -> str:
        """Where the engine is to send what becomes of the batch with *token*: ``<callback_url>/<token>``, and ``…/error``."""
        address = f"{self.settings.callback_url}/{token}"
        return f"{address}/error" if is_error else address

    def delivery(self, callback: Callback) -> Delivery:  # noqa: ARG002
        """What *callback* says; raises Rejected if that cannot be told."""
        raise Rejected(f"{self.name} does not call back")

    async def close(self) -> None:  # noqa: B027
        """Let go of connections and models."""

    @final
    def described(self, pair: Pair, *, characters_max: int = 5_000) -> Capability | None:
        """The capability for *pair* as the settings have it; none if they block it."""
        if pair in self.settings.blocked or pair.source == pair.target:
            return None
        return Capability(
            tier=self.settings.tiers.get(pair, self.tier),
            poor=pair in self.settings.poor,
            characters_max=min(characters_max, self.settings.characters_max),
        )
