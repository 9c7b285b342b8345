"""The question sets that are shipped, each version in a folder of its own."""

from pathlib import Path

from chassis import catalogues, forms
from services.requests.domain.questions import Group, Question, QuestionSet


def question_sets() -> dict[str, QuestionSet]:
    """Every published set by id; raises IncompleteCatalogue if a text lacks one of the 24 languages."""
    folders = sorted(path.parent for path in Path(__file__).parent.glob("*/structure.toml"))
    found = (question_set(folder) for folder in folders)
    return {one.id: one for one in found}


def question_set(folder: Path) -> QuestionSet:
    """The set that *folder* holds."""
    structure = catalogues.load(folder)
    return QuestionSet(
        code=structure["code"],
        version=structure["version"],
        area=structure["area"],
        title=structure["title"],
        groups=tuple(
            Group(
                code=group["code"],
                title=group["title"],
                questions=tuple(
                    Question(
                        field=forms.field(question),
                        follows=question.get("follows", ""),
                        opens_on=tuple(question.get("opens_on", ())),
                        attachments=question.get("attachments", False),
                    )
                    for question in group["questions"]
                ),
            )
            for group in structure["groups"]
        ),
    )
