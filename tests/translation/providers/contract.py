"""What every adapter promises, whatever its engine: held against each of them by `keeps_its_promises`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from services.translation.domain.pairs import Pair
from services.translation.domain.translations import Tier
from services.translation.providers.port import (
    Accepted,
    Batch,
    Marks,
    Outcome,
    Provider,
    ProviderError,
    Rejected,
    Rendered,
)
from tests.cells import cell
from vocabulary import languages
from vocabulary.values import DataClass

Ask = Callable[[Provider, Batch], Awaitable[Sequence[Outcome]]]


async def at_once(provider: Provider, batch: Batch) -> Sequence[Outcome]:
    """The outcomes of an engine that answers the call itself."""
    answer = await provider.translate(batch)
    assert not isinstance(answer, Accepted)
    return answer


@dataclass(frozen=True)
class Case:
    """An adapter whose engine runs, a *pair* that it does and a *sentence* of its source. *ask* waits for what comes by callback."""

    provider: Provider
    pair: Pair
    sentence: str
    ask: Ask = at_once
    # Whether a mark and a character of markup come back for certain: a neural engine may lose them, and then the service finds out.
    exact: bool = True

    def batch(self, *texts: str, data_class: DataClass = DataClass.PUBLIC, pair: Pair | None = None) -> Batch:
        return Batch(pair=pair or self.pair, texts=texts, data_class=data_class, token="t" * 32)


async def rendered(provider: Provider, pair: Pair, *texts: str) -> list[Rendered]:
    """What *provider* makes of *texts*, all of which it must be able to do."""
    outcomes = await at_once(provider, Batch(pair=pair, texts=texts, data_class=DataClass.PUBLIC))
    assert all(isinstance(outcome, Rendered) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Rendered)]


async def keeps_its_promises(case: Case) -> None:
    """Every promise, one after the other; what is broken is told by its name."""
    for promise in PROMISES:
        with cell(promise.__name__.replace("_", " ")):
            await promise(case)


async def says_what_it_can_do(case: Case) -> None:
    found = await case.provider.capabilities()
    assert case.pair in found
    for pair, capability in found.items():
        assert {pair.source, pair.target} <= set(languages.ALL)
        assert pair.source != pair.target
        assert pair not in case.provider.settings.blocked
        assert capability.tier in (Tier.NEURAL, Tier.RULE_BASED)
        assert 0 < capability.characters_max <= 5_000


async def is_healthy(case: Case) -> None:
    assert await case.provider.healthy()


async def gives_one_outcome_for_each_text_in_their_order(case: Case) -> None:
    alone = [await case.ask(case.provider, case.batch(text)) for text in (case.sentence, case.sentence * 2)]
    together = await case.ask(case.provider, case.batch(case.sentence, case.sentence * 2, case.sentence))
    assert list(together) == [alone[0][0], alone[1][0], alone[0][0]]
    assert all(isinstance(outcome, Rendered) and outcome.text for outcome in together)


async def keeps_batches_apart_that_are_asked_at_once(case: Case) -> None:
    [expected] = await case.ask(case.provider, case.batch(case.sentence))
    found = await asyncio.gather(*(case.ask(case.provider, case.batch(case.sentence)) for _ in range(5)))
    assert all(list(outcomes) == [expected] for outcomes in found)


async def keeps_marks_and_characters_of_markup(case: Case) -> None:
    if not case.exact:
        return
    sample, wanted = ("a &lt; b &amp; c", ["&lt;", "&amp;"]), ["⟦0⟧", "⟦1⟧"]
    if case.provider.marks is Marks.BRACKETS:
        sample = ("a < b & c", ["<", "&"])
    else:
        wanted = ['<x id="0"/>', '<x id="1"/>']
    text = f'{wanted[0]} {case.sentence} {wanted[1]}\n\n"{sample[0]}"'
    [outcome] = await case.ask(case.provider, case.batch(text))
    assert isinstance(outcome, Rendered)
    assert [outcome.text.count(mark) for mark in wanted] == [1, 1]
    assert outcome.text.index(wanted[0]) < outcome.text.index(wanted[1])
    assert all(character in outcome.text for character in sample[1])
    assert "\n\n" in outcome.text


async def refuses_what_it_may_not_see(case: Case) -> None:
    limited = case.provider.settings.model_copy(update={"data_class": None})
    own = case.provider.settings
    try:
        case.provider.settings = limited
        with pytest.raises(Rejected, match="may not see"):
            await case.provider.translate(case.batch(case.sentence))
    finally:
        case.provider.settings = own


async def refuses_a_pair_that_it_does_not_do(case: Case) -> None:
    done = await case.provider.capabilities()
    for pair in [Pair(a, b) for a in languages.ALL for b in languages.ALL if a != b and Pair(a, b) not in done][:3]:
        with cell(pair), pytest.raises(ProviderError) as caught:
            await case.ask(case.provider, case.batch(case.sentence, pair=pair))
        assert case.sentence not in str(caught.value)


async def can_be_cancelled(case: Case) -> None:
    asked = asyncio.ensure_future(case.provider.translate(case.batch(case.sentence)))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    [outcome] = await case.ask(case.provider, case.batch(case.sentence))
    assert isinstance(outcome, Rendered)


PROMISES = (
    says_what_it_can_do,
    is_healthy,
    gives_one_outcome_for_each_text_in_their_order,
    keeps_batches_apart_that_are_asked_at_once,
    keeps_marks_and_characters_of_markup,
    refuses_what_it_may_not_see,
    refuses_a_pair_that_it_does_not_do,
    can_be_cancelled,
)
