"""Whom to ask, as clients see it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.builders import doctors
from tests.gateway.clients import Client, Refused

As = Callable[[str], Client]
ASK = """query ($area: String!, $country: String!, $concepts: [ID!], $questions: [String!], $region: String, $first: Int) {
  suggestRecipients(
    area: $area, country: $country, concepts: $concepts, questions: $questions, region: $region, first: $first, language: HU
  ) {
    coordinatorsInstead
    suggestions {
      score openRequests authority { id country { code } }
      reasons { reason points concepts { id label } languages }
    }
  }
}"""
ASKED: dict[str, Any] = {"area": "professional-qualifications", "country": "HU", "concepts": ["doctor"]}


async def test_a_suggestion_names_the_authority_and_says_why_in_the_readers_language(as_: As) -> None:
    answer = (await as_("it-handler").ask(ASK, **ASKED, questions=["PQ1"], first=5))["suggestRecipients"]
    assert not answer["coordinatorsInstead"]
    assert len(answer["suggestions"]) <= 5
    found = next(one for one in answer["suggestions"] if one["authority"]["id"] == doctors("HU"))
    assert found["authority"]["country"] == {"code": "HU"}
    assert found["score"] == sum(reason["points"] for reason in found["reasons"])
    first = found["reasons"][0]
    assert first == {
        "reason": "CONCEPT",
        "points": 50,
        "concepts": [{"id": "doctor", "label": "orvos"}],
        "languages": [],
    }
    shared = [one["languages"] for one in found["reasons"] if one["reason"] == "SHARED_LANGUAGE"]
    assert shared in ([], [["IT"]], [["EN"]], [["IT", "EN"]])


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"country": "XX"}, Refused("INVALID", "UNKNOWN_COUNTRY", "country")),
        ({"concepts": ["doctor", "wizard"]}, Refused("INVALID", "UNKNOWN_CONCEPT", "concepts[1]")),
        ({"questions": ["XX"]}, Refused("INVALID", "UNKNOWN_QUESTION", "questions[0]")),
        ({"region": "IT-62"}, Refused("INVALID", "UNKNOWN_REGION", "region")),
        ({"first": 0}, Refused("INVALID", "PAGE_SIZE", "first")),
        ({"first": 51}, Refused("INVALID", "PAGE_SIZE", "first")),
    ],
)
async def test_what_is_asked_for_wrongly_is_refused_by_name(as_: As, changed: dict[str, Any], refused: Refused) -> None:
    assert await as_("it-handler").refused(ASK, **{**ASKED, **changed}) == refused


async def test_it_is_for_those_who_write_requests(as_: As) -> None:
    assert await as_("commission").refused(ASK, **ASKED) == Refused("FORBIDDEN", "FORBIDDEN")
