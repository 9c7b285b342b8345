"""How well languages are recognised: of each language's sentences, how many are told, how many left open, how many taken for another.

``python -m bench.detection``. The sentences in ``bench/translation/sentences/`` were written for this and are of no identifier's
training: the same twenty things said in each language, from six words to a whole legal sentence.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.figures import console, machine, percentile, show
from services.translation.detection import Detector
from services.translation.domain.detection import Detection, is_long_enough
from vocabulary import languages

SENTENCES = Path(__file__).parent / "translation/sentences"


@dataclass(frozen=True, slots=True)
class Found:
    """What was said of one sentence, whose language is known, and how long that took."""

    language: str
    sentence: str
    detection: Detection
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.detection.language == self.language

    @property
    def is_open(self) -> bool:
        return not self.detection.language


def sentences() -> Mapping[str, Sequence[str]]:
    """The sentences by language."""
    return {
        code: (SENTENCES / f"{code}.txt").read_text(encoding="utf-8").splitlines() for code in sorted(languages.ALL)
    }


async def detected(given: Mapping[str, Sequence[str]]) -> list[Found]:
    """What the service's detector says of each of *given*."""
    found: list[Found] = []
    with ThreadPoolExecutor(1) as thread:
        detector = Detector(thread)
        await detector.detect(["The identifiers are loaded by their first text, which is not measured."])
        for language, texts in given.items():
            for text in texts:
                began = time.perf_counter()
                (detection,) = await detector.detect([text])
                found.append(Found(language, text, detection, time.perf_counter() - began))
    return found


def _row(name: str, found: Sequence[Found]) -> tuple[str, int, int, int, int, str]:
    right, left = sum(one.is_right for one in found), sum(one.is_open for one in found)
    return name, len(found), right, left, len(found) - right - left, f"{100 * right / len(found):.1f}"


def report(found: Sequence[Found]) -> None:
    """Tables of *found*, and every sentence that was taken for another language or left open."""
    rows = [_row(code, [one for one in found if one.language == code]) for code in sorted(languages.ALL)]
    enough = [one for one in found if is_long_enough(one.sentence)]
    rows.append(_row(f"all with at least 20 letters ({len(enough)})", enough))
    rows.append(_row("all", found))
    show("Sentences", ("language", "sentences", "told", "left open", "wrong", "told %"), rows)
    times = [1000 * one.seconds for one in found]
    console.print(f"a sentence: p50 {percentile(times, 0.5):.2f} ms, p99 {percentile(times, 0.99):.2f} ms; {machine()}")
    for one in found:
        if not one.is_right:
            console.print(f"{one.language} → {one.detection.language or 'left open'}: {one.sentence}", markup=False)


if __name__ == "__main__":
    report(asyncio.run(detected(sentences())))
