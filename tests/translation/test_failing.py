"""Engines that fail, are spent, are slow or talk nonsense: the next one is asked, and the reader is told what they should know."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from engines.events import open_events
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import desk
from services.translation.domain.breaker import IN_A_ROW
from services.translation.providers.port import (
    Batch,
    Marks,
    Outcome,
    ProviderError,
    Rejected,
    Rendered,
    Retryable,
    Spent,
    Unsupported,
)
from tests.cells import cell
from tests.translation.asking import PERSONAL, PUBLIC, TRANSLATED, UNAVAILABLE, ask, fresh, segment
from tests.translation.conftest import System
from tests.translation.doubles import Script, backwards, translating, with_engines


def raising(error: ProviderError) -> Script:
    def does(_: Batch) -> Sequence[Outcome]:
        raise error

    return Script("first", does=does)


def faulty() -> Script:
    """One whose answer breaks what looks at it."""
    return Script("first", does=lambda batch: [Rendered(text=None) for _ in batch.texts])  # type: ignore[arg-type]


def saying(text: str, unknown: int = 0) -> Script:
    return Script("first", does=lambda batch: [Rendered(text=text, unknown=unknown) for _ in batch.texts])


async def test_no_fault_of_ours_writes_a_text_to_the_log(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        raise KeyError(batch.texts[0])

    text = fresh("Il signor Rossi è malato")
    with capture_logs([structlog.processors.format_exc_info]) as logged:
        async with with_engines(tmp_path, Script("first", does=does)) as system:
            (answer,) = await ask(system, segment(text))
            assert answer.status == UNAVAILABLE
    assert "batch_failed" in {one["event"] for one in logged}
    assert "Rossi" not in repr(logged)


async def test_what_fails_goes_to_the_next_engine_and_without_one_the_reader_is_told_why(tmp_path: Path) -> None:
    text = "Il titolo n. 12 è stato rilasciato dal registro di Bologna."
    for number, (script, reason) in enumerate(
        (
            (raising(Retryable("x", after=timedelta(seconds=1))), pb.UNAVAILABLE_REASON_ENGINE_FAILED),
            (raising(Rejected("x")), pb.UNAVAILABLE_REASON_ENGINE_FAILED),
            (raising(Unsupported("x")), pb.UNAVAILABLE_REASON_PAIR_UNSUPPORTED),
            (raising(Spent("x")), pb.UNAVAILABLE_REASON_QUOTA),
            (saying(""), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            (saying(text), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            (saying("A 13. számú oklevelet Bolognában állították ki."), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            (saying("A 12. számú " + "oklevél " * 9), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            (
                saying("Das Zeugnis Nr. 12 wurde vom Register in Bologna ausgestellt."),
                pb.UNAVAILABLE_REASON_VALIDATION_FAILED,
            ),
            (saying("A 12. számú oklevelet Bolognában állították ki.", 9), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            # More digits than a number may have, in a mark that nobody gave.
            (saying(f"A 12. számú ⟦{'0' * 5000}⟧."), pb.UNAVAILABLE_REASON_VALIDATION_FAILED),
            # What is no error of the port is a fault of ours: it ends a way, too, and not only the attempt.
            (faulty(), pb.UNAVAILABLE_REASON_ENGINE_FAILED),
        )
    ):
        with cell(number, pb.UnavailableReason.Name(reason)):
            data = tmp_path / str(number)
            data.mkdir()
            async with with_engines(data, script) as system:
                (alone,) = await ask(system, segment(text))
                assert (alone.status, alone.reason, alone.text) == (UNAVAILABLE, reason, "")
                assert alone.notice.texts["hu"]
            async with with_engines(data, script, Script("second")) as system:
                (helped,) = await ask(system, segment(text))
                assert (helped.status, helped.engine, helped.text) == (TRANSLATED, "second", backwards(text))


async def test_a_call_that_may_work_in_a_moment_is_made_again(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        if len(script.given) < 3:
            raise Retryable("not yet")
        return translating(batch)

    script = Script(does=does, more='data_class = "PERSONAL"\nback_translation = false')
    async with with_engines(tmp_path, script) as system:
        (answer,) = await ask(system, segment(fresh()))
        assert answer.status == TRANSLATED
        assert len(script.given) == 3


async def test_one_text_that_an_engine_will_not_take_spoils_no_others(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        if any("veleno" in text for text in batch.texts):
            raise Unsupported("not this one")
        return translating(batch)

    async with with_engines(tmp_path, Script(does=does)) as system:
        answers = await ask(
            system, *(segment(fresh("veleno nel testo" if n == 2 else "buono il testo")) for n in range(5))
        )
        assert [one.status for one in answers] == [TRANSLATED, TRANSLATED, UNAVAILABLE, TRANSLATED, TRANSLATED]


async def test_a_text_that_fails_in_its_place_fails_alone(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        return [Rejected("no") if "veleno" in text else Rendered(text=backwards(text)) for text in batch.texts]

    async with with_engines(tmp_path, Script(does=does)) as system:
        answers = await ask(system, segment(fresh("veleno nel testo")), segment(fresh("buono il testo")))
        assert [one.status for one in answers] == [UNAVAILABLE, TRANSLATED]


async def test_an_engine_that_gives_another_number_of_texts_is_not_believed(tmp_path: Path) -> None:
    script = Script(does=lambda batch: [Rendered(text="jó")] * (len(batch.texts) + 1))
    async with with_engines(tmp_path, script) as system:
        (answer,) = await ask(system, segment(fresh()))
        assert (answer.status, answer.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_ENGINE_FAILED)


async def test_an_engine_that_does_not_answer_in_time_is_left(tmp_path: Path) -> None:
    slow = Script(more='data_class = "PERSONAL"\ntimeout_s = 0.05')
    slow.free.clear()
    async with with_engines(tmp_path, slow) as system:
        (answer,) = await ask(system, segment(fresh()))
        assert (answer.status, answer.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_TIMEOUT)


async def test_an_engine_that_keeps_failing_is_left_alone_and_the_others_go_on(tmp_path: Path) -> None:
    failing = raising(Rejected("x"))
    async with with_engines(tmp_path, failing, Script("second")) as system:
        for _ in range(IN_A_ROW + 3):
            (answer,) = await ask(system, segment(fresh()))
            assert (answer.status, answer.engine) == (TRANSLATED, "second")
        assert len(failing.given) == IN_A_ROW
        states = await providers(system)
        assert [(one.name, one.breaker) for one in states] == [
            ("first", pb.BREAKER_STATE_OPEN),
            ("second", pb.BREAKER_STATE_CLOSED),
        ]


async def test_a_months_characters_are_counted_over_restarts_and_not_overspent(tmp_path: Path) -> None:
    text = fresh("Testo di prova per il bilancio")
    more = f'data_class = "PERSONAL"\nback_translation = false\ncharacters_per_month = {len(text) * 2 + 5}'
    script = Script(more=more)
    async with with_engines(tmp_path, script) as system:
        (first,) = await ask(system, segment(text))
        assert first.status == TRANSLATED
    other = [text.replace("prova", "altro"), text.replace("prova", "terzo")]
    async with with_engines(tmp_path, script) as system:
        (second,) = await ask(system, segment(other[0]))
        (third,) = await ask(system, segment(other[1]))
        assert second.status == TRANSLATED
        assert (third.status, third.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_QUOTA)
        (state,) = await providers(system)
        assert state.characters_this_month == len(text) * 2
        assert len(script.given) == 2
    next_month = lambda: datetime.now(UTC) + timedelta(days=32)  # noqa: E731
    async with with_engines(tmp_path, script, now=next_month) as system:
        (again,) = await ask(system, segment(other[1]))
        assert again.status == TRANSLATED


async def test_an_engine_that_loses_marks_is_asked_sentence_by_sentence(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        # It drops every mark but the first of a text.
        return [
            Rendered(text=backwards(text.replace("⟦1⟧", ""))) if "⟦0⟧" in text else Rendered(text=backwards(text))
            for text in batch.texts
        ]

    async with with_engines(tmp_path, Script(does=does)) as system:
        (saved,) = await ask(system, segment("La prima è {a} qui. La seconda è {b} lì."))
        assert (saved.status, saved.text) == (TRANSLATED, "aL amirp è {a} iuq. aL adnoces è {b} ìl.")
        (lost,) = await ask(system, segment("La prima è {a} qui e la seconda è {b} lì."))
        assert (lost.status, lost.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_VALIDATION_FAILED)


async def test_an_engine_for_sentences_is_given_sentences_and_one_for_markup_markup(tmp_path: Path) -> None:
    script = Script(sentences=True, marks=Marks.ELEMENTS, more='data_class = "PERSONAL"\nback_translation = false')
    async with with_engines(tmp_path, script) as system:
        (answer,) = await ask(system, segment("Prima frase & {a}.\n\n  Seconda frase < terza. "))
        assert answer.text == "amirP esarf & {a}.\n\n  adnoceS esarf < azret."
        assert script.texts == ['Prima frase &amp; <x id="0"/>.', "Seconda frase &lt; terza."]


async def test_little_that_comes_back_is_said_to_be_uncertain(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        if batch.pair.target == "hu":
            return translating(batch)
        return [
            Rendered(text="Qualcosa di tutto diverso, numero 4, scritto altrove con parole nuove") for _ in batch.texts
        ]

    async with with_engines(tmp_path, Script(does=does)) as system:
        (answer,) = await ask(system, segment("Il titolo 4 è stato rilasciato dal registro."))
        assert answer.status == TRANSLATED
        assert answer.low_confidence
        assert answer.similarity < 0.5
        (sure,) = await ask(system, segment("Numero 4, qualcosa di diverso scritto altrove con tutto parole nuove."))
        assert not sure.low_confidence
        assert len(answer.notice.texts["hu"]) > len(sure.notice.texts["hu"])


async def test_a_text_in_another_language_than_declared_is_said_to_be_uncertain(tmp_path: Path) -> None:
    german = "Das Zeugnis wurde vom zuständigen Register in Bologna ausgestellt und ist gültig."
    async with with_engines(tmp_path, Script()) as system:
        (answer,) = await ask(system, segment(german))
        assert (answer.status, answer.low_confidence, answer.source_language) == (TRANSLATED, True, "it")


async def test_an_engine_that_nobody_allowed_anything_is_asked_nothing(tmp_path: Path) -> None:
    script = Script(more="")
    async with with_engines(tmp_path, script) as system:
        (answer,) = await ask(system, segment(fresh(), PUBLIC))
        assert (answer.status, answer.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_POLICY_BLOCKED)
        assert not script.given


async def test_an_engine_that_does_not_say_what_it_can_do_is_waited_for_a_moment_and_then_missed(
    tmp_path: Path,
) -> None:
    slow = Script()
    slow.awake.clear()
    async with with_engines(tmp_path, slow, wait_s=0.05) as system:
        (answer,) = await ask(system, segment(fresh()))
        assert (answer.status, answer.reason) == (UNAVAILABLE, pb.UNAVAILABLE_REASON_ENGINE_FAILED)
    text = fresh()
    async with with_engines(tmp_path, slow) as system:
        asked = asyncio.create_task(ask(system, segment(text)))
        slow.awake.set()
        (answer,) = await asked
        assert (answer.status, answer.text) == (TRANSLATED, backwards(text))


async def test_the_end_of_each_job_is_told_by_its_id_alone(tmp_path: Path) -> None:
    def does(batch: Batch) -> Sequence[Outcome]:
        return [Rejected("no") if "veleno" in text else Rendered(text=backwards(text)) for text in batch.texts]

    async with (
        with_engines(tmp_path, Script(does=does)) as system,
        open_events(system.settings.events) as events,
        events.tail(["imi.translation.v1"]) as tail,
    ):
        answers = await ask(system, segment(fresh("buono il testo")), segment(fresh("veleno nel testo")))
        told = [(await anext(tail)).event for _ in answers]
        by_id = {event.subject: event for event in told}
        good, bad = (by_id[answer.job_id] for answer in answers)
        assert good.data == events_pb2.TranslationCompleted(job_id=answers[0].job_id).SerializeToString()
        failed = events_pb2.TranslationFailed.FromString(bad.data)
        assert (failed.job_id, failed.reason) == (answers[1].job_id, pb.UNAVAILABLE_REASON_ENGINE_FAILED)


async def test_how_the_engines_are_is_told_without_waiting_for_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "HEALTH_S", 0.05)
    hanging = Script("first", pairs=("it-hu",), more="")
    hanging.free.clear()
    async with with_engines(tmp_path, hanging, Script("second")) as system:
        first, second = await providers(system)
        assert (first.healthy, first.pairs, first.data_class_max) == (False, 1, 0)
        assert (second.healthy, second.pairs, second.data_class_max) == (True, 2, PERSONAL)
        assert (second.kind, second.breaker, second.characters_per_month) == (
            "libretranslate",
            pb.BREAKER_STATE_CLOSED,
            0,
        )


async def providers(system: System) -> list[pb.ProviderState]:
    return list((await system.commission.call(system.stub.ListProviders, pb.ListProvidersRequest())).providers)
