"""A text never reaches an engine that may not see its class: not by the way that is chosen, and not past the adapter."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos.translation.v1.translation_pb2 import UNAVAILABLE_REASON_AS_WRITTEN, UnavailableReason
from services.translation.domain.pairs import Pair
from services.translation.domain.policy import may_see
from services.translation.providers.port import Batch, Rejected
from services.translation.providers.settings import ProviderSettings
from tests.cells import cell
from tests.translation.asking import IDENTITY, PUBLIC, TRANSLATED, UNAVAILABLE, ask, fresh, segment
from tests.translation.doubles import Double, Script, with_engines
from vocabulary.values import DataClass

SECRECY = [DataClass.PUBLIC, DataClass.INTERNAL, DataClass.PERSONAL, DataClass.SPECIAL_CATEGORY]


def allowed(maximum: DataClass | None) -> str:
    return f'data_class = "{maximum}"' if maximum else ""


async def test_an_adapter_refuses_by_itself_what_it_may_not_see() -> None:
    for maximum, ceiling, data_class in product([None, *SECRECY], SECRECY, SECRECY):
        with cell(maximum, ceiling, data_class):
            script = Script(ceiling=ceiling)
            described = {"name": "double", "kind": "libretranslate", "url": "http://127.0.0.1:1"}
            double = Double(ProviderSettings.model_validate({**described, "data_class": maximum}), script)
            batch = Batch(pair=Pair("it", "hu"), texts=("testo",), data_class=data_class)
            if may_see(maximum, data_class) and may_see(ceiling, data_class):
                await double.translate(batch)
                assert script.given == [batch]
            else:
                with pytest.raises(Rejected):
                    await double.translate(batch)
                assert not script.given


async def test_for_nobody_in_particular_only_what_everybody_reads_is_translated(tmp_path: Path) -> None:
    script = Script("e0", pairs=("it-hu",), more=allowed(DataClass.SPECIAL_CATEGORY))
    async with with_engines(tmp_path, script) as system:
        segments = [segment(fresh(), number) for number in range(len(SECRECY) + 1)]
        answers = await ask(system, *segments, peer=system.as_service("gateway"))
        told = [UnavailableReason.Name(one.reason).removeprefix("UNAVAILABLE_REASON_") for one in answers]
        # The first has no class, which means PERSONAL.
        assert told == ["POLICY_BLOCKED", "UNSPECIFIED", *["POLICY_BLOCKED"] * 3]
        assert answers[1].status == TRANSLATED
        assert [batch.texts for batch in script.given] == [(segments[1].text.text,)]


async def test_what_stays_as_it_was_written_reaches_no_engine(tmp_path: Path) -> None:
    script = Script("e0", pairs=("it-hu",), more=allowed(DataClass.SPECIAL_CATEGORY))
    async with with_engines(tmp_path, script) as system:
        name, other, own = segment(fresh(), PUBLIC), segment(fresh(), PUBLIC), segment(fresh(), PUBLIC, target="it")
        name.text.as_written = own.text.as_written = True
        found, translated, same = await ask(system, name, other, own)
        assert (found.status, found.reason, found.text) == (UNAVAILABLE, UNAVAILABLE_REASON_AS_WRITTEN, "")
        assert found.notice.texts["hu"]
        assert (translated.status, same.status) == (TRANSLATED, IDENTITY)
        assert [batch.texts for batch in script.given] == [(other.text.text,)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    maxima=st.lists(st.none() | st.sampled_from(SECRECY), min_size=1, max_size=3),
    asked=st.lists(st.sampled_from(SECRECY), min_size=4, max_size=8),
    pairs=st.lists(st.sampled_from([("it-hu",), ("it-en", "en-hu"), ("it-hu", "hu-it")]), min_size=3, max_size=3),
)
async def test_personal_texts_never_reach_an_engine_outside(
    tmp_path_factory: pytest.TempPathFactory,
    maxima: list[DataClass | None],
    asked: list[DataClass],
    pairs: list[tuple[str, ...]],
) -> None:
    scripts = [
        Script(f"e{number}", pairs=pair, more=allowed(maximum))
        for number, (maximum, pair) in enumerate(zip(maxima, pairs, strict=False))
    ]
    async with with_engines(tmp_path_factory.mktemp("policy"), *scripts) as system:
        segments = [segment(fresh(), SECRECY.index(one) + 1) for one in asked]
        answers = await ask(system, *segments)
        assert all(answer.status != TRANSLATED or answer.engine for answer in answers)
    for script, maximum in zip(scripts, maxima, strict=True):
        assert all(may_see(maximum, batch.data_class) for batch in script.given)


async def test_a_file_of_providers_that_allows_nothing_allows_nothing(tmp_path: Path) -> None:
    strict = [Script(f"e{number}", more=allowed(maximum)) for number, maximum in enumerate([None, DataClass.PUBLIC])]
    async with with_engines(tmp_path, *strict) as system:
        await ask(system, *(segment(fresh(), number) for number in (0, 1, 2, 3, 4)))
    assert not strict[0].given
    assert {batch.data_class for batch in strict[1].given} == {DataClass.PUBLIC}
