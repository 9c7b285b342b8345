"""Whom to ask, over gRPC: from the copy of the directory and the service's own requests, for those who may write them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from chassis.caller import Caller
from chassis.calls import open_channel
from chassis.participants import PARTICIPANTS
from protos.requests.v1 import routing_pb2 as pb
from protos.requests.v1.routing_pb2_grpc import RoutingServiceStub
from services.directory.training.authorities import coordinator_id
from services.requests.domain.lifecycle import Status
from services.requests.wiring import requests
from tests.builders import QUALIFICATIONS, a_coordinator, a_handler, doctors, the_commission
from tests.requests.exchanges import ITALY, Asking, a_request, nurses
from vocabulary.refusals import Forbidden, Invalid, Refusal
from vocabulary.roles import LegislativeRole, UserRole

Suggest = Callable[..., Awaitable[pb.SuggestRecipientsResponse]]
ASKED = {"area": QUALIFICATIONS, "country": "SK", "concept_ids": ["doctor"]}
LIMIC = LegislativeRole.LIMIC


@pytest.fixture
async def suggest(asking: Asking) -> AsyncIterator[Suggest]:
    """Asks another replica on the same store."""
    async with requests(asking.settings) as server, open_channel(f"127.0.0.1:{server.port}") as channel:
        stub = RoutingServiceStub(channel)

        async def suggested(caller: Caller = ITALY, **changed: Any) -> pb.SuggestRecipientsResponse:
            message = pb.SuggestRecipientsRequest(**{**ASKED, **changed})
            return await asking.peer(caller).call(stub.SuggestRecipients, message)

        yield suggested


def reasons(suggestion: pb.RecipientSuggestion) -> dict[str, int]:
    return {pb.RoutingReason.Name(one.reason).removeprefix("ROUTING_REASON_"): one.points for one in suggestion.reasons}


def score(answer: pb.SuggestRecipientsResponse, authority_id: str) -> dict[str, int]:
    return next((reasons(one) for one in answer.suggestions if one.authority_id == authority_id), {})


async def test_who_is_competent_for_the_concept_is_suggested_and_every_point_has_its_reason(suggest: Suggest) -> None:
    answer = await suggest()
    assert not answer.coordinators_instead
    assert score(answer, doctors("SK")).items() >= {("CONCEPT", 50), ("LEVEL", 15)}
    for one in answer.suggestions:
        assert one.score == sum(reason.points for reason in one.reasons)
        concepts = [
            list(reason.concept_ids) for reason in one.reasons if "CONCEPT" in pb.RoutingReason.Name(reason.reason)
        ]
        assert concepts == [["doctor"]]
    scores = [one.score for one in answer.suggestions]
    assert scores == sorted(scores, reverse=True)
    assert reasons(answer.suggestions[0])["CONCEPT"] == 50
    # The coordinator of the area has every keyword of it, and is competent for none alone.
    assert score(answer, coordinator_id("SK", QUALIFICATIONS))["CONCEPT"] == 25
    assert nurses("SK") not in {one.authority_id for one in answer.suggestions}


async def test_a_language_of_the_writer_is_named_where_the_other_understands_it(suggest: Suggest) -> None:
    answer = await suggest(a_handler("CZ"), concept_ids=[], first=50)
    shared = [
        (reason.points, list(reason.languages))
        for one in answer.suggestions
        for reason in one.reasons
        if reason.reason == pb.ROUTING_REASON_SHARED_LANGUAGE
    ]
    assert shared
    assert all(points == (15 if languages[0] == "cz" else 8) for points, languages in shared)


async def test_a_broader_concept_finds_the_authority_that_the_narrower_belongs_to(suggest: Suggest) -> None:
    found = score(await suggest(concept_ids=["specialist_doctor", "doctor"]), doctors("SK"))
    assert found.items() >= {("CONCEPT", 25), ("BROADER_CONCEPT", 17)}


async def test_where_nobody_is_competent_the_coordinator_of_the_area_is(suggest: Suggest) -> None:
    """A keyword of another area: the coordinator forwards."""
    answer = await suggest(concept_ids=["explosives"])
    assert answer.coordinators_instead
    assert answer.suggestions[0].authority_id == coordinator_id("SK", QUALIFICATIONS)
    assert reasons(answer.suggestions[0])["COORDINATOR_OF_AREA"] == 30


async def test_without_a_concept_the_coordinator_leads_the_others(suggest: Suggest) -> None:
    answer = await suggest(concept_ids=[], first=50)
    assert not answer.coordinators_instead
    assert answer.suggestions[0].authority_id == coordinator_id("SK", QUALIFICATIONS)
    assert {doctors("SK"), nurses("SK")} <= {one.authority_id for one in answer.suggestions}


async def test_what_is_open_at_an_authority_lowers_its_score_until_it_is_closed(
    asking: Asking, suggest: Suggest
) -> None:
    finland = a_handler("FI")
    before = score(await suggest(country="FI"), doctors("FI"))
    assert before["WORKLOAD"] == 10
    for status in (Status.SENT, Status.ACCEPTED, Status.ANSWERED, Status.DRAFT, Status.WITHDRAWN, Status.CLOSED):
        await a_request(asking, status, requester=a_handler("MT"), responder=finland)
    answer = await suggest(country="FI")
    assert answer.suggestions[0].open_requests == 3
    assert score(answer, doctors("FI"))["WORKLOAD"] == 7
    # What it asks itself is no work of its own.
    await a_request(asking, Status.SENT, requester=finland, responder=a_handler("MT"))
    assert (await suggest(country="FI")).suggestions[0].open_requests == 3


async def test_replies_given_to_the_own_authority_count_and_those_to_the_same_questions_more(
    asking: Asking, suggest: Suggest
) -> None:
    latvia, croatia = a_handler("LV"), a_handler("HR")
    await a_request(asking, Status.ACCEPTED, requester=croatia, responder=latvia)
    asked = {"country": "LV", "question_codes": ["PQ1"]}
    assert "ANSWERED_BEFORE" not in score(await suggest(croatia, **asked), doctors("LV"))
    await a_request(asking, Status.ANSWERED, requester=croatia, responder=latvia)
    assert score(await suggest(croatia, **asked), doctors("LV"))["ANSWERED_BEFORE"] == 10
    asked["question_codes"] = ["PQ7"]
    assert score(await suggest(croatia, **asked), doctors("LV"))["ANSWERED_BEFORE"] == 5
    # Nobody learns whom another authority has asked.
    assert "ANSWERED_BEFORE" not in score(await suggest(a_handler("EE"), **asked), doctors("LV"))


async def test_who_takes_part_no_more_is_not_suggested(asking: Asking, suggest: Suggest) -> None:
    """The copy follows the directory by its events; here its entry is what an event would have made it."""
    entry = await asking.documents.get(PARTICIPANTS, nurses("CZ"))
    assert entry is not None
    asked = {"country": "CZ", "concept_ids": ["nurse"]}
    assert score(await suggest(**asked), nurses("CZ"))
    entry.body["participant"]["status"] = "SUSPENDED"  # type: ignore[index, call-overload]
    await asking.documents.compare_and_set(PARTICIPANTS, entry)
    assert not score(await suggest(**asked), nurses("CZ"))


async def test_a_region_leaves_out_who_does_not_serve_it(suggest: Suggest) -> None:
    answer = await suggest(country="DE", concept_ids=[], region="DE-BY", first=50)
    assert all("REGION" in reasons(one) and "LEVEL" not in reasons(one) for one in answer.suggestions)
    everywhere = await suggest(country="DE", concept_ids=[], first=50)
    assert len(answer.suggestions) < len(everywhere.suggestions)


async def test_the_same_question_has_the_same_answer_and_a_shorter_one_is_its_beginning(suggest: Suggest) -> None:
    whole = await suggest(country="PL", concept_ids=[], first=20)
    assert await suggest(country="PL", concept_ids=[], first=20) == whole
    assert list((await suggest(country="PL", concept_ids=[], first=3)).suggestions) == list(whole.suggestions)[:3]
    assert list((await suggest(country="PL", concept_ids=[])).suggestions) == list(whole.suggestions)[:10]


@pytest.mark.parametrize(
    "caller",
    [
        a_handler("IT", UserRole.VIEWER),
        a_handler("IT", UserRole.ALLOCATOR),
        a_handler("IT", module="services/requests"),
        the_commission(),
        Caller(service="alerts"),
    ],
)
async def test_nobody_may_ask_who_writes_no_requests_in_the_area(suggest: Suggest, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        await suggest(caller)


@pytest.mark.parametrize("caller", [a_handler("IT", UserRole.SUPERVISOR), a_coordinator("IT", LIMIC)])
async def test_supervisors_and_coordinators_may_ask_too_and_are_never_told_to_ask_themselves(
    suggest: Suggest, caller: Caller
) -> None:
    answer = await suggest(caller)
    assert answer.suggestions
    assert caller.authority_id not in {one.authority_id for one in answer.suggestions}


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"country": ""}, "country", "UNKNOWN_COUNTRY"),
        ({"country": "XX"}, "country", "UNKNOWN_COUNTRY"),
        ({"country": "IT"}, "country", "OWN_COUNTRY"),
        ({"concept_ids": ["doctor", "wizard"]}, "concepts[1]", "UNKNOWN_CONCEPT"),
        ({"concept_ids": ["doctor"] * 21}, "concepts", "TOO_MANY"),
        ({"question_codes": ["PQ1", "PW1"]}, "questions[1]", "UNKNOWN_QUESTION"),
        ({"question_codes": ["PQ1"] * 101}, "questions", "TOO_MANY"),
        ({"region": "IT-62"}, "region", "UNKNOWN_REGION"),
        ({"region": "SK"}, "region", "UNKNOWN_REGION"),
        ({"region": "nowhere"}, "region", "UNKNOWN_REGION"),
        ({"first": 51}, "first", "PAGE_SIZE"),
        ({"first": -1}, "first", "PAGE_SIZE"),
    ],
)
async def test_what_is_asked_for_wrongly_is_refused_by_name(
    suggest: Suggest, changed: dict[str, Any], field: str, reason: str
) -> None:
    refusal = await refused(suggest, **changed)
    assert (type(refusal), refusal.field, refusal.reason) == (Invalid, field, reason)


async def test_an_area_without_requests_is_refused(suggest: Suggest) -> None:
    nowhere = a_handler("IT", module="wizardry/requests")
    refusal = await refused(suggest, caller=nowhere, area="wizardry")
    assert (type(refusal), refusal.field, refusal.reason) == (Invalid, "area", "UNKNOWN_AREA")


async def refused(suggest: Suggest, caller: Caller = ITALY, **changed: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        await suggest(caller, **changed)
    return found.value
