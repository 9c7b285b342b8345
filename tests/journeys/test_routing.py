"""Somebody does not know whom to ask: the system says who is likely to be competent, and why; where nobody is, who forwards."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from services.directory.training.authorities import coordinator_id
from tests.builders import QUALIFICATIONS, doctors
from tests.gateway.clients import TIMEOUT_S, Client, Data, key
from tests.gateway.exchanges import ANSWERS, a_draft, text
from tests.requests.people import the_directory

As = Callable[[str], Client]
SUGGEST = """query ($concepts: [ID!], $region: String) {
  suggestRecipients(
    area: "professional-qualifications", country: "HU", concepts: $concepts, questions: ["PQ1"], region: $region, first: 20
  ) {
    coordinatorsInstead
    suggestions { score openRequests authority { id } reasons { reason points concepts { id } } }
  }
}"""


@pytest.fixture
async def as_(data: Path) -> AsyncIterator[As]:
    tokens = DevelopmentTokens(KeyRing(data / "keys"))
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http, the_directory(data):
        yield lambda user: Client(http, url, tokens.issue(user))


async def suggested(client: Client, *concepts: str) -> Data:
    """The suggestions, by authority, in their order; and whether they are coordinators instead."""
    answer = (await client.ask(SUGGEST, concepts=list(concepts)))["suggestRecipients"]
    by_id = {one["authority"]["id"]: one for one in answer["suggestions"]}
    scores = [one["score"] for one in answer["suggestions"]]
    assert scores == sorted(scores, reverse=True)
    return {"instead": answer["coordinatorsInstead"], "found": by_id}


def reasons(suggestion: Data) -> dict[str, int]:
    return {one["reason"]: one["points"] for one in suggestion["reasons"]}


async def test_who_is_competent_is_found_by_what_it_is_about_and_what_it_does_is_seen_in_its_score(as_: As) -> None:
    """Likely authorities are ranked, and each says what speaks for it (row 61)."""
    italy, hungary = as_("it-handler"), as_("hu-handler")
    first = await suggested(italy, "specialist_doctor")
    before = first["found"][doctors("HU")]
    assert not first["instead"]
    # It has the keyword "doctor", to which specialists belong.
    assert reasons(before)["BROADER_CONCEPT"] == 35
    assert [one["concepts"] for one in before["reasons"] if one["reason"] == "BROADER_CONCEPT"] == [
        [{"id": "specialist_doctor"}]
    ]
    assert (before["openRequests"], reasons(before)["WORKLOAD"]) == (0, 10)
    made = await italy.do("createRequest", "request { id }", draft=a_draft(responderId=doctors("HU")))
    await italy.do("sendRequest", "request { id }", id=made["id"])
    busy = (await suggested(italy, "specialist_doctor"))["found"][doctors("HU")]
    assert (busy["openRequests"], busy["score"]) == (1, before["score"] - 1)
    await hungary.do("acceptRequest", "request { id }", id=made["id"])
    await hungary.do("answerRequest", "request { id }", id=made["id"], answers=ANSWERS)
    await italy.do("closeRequest", "request { id }", id=made["id"])
    after = (await suggested(italy, "specialist_doctor"))["found"][doctors("HU")]
    assert (after["openRequests"], reasons(after)["ANSWERED_BEFORE"]) == (0, 10)
    assert after["score"] == before["score"] + 10


async def test_where_nobody_is_competent_the_coordinator_is_asked_and_forwards(as_: As) -> None:
    italy, coordinator, hungary = as_("it-handler"), as_("hu-limic"), as_("hu-handler")
    answer = await suggested(italy, "explosives")
    assert answer["instead"]
    likeliest = next(iter(answer["found"]))
    assert likeliest == coordinator_id("HU", QUALIFICATIONS)
    assert "COORDINATOR_OF_AREA" in reasons(answer["found"][likeliest])
    line = json.dumps({"key": key(), "draft": _as_lines_have_it(a_draft(responderId=likeliest))})
    response = await italy.http.post(f"{italy.url}/requests/import", content=line, headers=italy.headers)
    made, summary = map(json.loads, response.text.splitlines())
    assert summary["summary"]["created"] == 1
    await italy.do("sendRequest", "request { id }", id=made["requestId"])
    # The coordinator would forward to whom its own directory knows; its system suggests nobody of its own country.
    forwarded = {
        "id": made["requestId"],
        "responderId": doctors("HU"),
        "reason": text("az orvosi kamara illetékes", "HU"),
    }
    await coordinator.do("forwardRequest", "request { id }", **forwarded)
    accepted = await hungary.do("acceptRequest", "request { status }", id=made["requestId"])
    assert accepted["status"] == "ACCEPTED"


def _as_lines_have_it(draft: Data) -> Data:
    """Languages are BCP 47 codes outside of GraphQL."""
    justification = {**draft["justification"], "language": draft["justification"]["language"].lower()}
    return {**draft, "justification": justification}
