"""Each segment is answered by the first link that can, or with the reason why none can."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.translation.chain import Chain, Link, same_language
from services.translation.domain.memory import Reviewer, approve, recalled
from services.translation.domain.translations import (
    Reason,
    Segment,
    Status,
    Tier,
    Translation,
    check,
    identity,
    unavailable,
)
from vocabulary import languages
from vocabulary.refusals import Invalid
from vocabulary.values import TEXT_LIMIT, DataClass, FreeText

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def segment(source: str, target: str, text: str = "testo") -> Segment:
    return Segment(text=text, source_language=source, target_language=target, data_class=DataClass.PUBLIC)


def saying(answers: dict[str, str], otherwise: Reason, seen: list[list[str]]) -> Link:
    """A link that translates the texts it knows, and notes what it was asked."""

    async def link(segments: Sequence[Segment]) -> list[Translation | Reason]:
        seen.append([one.text for one in segments])
        return [
            Translation(segment=one, status=Status.TRANSLATED, at=NOW, text=answers[one.text])
            if one.text in answers
            else otherwise
            for one in segments
        ]

    return link


@pytest.mark.parametrize("source", languages.ALL)
async def test_a_text_is_its_own_translation_in_its_own_language_only(source: str) -> None:
    segments = [segment(source, target) for target in languages.ALL]
    answered = await Chain([same_language(clock)], clock).translate(segments)
    for asked, answer in zip(segments, answered, strict=True):
        if asked.target_language == source:
            assert answer == Translation(segment=asked, status=Status.IDENTITY, at=NOW, text="testo")
        else:
            assert answer == unavailable(asked, Reason.NO_ENGINE, NOW)
            assert not answer.text


async def test_links_are_asked_in_turn_for_what_is_still_open() -> None:
    seen: list[list[str]] = []
    first = saying({"uno": "one"}, Reason.PAIR_UNSUPPORTED, seen)
    second = saying({"uno": "wrong", "due": "two"}, Reason.QUOTA, seen)
    segments = [segment("it", "en", text) for text in ("uno", "due", "tre")]
    answered = await Chain([first, second], clock).translate(segments)
    assert [one.text for one in answered] == ["one", "two", ""]
    assert answered[2] == unavailable(segments[2], Reason.QUOTA, NOW)
    assert seen == [["uno", "due", "tre"], ["due", "tre"]]


async def test_nobody_is_asked_about_what_is_answered_or_in_an_unknown_language() -> None:
    seen: list[list[str]] = []
    never = saying({}, Reason.NO_ENGINE, seen)
    answered = await Chain([same_language(clock), never], clock).translate([segment("", "it"), segment("it", "it")])
    assert [(one.status, one.reason) for one in answered] == [
        (Status.UNAVAILABLE, Reason.UNDETERMINED_LANGUAGE),
        (Status.IDENTITY, None),
    ]
    assert seen == []


async def test_no_segments_have_no_answers() -> None:
    assert await Chain([same_language(clock)], clock).translate([]) == []


@pytest.mark.parametrize("reason", Reason)
def test_what_is_unavailable_says_why_and_shows_no_text(reason: Reason) -> None:
    answer = unavailable(segment("it", "hu"), reason, NOW)
    assert (answer.status, answer.reason, answer.text, answer.tier) == (Status.UNAVAILABLE, reason, "", None)


def test_identity_passes_an_undetermined_language_on() -> None:
    assert identity(segment("", "it"), NOW) is Reason.NO_ENGINE


def test_a_recalled_translation_is_marked_as_reviewed_and_dated_by_its_approval() -> None:
    approved_at = NOW - timedelta(days=3)
    entry = approve(
        FreeText(text="testo", language="it", data_class=DataClass.PUBLIC),
        FreeText(text="szöveg", language="hu", data_class=DataClass.PUBLIC),
        Reviewer(user_id="usr_1", is_commission=True, approval="key", at=approved_at),
    )
    asked = segment("it", "hu")
    assert recalled(asked, entry) == Translation(
        segment=asked,
        status=Status.TRANSLATED,
        at=approved_at,
        text="szöveg",
        tier=Tier.HUMAN_REVIEWED,
        engine="memory",
    )
    assert recalled(asked, None) is Reason.NO_ENGINE


@pytest.mark.parametrize("declared", ["", "it", "IT-it"])
def test_a_segment_is_tidied_and_keeps_what_was_declared(declared: str) -> None:
    checked = check(FreeText(text=" testo ", language=declared, data_class=DataClass.INTERNAL), "no", at="segments[0]")
    assert checked == Segment(
        text="testo",
        source_language="it" if declared else "",
        target_language="nb",
        data_class=DataClass.INTERNAL,
    )


@pytest.mark.parametrize(
    ("text", "source", "target", "field", "reason"),
    [
        ("", "it", "hu", "text.text", "EMPTY"),
        (" \t", "", "hu", "text.text", "EMPTY"),
        ("x" * (TEXT_LIMIT + 1), "", "hu", "text.text", "TOO_LONG"),
        ("a\x00b", "it", "hu", "text.text", "CONTROL_CHARACTER"),
        ("testo", "ru", "hu", "text.language", "UNKNOWN_LANGUAGE"),
        ("testo", "it", "zh", "targetLanguage", "UNKNOWN_LANGUAGE"),
        ("testo", "it", "", "targetLanguage", "UNKNOWN_LANGUAGE"),
    ],
)
def test_an_unfit_segment_is_named(text: str, source: str, target: str, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(FreeText(text=text, language=source), target, at="segments[7]")
    assert (refused.value.field, refused.value.reason) == (f"segments[7].{field}", reason)
