"""The translation memory: translations that a person has reviewed, found again by exactly the text they translate.

All authorities share it. Therefore only the Commission adds to it, and only texts without personal data enter: those serve no
purpose but the one they were submitted for (IMI Regulation, Article 13).
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from vocabulary import ids
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.values import DataClass, FreeText, free_text

SHAREABLE = frozenset({DataClass.PUBLIC, DataClass.INTERNAL})
# Translations kept per source text, the current one included.
REVIEWED_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who approves, with which command, and when."""

    user_id: str
    is_commission: bool
    approval: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A translation that a person approved. `approval` identifies the command that did it."""

    text: FreeText
    reviewer_id: str
    approval: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A text with its translations into one language, the current one last."""

    source: FreeText
    reviewed: tuple[Reviewed, ...]

    @property
    def current(self) -> Reviewed:
        return self.reviewed[-1]

    @property
    def id(self) -> str:
        return memory_id(self.source.text, self.source.language, self.current.text.language)


def approve(source: FreeText, target: FreeText, by: Reviewer) -> Entry:
    """The entry that says *target* is what *source* means; raises Forbidden unless *by* may say so, Invalid for unfit texts."""
    if not by.is_commission:
        raise Forbidden("only the Commission approves translations for the memory")
    source, target = free_text(source, at="source"), free_text(target, at="target")
    if source.language == target.language:
        raise Invalid(
            "a translation is in another language than its source", field="target.language", reason="SAME_LANGUAGE"
        )
    for text, at in ((source, "source"), (target, "target")):
        if text.data_class not in SHAREABLE:
            raise Invalid(
                "all authorities share the memory: declare the text as PUBLIC or INTERNAL, or keep it out",
                field=f"{at}.dataClass",
                reason="PERSONAL_DATA",
            )
    reviewed = Reviewed(text=target, reviewer_id=by.user_id, approval=by.approval, at=by.at)
    return Entry(source=source, reviewed=(reviewed,))


def revise(before: Entry, new: Entry) -> Entry:
    """*before* with the translation of *new* as its current one, and the earlier ones behind it."""
    return replace(new, reviewed=(*before.reviewed, *new.reviewed)[-REVIEWED_KEPT:])


def memory_id(text: str, source_language: str, target_language: str) -> str:
    """The id of the entry for *text* and a pair of languages. Spacing does not matter, nor how accents are encoded."""
    normalised = " ".join(unicodedata.normalize("NFC", text).split())
    return ids.derived(ids.MEMORY, source_language, target_language, normalised)
