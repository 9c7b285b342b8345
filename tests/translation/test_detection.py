"""A language is told where both identifiers agree on enough text, and never guessed."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.detection import Detector
from services.translation.domain.detection import LETTERS_MIN, PROBABILITY_MIN, UNDETERMINED, Detection, decide
from vocabulary import languages

LONG = "x" * 20

# What the two identifiers say, and what follows.
AGREEMENT = [
    ("it", "it", "it"),
    ("it", "es", ""),
    ("it", "", ""),
    ("no", "no", "nb"),
    ("no", "nn", "nb"),
    ("no", "da", ""),
    ("da", "no", ""),
    ("hr", "hr", "hr"),
    ("hr", "bs", "hr"),
    ("hr", "sr", "hr"),
    ("hr", "sr-Latn", "hr"),
    ("sl", "bs", ""),
    ("bg", "sr", ""),
    ("hr", "sl", ""),
    ("es", "ca", ""),
    ("bg", "ru", ""),
    ("ru", "ru", ""),
    ("sl", "zh-Hant", ""),
    ("en", "un", ""),
]


@pytest.fixture(scope="module")
def thread() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.mark.parametrize(("first", "second", "language"), AGREEMENT)
def test_both_must_agree(first: str, second: str, language: str) -> None:
    expected = Detection(language, 0.9) if language else UNDETERMINED
    assert decide(LONG, first=first, probability=0.9, second=second) == expected


@pytest.mark.parametrize("code", languages.ALL)
def test_every_language_can_be_agreed_on(code: str) -> None:
    assert decide(LONG, first=code, probability=1.0, second=code) == Detection(code, 1.0)


@pytest.mark.parametrize(
    ("text", "probability", "told"),
    [
        (LONG, 0.8, True),
        (LONG, 0.799, False),
        (LONG[1:], 1.0, False),
        (LONG[1:] + "12345 67890 !?…", 1.0, False),
        (LONG, 1.0000001, True),
    ],
)
def test_letters_and_probability_have_their_limits(text: str, probability: float, told: bool) -> None:
    found = decide(text, first="it", probability=probability, second="it")
    assert found == (Detection("it", min(probability, 1.0)) if told else UNDETERMINED)


async def test_no_sentence_is_taken_for_another_language_and_most_are_told(
    thread: Executor, sentences: dict[str, list[str]]
) -> None:
    """Two sentences in each of the 26 languages; of the 24 official ones at least nine in ten are recognised."""
    assert set(sentences) == set(languages.ALL)
    expected = [(code, text) for code, texts in sentences.items() for text in texts]
    found = await Detector(thread).detect([text for _, text in expected])
    for (code, text), detection in zip(expected, found, strict=True):
        assert detection.language in (code, ""), text
        assert (detection.confidence >= PROBABILITY_MIN) == bool(detection.language)
    official = [
        bool(one.language) for (code, _), one in zip(expected, found, strict=True) if code in languages.OFFICIAL
    ]
    assert sum(official) >= 0.9 * len(official)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "Ja",
        "Merci beaucoup",
        "12/05/2024",
        "2024-05-12 15:30 +39 06 1234 5678 1250,50 EUR",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "asdf qwer zxcv uiop hjkl vbnm tyui",
        "xk jq vz wq xz kk jj pp qq zz ww",
        "lorem ipsum dolor sit amet consectetur",
        "https://example.eu/abc/def-ghijkl-mnopqrst",
        "Это предложение написано на русском языке и достаточно длинное.",
        "El certificat es va expedir el mes de juny de l'any passat i se n'adjunta una còpia.",
        "Bu diploma geçen yılın haziran ayında verilmiştir ve bir kopyası ektedir.",
        "这份文凭是去年六月颁发的，副本附在信中。这份文凭是去年六月颁发的，副本附在信中。",
    ],
)
async def test_short_unclear_and_foreign_texts_are_undetermined(thread: Executor, text: str) -> None:
    assert await Detector(thread).detect([text]) == [UNDETERMINED]


@pytest.mark.parametrize(("one", "other"), [("el", "en"), ("bg", "fr"), ("it", "de"), ("sv", "fi")])
async def test_a_text_half_in_one_language_and_half_in_another_is_undetermined(
    thread: Executor, sentences: dict[str, list[str]], one: str, other: str
) -> None:
    found = await Detector(thread).detect([f"{sentences[one][0]} {sentences[other][0]}"])
    assert found == [UNDETERMINED]


async def test_a_name_in_another_script_does_not_matter(thread: Executor, sentences: dict[str, list[str]]) -> None:
    (found,) = await Detector(thread).detect([f"{sentences['el'][0]} (Semmelweis Egyetem)"])
    assert found.language == "el"


async def test_markup_and_places_to_fill_in_do_not_matter(thread: Executor, sentences: dict[str, list[str]]) -> None:
    (found,) = await Detector(thread).detect([f"<p>⟦0⟧ {sentences['hu'][0]} {{name}}</p>"])
    assert found.language == "hu"


async def test_control_characters_do_not_matter(thread: Executor, sentences: dict[str, list[str]]) -> None:
    text = sentences["it"][0].replace(" ", "\x01\n")
    (found,) = await Detector(thread).detect([text])
    assert found.language == "it"


@given(text=st.text(min_size=LETTERS_MIN, max_size=200))
def test_any_text_has_an_answer(thread: Executor, text: str) -> None:
    (found,) = asyncio.run(Detector(thread).detect([text]))
    assert found == UNDETERMINED or (found.language in languages.ALL and PROBABILITY_MIN <= found.confidence <= 1)


class NotingExecutor(ThreadPoolExecutor):
    """One thread that notes what it was given to do, and says when something is."""

    def __init__(self) -> None:
        super().__init__(1)
        self.given: list[Future[Any]] = []
        self.asked = asyncio.Event()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future = super().submit(fn, *args, **kwargs)
        self.given.append(future)
        self.asked.set()
        return future


async def test_a_call_that_nobody_waits_for_leaves_its_texts_alone() -> None:
    """Cancelling takes effect at once: the text that waited for its turn is never looked at, nor those behind it."""
    release = Event()
    with NotingExecutor() as thread:
        other = thread.submit(release.wait)
        thread.asked.clear()
        call = asyncio.ensure_future(Detector(thread).detect(["x" * 50] * 100))
        await thread.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert [one.cancelled() for one in thread.given] == [False, True]
        release.set()
        assert other.result()
