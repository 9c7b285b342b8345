"""Which engines can translate a text, and in which order they are asked.

Directly where any can; else over one language in between, never over two: errors add up. A half of such a way is at least good for the
gist (`Capability.poor` says of a pair that it is not), and what comes out counts for less than either half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.translation.domain.pairs import Pair
from services.translation.domain.policy import may_see
from services.translation.domain.translations import Reason, Tier
from vocabulary import languages
from vocabulary.values import DataClass

# Ways over a language in between that are tried for one text, at most.
PIVOTS_TRIED = 3
_FIRST_BETWEEN = ("en", *(code for code in languages.ALL if code != "en"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What an engine can do for a pair. A *poor* one is no half of a pivot."""

    tier: Tier
    poor: bool = False
    # The longest text that it takes.
    characters_max: int = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What is known of an engine. Its capabilities are absent as long as it could not be asked for them."""

    name: str
    data_class_max: DataClass | None
    asynchronous: bool
    capabilities: Mapping[Pair, Capability] | None


@dataclass(frozen=True, slots=True)
class Step:
    """One engine's part of the way."""

    engine: str
    pair: Pair
    capability: Capability


@dataclass(frozen=True, slots=True)
class Route:
    """A way from the text to its translation, in one step or two."""

    steps: tuple[Step, ...]

    @property
    def tier(self) -> Tier:
        return self.steps[0].capability.tier if len(self.steps) == 1 else Tier.PIVOT

    @property
    def pivot(self) -> tuple[str, ...]:
        return tuple(step.pair.target for step in self.steps[:-1])

    @property
    def engine(self) -> str:
        """Whose translation it is, for the reader."""
        return "+".join(dict.fromkeys(step.engine for step in self.steps))

    @property
    def id(self) -> str:
        """What identifies the way among those of one pair."""
        return " ".join(f"{step.engine}:{step.pair}" for step in self.steps)


def routes(engines: Sequence[Engine], pair: Pair, data_class: DataClass) -> list[Route] | Reason:
    """The ways for *pair*, best first, over engines that may see *data_class*; or the reason why there is none.

    *engines* stand in the order of preference.
    """
    if not engines:
        return Reason.NO_ENGINE
    found = _routes([one for one in engines if may_see(one.data_class_max, data_class)], pair)
    if found:
        return found
    if any(one.capabilities is None and may_see(one.data_class_max, data_class) for one in engines):
        return Reason.ENGINE_FAILED
    if _routes(engines, pair) or not any(may_see(one.data_class_max, data_class) for one in engines):
        return Reason.POLICY_BLOCKED
    return Reason.PAIR_UNSUPPORTED


def first_route(engines: Sequence[Engine], pair: Pair, data_class: DataClass) -> Route | None:
    """The best of `routes`, without looking for the others."""
    able = [one for one in engines if may_see(one.data_class_max, data_class)]
    return next(iter(_direct(able, pair) or _over_one_between(able, pair)), None)


def _routes(engines: Sequence[Engine], pair: Pair) -> list[Route]:
    return _direct(engines, pair) + _over_one_between(engines, pair)


def _direct(engines: Sequence[Engine], pair: Pair) -> list[Route]:
    return [Route((step,)) for one in engines if (step := _step(one, pair))]


def _over_one_between(engines: Sequence[Engine], pair: Pair) -> list[Route]:
    # Who calls back later cannot be one half: the other half would wait for it.
    prompt = [one for one in engines if not one.asynchronous]
    over = [
        (first is not second, place, Route((one, other)))
        for place, between in enumerate(_FIRST_BETWEEN)
        if between not in pair
        for first in prompt
        if (one := _half(first, Pair(pair.source, between)))
        for second in prompt
        if (other := _half(second, Pair(between, pair.target)))
    ]
    # English first, and one engine for both halves before two.
    over.sort(key=lambda way: (way[1] != 0, way[0], way[1]))
    return [route for _, _, route in over[:PIVOTS_TRIED]]


def _step(engine: Engine, pair: Pair) -> Step | None:
    capability = (engine.capabilities or {}).get(pair)
    return Step(engine.name, pair, capability) if capability else None


def _half(engine: Engine, pair: Pair) -> Step | None:
    step = _step(engine, pair)
    return None if step is None or step.capability.poor else step
