"""The question sets that are shipped, each version in a folder of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis import catalogues, forms
from services.requests.domain.publishing import check_set
from services.requests.domain.questions import Group, Question, QuestionSet


def question_sets() -> dict[str, QuestionSet]:
    """Every shipped set by id; raises IncompleteCatalogue if a text lacks one of the 24 languages, Invalid if a set makes no sense."""
    folders = sorted(path.parent for path in Path(__file__).parent.glob("*/structure.toml"))
    found = (question_set(folder) for folder in folders)
    return {one.id: one for one in found}


def question_set(folder: Path) -> QuestionSet:
    """The set that *folder* holds."""
    structure = catalogues.load(folder)
    made = QuestionSet(
        code=structure["code"],
        version=structure["version"],
        area=structure["area"],
        title=structure["title"],
        urgent_for=tuple(structure.get("urgent_for", ())),
        groups=tuple(
            Group(code=group["code"], title=group["title"], questions=tuple(map(_question, group["questions"])))
            for group in structure["groups"]
        ),
    )
    check_set(made, at=folder.name)
    return made


def _question(table: Mapping[str, Any]) -> Question:
    """A question is to be answered unless its table says otherwise."""
    return Question(
        field=forms.field({"mandatory": True, **table}),
        follows=table.get("follows", ""),
        opens_on=tuple(table.get("opens_on", ())),
        applies_if=table.get("applies_if", ""),
        automatic=table.get("automatic", False),
        excuses=table.get("excuses", False),
        free_text=table.get("free_text", True),
        attachments=table.get("attachments", False),
        suggests_alert_on=tuple(table.get("suggests_alert_on", ())),
    )
