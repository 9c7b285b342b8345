"""Who adds which texts to the memory, and how an entry is found again."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.domain.memory import REVIEWED_KEPT, Entry, Reviewer, approve, memory_id, revise
from vocabulary import languages
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.values import TEXT_LIMIT, DataClass, FreeText

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = FreeText(text="Il titolo è autentico.", language="it", data_class=DataClass.PUBLIC)
TARGET = FreeText(text="Az oklevél hiteles.", language="hu", data_class=DataClass.INTERNAL)


def reviewer(approval: str = "key", *, is_commission: bool = True, hours: int = 0) -> Reviewer:
    return Reviewer(user_id="usr_1", is_commission=is_commission, approval=approval, at=NOW + timedelta(hours=hours))


def test_an_approved_translation_is_current_with_its_reviewer_and_time() -> None:
    entry = approve(SOURCE, TARGET, reviewer())
    assert (entry.source, entry.current.text) == (SOURCE, TARGET)
    assert (entry.current.reviewer_id, entry.current.at, entry.current.approval) == ("usr_1", NOW, "key")


def test_only_the_commission_approves_whatever_the_texts() -> None:
    with pytest.raises(Forbidden):
        approve(SOURCE, TARGET, reviewer(is_commission=False))
    with pytest.raises(Forbidden):
        approve(FreeText(text="", language="xx"), TARGET, reviewer(is_commission=False))


@pytest.mark.parametrize("source_class", DataClass)
@pytest.mark.parametrize("target_class", DataClass)
def test_only_texts_without_personal_data_enter(source_class: DataClass, target_class: DataClass) -> None:
    shareable = {DataClass.PUBLIC, DataClass.INTERNAL}
    source = FreeText(text=SOURCE.text, language="it", data_class=source_class)
    target = FreeText(text=TARGET.text, language="hu", data_class=target_class)
    if {source_class, target_class} <= shareable:
        assert approve(source, target, reviewer()).current.text == target
        return
    with pytest.raises(Invalid) as refused:
        approve(source, target, reviewer())
    at = "source" if source_class not in shareable else "target"
    assert (refused.value.field, refused.value.reason) == (f"{at}.dataClass", "PERSONAL_DATA")


@pytest.mark.parametrize("at", ["source", "target"])
@pytest.mark.parametrize(
    ("text", "language", "part", "reason"),
    [
        (" \n", "it", "text", "EMPTY"),
        ("x" * (TEXT_LIMIT + 1), "it", "text", "TOO_LONG"),
        ("bell\a", "it", "text", "CONTROL_CHARACTER"),
        ("testo", "ru", "language", "UNKNOWN_LANGUAGE"),
        ("testo", "", "language", "UNKNOWN_LANGUAGE"),
    ],
)
def test_each_unfit_text_is_named(at: str, text: str, language: str, part: str, reason: str) -> None:
    unfit = FreeText(text=text, language=language, data_class=DataClass.PUBLIC)
    source, target = (unfit, TARGET) if at == "source" else (SOURCE, unfit)
    with pytest.raises(Invalid) as refused:
        approve(source, target, reviewer())
    assert (refused.value.field, refused.value.reason) == (f"{at}.{part}", reason)


@pytest.mark.parametrize("spelling", ["no", "nb", "nn-NO"])
def test_a_text_is_no_translation_into_its_own_language(spelling: str) -> None:
    source = FreeText(text="Vitnemålet er ekte.", language="nb", data_class=DataClass.PUBLIC)
    target = FreeText(text="Vitnemålet er ekte.", language=spelling, data_class=DataClass.PUBLIC)
    with pytest.raises(Invalid) as refused:
        approve(source, target, reviewer())
    assert (refused.value.field, refused.value.reason) == ("target.language", "SAME_LANGUAGE")


def test_a_later_approval_is_current_and_keeps_the_earlier_ones() -> None:
    better = FreeText(text="Az oklevél eredeti.", language="hu", data_class=DataClass.PUBLIC)
    before = approve(SOURCE, TARGET, reviewer("first"))
    after = revise(before, approve(SOURCE, better, reviewer("second", hours=1)))
    assert after.current.text == better
    assert [one.approval for one in after.reviewed] == ["first", "second"]
    assert after.id == before.id


def test_the_history_has_a_limit() -> None:
    entry = approve(SOURCE, TARGET, reviewer("0"))
    for number in range(1, REVIEWED_KEPT + 5):
        entry = revise(entry, approve(SOURCE, TARGET, reviewer(str(number))))
    assert len(entry.reviewed) == REVIEWED_KEPT
    assert entry.current.approval == str(REVIEWED_KEPT + 4)


@given(st.lists(st.text(st.characters(categories=["L", "M", "N", "P"]), min_size=1), min_size=1, max_size=6), st.data())
def test_spacing_and_the_encoding_of_accents_do_not_matter(words: list[str], data: st.DataObject) -> None:
    space = st.sampled_from([" ", "  ", "\n", "\t ", "\u00a0"])
    spaced = words[0] + "".join(data.draw(space) + word for word in words[1:])
    plain = memory_id(" ".join(words), "it", "hu")
    assert memory_id(spaced, "it", "hu") == plain
    assert memory_id(unicodedata.normalize("NFD", f" {spaced} "), "it", "hu") == plain


def test_another_text_or_pair_is_another_entry() -> None:
    """Nothing but the exact text counts: a number or a case more changes what it says."""
    texts = ["100 euro", "900 euro", "100 Euro", "100euro"]
    pairs = [(source, target) for source in languages.ALL for target in languages.ALL if source != target]
    ids = {memory_id(text, *pair) for text in texts for pair in pairs}
    assert len(ids) == len(texts) * len(pairs)


def test_an_entry_knows_its_own_id() -> None:
    entry: Entry = approve(SOURCE, TARGET, reviewer())
    assert entry.id == memory_id(SOURCE.text, "it", "hu")
