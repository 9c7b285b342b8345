"""The translation memory: translations that a person has reviewed, found again by exactly the text they translate.

All authorities share it. Therefore only translators and the Commission add to it, and only texts without personal data enter: those
serve no purpose but the one they were submitted for (IMI Regulation, Article 13). A similar text is another text: `100 euro` is no
translation of `900 euro`, and nothing similar is ever taken for it.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.translation.domain.translations import MEMORY, Reason, Segment, Status, Tier, Translation, check_place
from vocabulary import ids
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.values import DataClass, FreeText, free_text

SHAREABLE = frozenset({DataClass.PUBLIC, DataClass.INTERNAL})
# Translations kept per source text, the current one included.
REVIEWED_KEPT = 64
EVERYWHERE = "*"


class Origin(StrEnum):
    """How a translation came into the memory: reviewed here, or in a file of translations from elsewhere."""

    APPROVED = "APPROVED"
    IMPORTED = "IMPORTED"


TIER = {Origin.APPROVED: Tier.HUMAN_REVIEWED, Origin.IMPORTED: Tier.MEMORY_EXACT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Who approves, with which command, and when. *translates* are the areas whose translator they are, `*` for all."""

    user_id: str
    is_commission: bool
    approval: str
    at: datetime
    translates: frozenset[str] = frozenset()

    @property
    def reviews_all(self) -> bool:
        """Whether they review translations of every area, and of none."""
        return self.is_commission or EVERYWHERE in self.translates


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A translation that a person approved. `approval` identifies the command that did it."""

    text: FreeText
    reviewer_id: str
    approval: str
    at: datetime
    origin: Origin = Origin.APPROVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A text with its translations into one language, the current one last. With none, it has been deleted."""

    source: FreeText
    reviewed: tuple[Reviewed, ...]
    area: str = ""
    context: str = ""
    # The language of its translations, where there are none any more.
    target: str = ""

    @property
    def target_language(self) -> str:
        return self.current.text.language if self.reviewed else self.target

    def approved_as(self, approval: str) -> "Entry":
        """This entry, its current translation approved by *approval*."""
        return replace(self, reviewed=(*self.reviewed[:-1], replace(self.current, approval=approval)))

    @property
    def current(self) -> Reviewed:
        return self.reviewed[-1]

    @property
    def id(self) -> str:
        return memory_id(
            self.source.text, self.source.language, self.target_language, area=self.area, context=self.context
        )


def require_reviewer(by: Reviewer, area: str = "") -> None:
    """Raises Forbidden unless *by* may review translations: of one *area* its translators may, of all of them every translator."""
    if by.reviews_all or area in by.translates or (not area and by.translates):
        return
    raise Forbidden("only translators of the area and the Commission review translations")


def approve(
    source: FreeText,
    target: FreeText,
    by: Reviewer,
    *,
    area: str = "",
    context: str = "",
    origin: Origin = Origin.APPROVED,
) -> Entry:
    """The entry that says *target* is what *source* means; raises Forbidden unless *by* may say so, Invalid for unfit texts."""
    require_reviewer(by, area)
    area, context = check_place(area, context)
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
    reviewed = Reviewed(text=target, reviewer_id=by.user_id, approval=by.approval, at=by.at, origin=origin)
    return Entry(source=source, reviewed=(reviewed,), area=area, context=context)


def revise(before: Entry, new: Entry) -> Entry:
    """*before* with the translation of *new* as its current one, and the earlier ones behind it."""
    return replace(new, reviewed=(*before.reviewed, *new.reviewed)[-REVIEWED_KEPT:])


def imported(before: Entry | None, new: Entry) -> Entry | None:
    """What *before* becomes when *new* comes in a file; none, if it stays: as what was reviewed here does, and the same text."""
    if before is None or not before.reviewed:
        return new
    if before.current.origin is Origin.APPROVED or before.current.text.text == new.current.text.text:
        return None
    return revise(before, new)


def deleted(before: Entry) -> Entry:
    """What is left of *before* when it is deleted: nothing of its texts; raises Conflict if it is already."""
    if not before.reviewed:
        raise Conflict("the translation is deleted already", reason="DELETED")
    return Entry(
        source=replace(before.source, text=""),
        reviewed=(),
        area=before.area,
        context=before.context,
        target=before.target_language,
    )


def memory_id(text: str, source_language: str, target_language: str, *, area: str = "", context: str = "") -> str:
    """The id of the entry for *text* and a pair of languages. Spacing does not matter, nor how accents are encoded."""
    place = (area, context) if area or context else ()
    return ids.derived(ids.MEMORY, source_language, target_language, normalised(text), *place)


def normalised(text: str) -> str:
    """*text* as it is compared: composed characters, single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def candidates(segment: Segment) -> list[str]:
    """The ids under which the memory may have *segment*, what was said nearest to its place first."""
    places = dict.fromkeys([(segment.area, segment.context), (segment.area, ""), ("", segment.context), ("", "")])
    return [
        memory_id(segment.text, segment.source_language, segment.target_language, area=area, context=context)
        for area, context in places
    ]


def recalled(segment: Segment, entry: Entry | None) -> Translation | Reason:
    """What the memory's *entry* for the segment says, if there is one, and nothing that its reader may not read."""
    if entry is None or not entry.reviewed:
        return Reason.NO_ENGINE
    if segment.is_for_everybody and entry.current.text.data_class is not DataClass.PUBLIC:
        return Reason.NO_ENGINE
    return Translation(
        segment=segment,
        status=Status.TRANSLATED,
        at=entry.current.at,
        text=entry.current.text.text,
        tier=TIER[entry.current.origin],
        engine=MEMORY,
    )
