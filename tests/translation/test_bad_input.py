"""What is odd or wrong about a text: each is refused by name, or has a defined answer; nothing of it breaks another's translation."""

from collections.abc import AsyncIterator

import pytest

from protos.translation.v1 import translation_pb2 as pb
from tests.cells import cell
from tests.translation.asking import TRANSLATED, UNAVAILABLE, ask, fresh, segment
from tests.translation.conftest import System
from tests.translation.doubles import Script, backwards, with_engines
from vocabulary.refusals import Invalid


@pytest.fixture(scope="module")
def engine() -> Script:
    return Script()


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory, engine: Script) -> AsyncIterator[System]:
    async with with_engines(tmp_path_factory.mktemp("bad"), engine) as system:
        yield system


async def test_what_cannot_be_a_text_is_refused_by_name_and_nothing_of_the_call_is_done(
    system: System, engine: Script
) -> None:
    good = fresh()
    for bad, field, reason in (
        (segment("testo", source="ru"), "text.language", "UNKNOWN_LANGUAGE"),
        (segment("testo", source="zh-Hant"), "text.language", "UNKNOWN_LANGUAGE"),
        (segment("testo", target="ru"), "targetLanguage", "UNKNOWN_LANGUAGE"),
        (segment("testo", target=""), "targetLanguage", "UNKNOWN_LANGUAGE"),
        (segment(""), "text.text", "EMPTY"),
        (segment(" \n\t\u00a0"), "text.text", "EMPTY"),
        (segment("a" * 1024 * 1024), "text.text", "TOO_LONG"),
        (segment("testo\x00"), "text.text", "CONTROL_CHARACTER"),
        (segment("testo\x1b[31m"), "text.text", "CONTROL_CHARACTER"),
        (segment("testo", 99), "text.dataClass", "UNKNOWN_VALUE"),
        (segment("testo", area="Not an area"), "area", "AREA"),
        (segment("testo", source_id="a b"), "sourceId", "SOURCE_ID"),
    ):
        with cell(field, reason):
            with pytest.raises(Invalid) as refused:
                await ask(system, segment(good), bad)
            assert (refused.value.field, refused.value.reason) == (f"segments[1].{field}", reason)
            assert not engine.given


async def test_odd_texts_have_their_answers(system: System) -> None:
    for text, source, status, reason in (
        # Two scripts in one text: declared, it is translated as a whole; undeclared, nobody can tell its language.
        ("Il titolo του μητρώου è valido, и действителен.", "it", TRANSLATED, 0),
        (
            "Il titolo του μητρώου è valido, и действителен в реестре.",
            "",
            UNAVAILABLE,
            pb.UNAVAILABLE_REASON_UNDETERMINED_LANGUAGE,
        ),
        ("OK", "", UNAVAILABLE, pb.UNAVAILABLE_REASON_UNDETERMINED_LANGUAGE),
        # Markup comes through as it is, whether it is well formed or not.
        ("<p>Il titolo <br> è <script>valido</script></p>", "it", TRANSLATED, 0),
        ("Il valore 3 < 5 & 7 > 2 è giusto", "it", TRANSLATED, 0),
        # What looks like a mark of ours is text.
        ('⟦0⟧ titolo ⟦1⟧ e <x id="0"/> ⟦ registro', "it", TRANSLATED, 0),
        # Lines, unusual spaces, composed and other characters.
        ("Prima riga\r\n\tSeconda\u00a0riga", "it", TRANSLATED, 0),
        ("Il re\u0301gistro 👩‍⚖️ è valido", "it", TRANSLATED, 0),
        ("a" * 4_000, "it", UNAVAILABLE, pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
        ("Il titolo valido. " * 222, "it", TRANSLATED, 0),
    ):
        with cell(text[:60], source):
            (answer,) = await ask(system, segment(text, source=source))
            assert (answer.status, answer.reason) == (status, reason)
            assert bool(answer.text) is (status == TRANSLATED)


async def test_a_bad_text_in_a_call_takes_no_other_with_it(system: System) -> None:
    text = fresh()
    answers = await ask(system, segment("OK", source=""), segment(text), segment(fresh(), target="fi"))
    assert [one.status for one in answers] == [UNAVAILABLE, TRANSLATED, UNAVAILABLE]
    assert answers[1].text == backwards(text)
