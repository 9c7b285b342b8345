"""The Commission publishes a question set through GraphQL, and everybody reads it in their own language."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.gateway.clients import Client, Refused, key
from vocabulary import languages

As = Callable[[str], Client]

PUBLISH = """mutation ($input: PublishQuestionSetInput!) { publishQuestionSet(input: $input) { questionSet {
  id version title(language: MT) area { code } urgentFor
  groups { code title questions { code text(language: HU) help(language: HU) type mandatory minimum follows opensOn appliesIf
    automatic excuses allowsFreeText allowsAttachments suggestsAlertOn choices { code label(language: HU) } } } } } }"""


def words(text: str, *, without: str = "") -> list[dict[str, str]]:
    return [{"language": one.upper(), "text": f"{text} ({one})"} for one in languages.OFFICIAL if one != without]


def a_set(code: str, **changed: Any) -> dict[str, Any]:
    questions = [
        {"code": "CO1", "text": words("found"), "help": words("what is meant"), "type": "YES_NO"},
        {"code": "CO2", "text": words("pieces"), "type": "NUMBER", "minimum": "1", "appliesIf": "CO1 = YES"},
        {
            "code": "CO3",
            "text": words("state"),
            "type": "SINGLE",
            "choices": [{"code": "WHOLE", "label": words("whole")}, {"code": "BROKEN", "label": words("broken")}],
            "mandatory": False,
            "allowsFreeText": False,
            "allowsAttachments": True,
            "suggestsAlertOn": ["BROKEN"],
        },
        {"code": "CO4", "text": words("why"), "type": "TEXT", "follows": "CO3", "opensOn": ["BROKEN"]},
    ]
    groups = [{"code": "FOUND", "title": words("group"), "questions": questions}]
    fields = {"code": code, "version": 1, "area": "cultural-objects", "title": words("title"), "groups": groups}
    return {**fields, "urgentFor": ["CO1"], **changed}


async def test_a_set_that_the_commission_publishes_is_everybodys(as_: As) -> None:
    published = await as_("commission").ask(PUBLISH, input={"idempotencyKey": key(), "questionSet": a_set("finds")})
    made = published["publishQuestionSet"]["questionSet"]
    assert (made["id"], made["version"], made["title"], made["area"]) == (
        "finds:1", 1, "title (mt)", {"code": "cultural-objects"},
    )  # fmt: skip
    assert made["urgentFor"] == ["CO1"]
    first, second, third, fourth = made["groups"][0]["questions"]
    assert (first["text"], first["help"], first["type"]) == ("found (hu)", "what is meant (hu)", "YES_NO")
    assert [one["label"] for one in first["choices"]] == ["Igen", "Nem"]
    assert (second["minimum"], second["appliesIf"], second["help"]) == ("1", "CO1 = YES", "")
    assert (third["mandatory"], third["allowsFreeText"], third["allowsAttachments"]) == (False, False, True)
    assert (third["suggestsAlertOn"], third["choices"][0]) == (["BROKEN"], {"code": "WHOLE", "label": "whole (hu)"})
    assert (fourth["follows"], fourth["opensOn"], fourth["mandatory"]) == ("CO3", ["BROKEN"], True)
    listed = await as_("it-handler").ask('{ questionSets(area: "cultural-objects", language: IT) { id title } }')
    assert listed["questionSets"] == [{"id": "finds:1", "title": "title (it)"}]


@pytest.mark.parametrize("user", ["it-handler", "it-coordinator", "de-nimic", "it-alerts"])
async def test_nobody_else_publishes(as_: As, user: str) -> None:
    found = await as_(user).cannot("publishQuestionSet", questionSet=a_set("forbidden"))
    assert found.code == "FORBIDDEN"


async def test_a_language_that_is_there_twice_is_refused_and_neither_text_is_lost(as_: As) -> None:
    twice = [*words("twice"), {"language": "GA", "text": "another"}]
    group = a_set("twice")["groups"][0]
    asked = {**group["questions"][2], "choices": [{"code": "WHOLE", "label": twice}]}
    for changed, field in (
        ({"title": twice}, "title.ga"),
        ({"groups": [{**group, "title": twice}]}, "groups[0].title.ga"),
        ({"groups": [{**group, "questions": [asked]}]}, "groups[0].questions[0].choices[0].label.ga"),
    ):
        found = await as_("commission").cannot("publishQuestionSet", questionSet=a_set("twice", **changed))
        assert found == Refused("INVALID", "REPEATED", f"questionSet.{field}")
    found = await as_("it-admin").cannot("editAuthority", id="aut_0", description=twice)
    assert found == Refused("INVALID", "REPEATED", "description.ga")


async def test_a_set_that_lacks_a_language_is_refused_at_its_text(as_: As) -> None:
    lacking = a_set("lacking", title=words("title", without="ga"))
    found = await as_("commission").cannot("publishQuestionSet", questionSet=lacking)
    assert found == Refused("INVALID", "MISSING_LANGUAGE", "questionSet.title.ga")
    listed = await as_("it-handler").ask("{ questionSets { id } }")
    assert "lacking:1" not in [one["id"] for one in listed["questionSets"]]
