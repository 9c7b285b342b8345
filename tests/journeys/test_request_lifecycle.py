"""Requests from end to end through GraphQL, with everybody who can have a part in one."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.servers import Servers
from services.directory.training.authorities import coordinator_id
from tests.builders import QUALIFICATIONS, doctors
from tests.gateway.clients import WEBSOCKET, Client, Data, Refused, eventually, within
from tests.gateway.exchanges import ANSWERS, a_draft, a_request, text
from tests.journeys.staging import a_stage, prepared_engines
from tests.requests.exchanges import nurses
from tests.requests.people import Directory, user_id

STATUS = "request { status }"
READ = """query ($id: ID!) { request(id: $id) {
  status view revision subject { __typename } proposedDate agreedDate desiredDate tasks
  requester { id } responder { id } formerResponders { id } parent { id } family { id status responder { id } }
  questions { question { code } } answers { released question { code } value { choices { code } } }
  splitOff { id questionCodes responder { id } }
  moreInformation { text { original } given { original } refusal { original } questionCodes settledAt }
  opinions { authority { id } verdict text { original } } evaluation { timeliness effort } handlers { name }
  history { action from to authority { id } reason { original } } } }"""
ACTIONS = "query ($id: ID!) { request(id: $id) { actions { action possible code reason } } }"
TODO = "{ requests(list: ACTION_REQUIRED, first: 100) { edges { node { id tasks } } } }"


@dataclass(frozen=True, slots=True)
class Stage:
    """A system with its cast."""

    as_: Callable[[str], Client]
    directory: Directory

    async def read(self, who: str, id_: str) -> Data:
        """What somebody sees of a request that they may know of."""
        found: Data = (await self.as_(who).ask(READ, id=id_))["request"]
        return found

    async def todo(self, who: str, id_: str) -> list[str]:
        """Why the request is on somebody's list of things to do; nothing, if it is not."""
        edges = (await self.as_(who).ask(TODO))["requests"]["edges"]
        return next((edge["node"]["tasks"] for edge in edges if edge["node"]["id"] == id_), [])

    async def a_request(self, status: str, **draft: Any) -> str:
        return await a_request(self.as_("it-handler"), self.as_("hu-handler"), status, **draft)


@pytest.fixture(autouse=True)
async def engines(servers: Servers | None, tmp_path: Path) -> AsyncIterator[None]:
    """Engines for each journey: they count what they find."""
    async with prepared_engines(servers, tmp_path / "prepared"):
        yield


@pytest.fixture
async def stage(data: Path) -> AsyncIterator[Stage]:
    async with a_stage(data) as one:
        yield Stage(one.as_, one.directory)


async def test_the_subject_is_hidden_until_acceptance_and_a_date_needs_both(stage: Stage) -> None:
    """The responder learns whom it is about when it accepts; a counter-proposed date needs the requester (rows 17, 18)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    id_ = await stage.a_request("SENT", desiredDate="2998-01-01")
    before = await stage.read("hu-handler", id_)
    assert (before["view"], before["subject"], before["tasks"]) == ("WITHOUT_SUBJECT", None, ["ACCEPT"])
    accepted = await hungary.do(
        "acceptRequest", "request { status subject { __typename } agreedDate }", id=id_, proposedDate="2999-01-01"
    )
    assert accepted == {"status": "ACCEPTED", "subject": {"__typename": "Person"}, "agreedDate": None}
    assert await stage.todo("it-handler", id_) == ["DECIDE_ON_DATE"]
    assert (await hungary.cannot("acceptProposedDate", id=id_)).code == "FORBIDDEN"
    await italy.do("acceptProposedDate", STATUS, id=id_)
    agreed = await stage.read("hu-handler", id_)
    assert (agreed["proposedDate"], agreed["agreedDate"]) == (None, "2999-01-01")
    assert await stage.todo("it-handler", id_) == []
    assert await italy.cannot("refuseProposedDate", id=id_) == Refused("CONFLICT", "NO_PROPOSED_DATE")


async def test_it_is_forwarded_before_and_after_acceptance_and_everybody_is_told(stage: Stage) -> None:
    """It is forwarded before acceptance and after it, with a reason, and never in a circle (row 21)."""
    hungary, doctors_, third = stage.as_("hu-handler"), doctors("HU"), stage.as_("hu-nurses")
    id_ = await stage.a_request("ACCEPTED")
    listen = "subscription { requestChanges { action request { id responder { id } } } }"
    async with stage.as_("it-handler").listening(WEBSOCKET, listen) as items:
        await within(items)
        fields = {"id": id_, "responderId": nurses("HU"), "reason": text("nem hozzánk tartozik", "HU")}
        await hungary.do("forwardRequest", STATUS, **fields)
        heard: Data = {"action": None}
        while heard["action"] != "FORWARD":
            heard = (await within(items))["data"]["requestChanges"]
        assert heard == {"action": "FORWARD", "request": {"id": id_, "responder": {"id": nurses("HU")}}}
    theirs = await stage.read("hu-nurses", id_)
    assert (theirs["status"], theirs["subject"], theirs["tasks"]) == ("SENT", None, ["ACCEPT"])
    former = await stage.read("hu-handler", id_)
    assert (former["view"], former["subject"], former["status"]) == ("WITHOUT_ANSWERS", None, "SENT")
    assert (await hungary.cannot("acceptRequest", id=id_)).code == "FORBIDDEN"
    # Before acceptance its coordinator may do it too, and never back to where it was.
    back = {"id": id_, "responderId": doctors_, "reason": text("vissza", "HU")}
    assert await stage.as_("hu-limic").cannot("forwardRequest", **back) == Refused(
        "INVALID", "FORWARDING_LOOP", "responderId"
    )
    no_reason = await third.cannot("forwardRequest", id=id_, responderId=coordinator_id("HU", QUALIFICATIONS))
    assert no_reason == Refused("INVALID", "MISSING_FIELD", "reason")
    await third.do("acceptRequest", STATUS, id=id_)
    answered = await third.do("answerRequest", STATUS, id=id_, answers=ANSWERS)
    assert answered == {"status": "ANSWERED"}
    mine = await stage.read("it-handler", id_)
    assert [one["id"] for one in mine["formerResponders"]] == [doctors_]
    assert [one["reason"]["original"] for one in mine["history"] if one["action"] == "FORWARD"] == [
        "nem hozzánk tartozik"
    ]
    assert (await stage.read("hu-handler", id_))["answers"] == []


async def test_a_part_of_it_goes_to_another_authority_and_the_requester_sees_one_family(stage: Stage) -> None:
    """A proper subset of the questions is split off, and the requester has one view of the family (row 22)."""
    hungary, third = stage.as_("hu-handler"), stage.as_("hu-nurses")
    id_ = await stage.a_request("ACCEPTED", questions=[{"code": "PQ1"}, {"code": "PQ3"}, {"code": "PQ5"}])
    split = await hungary.ask(
        """mutation ($input: SplitRequestInput!) { splitRequest(input: $input) {
             request { questions { question { code } } splitOff { id } } } }""",
        input={
            "idempotencyKey": "split", "id": id_, "responderId": nurses("HU"), "questionCodes": ["PQ3", "PQ5"],
        },
    )  # fmt: skip
    parent = split["splitRequest"]["request"]
    child_id = parent["splitOff"][0]["id"]
    assert parent["questions"] == [{"question": {"code": "PQ1"}}]

    async def family() -> list[Data] | None:
        found = await stage.read("it-handler", id_)
        return found["family"] if len(found["family"]) == 2 else None

    both = await eventually(family)
    assert both == [
        {"id": id_, "status": "ACCEPTED", "responder": {"id": doctors("HU")}},
        {"id": child_id, "status": "SENT", "responder": {"id": nurses("HU")}},
    ]
    child = await stage.read("hu-nurses", child_id)
    assert [one["question"]["code"] for one in child["questions"]] == ["PQ3", "PQ5"]
    assert (child["subject"], child["parent"], [one["id"] for one in child["family"]]) == (None, None, [child_id])
    assert (await stage.read("it-handler", child_id))["parent"] == {"id": id_}
    assert (await stage.read("hu-handler", id_))["splitOff"] == [
        {"id": child_id, "questionCodes": ["PQ3", "PQ5"], "responder": {"id": nurses("HU")}}
    ]
    await third.do("acceptRequest", STATUS, id=child_id)
    theirs = [ANSWERS[1], {"questionCode": "PQ5", "value": {"codes": ["FULL"]}}]
    assert await third.do("answerRequest", STATUS, id=child_id, answers=theirs) == {"status": "ANSWERED"}
    assert await hungary.do("answerRequest", STATUS, id=id_, answers=ANSWERS[:1]) == {"status": "ANSWERED"}
    for one in (id_, child_id):
        assert await stage.as_("it-handler").do("closeRequest", STATUS, id=one) == {"status": "CLOSED"}


async def test_where_it_is_settled_a_coordinator_approves_what_is_sent_and_replied(stage: Stage) -> None:
    """Neither what is sent nor what is replied gets out before the coordinator has approved it (row 23)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    for country, what in (("IT", "approve_outgoing"), ("HU", "approve_reply")):
        approver = coordinator_id(country, QUALIFICATIONS)
        await stage.directory.settle(doctors(country), approval_coordinator=approver, **{what: True})
    id_ = await stage.a_request("DRAFT")
    assert await italy.do("sendRequest", STATUS, id=id_) == {"status": "PENDING_SEND_APPROVAL"}
    assert (await hungary.ask("query ($id: ID!) { node(id: $id) { id } }", id=id_)) == {"node": None}
    assert await stage.todo("it-limic", id_) == ["APPROVE_SENDING"]
    seen = await stage.read("it-limic", id_)
    assert (seen["view"], seen["subject"]) == ("WITHOUT_PERSONAL_DATA", None)
    assert (await italy.cannot("approveRequest", id=id_)).code == "FORBIDDEN"
    assert await stage.as_("it-limic").cannot("returnRequest", id=id_) == Refused("INVALID", "MISSING_FIELD", "reason")
    await stage.as_("it-limic").do("returnRequest", STATUS, id=id_, reason=text("più precisi"))
    assert await stage.todo("it-handler", id_) == ["CORRECT_DRAFT"]
    await italy.do("editRequest", STATUS, id=id_, draft=a_draft())
    await italy.do("sendRequest", STATUS, id=id_)
    assert await stage.as_("it-limic").do("approveRequest", STATUS, id=id_) == {"status": "SENT"}
    await hungary.do("acceptRequest", STATUS, id=id_)
    replied = await hungary.do("answerRequest", STATUS, id=id_, answers=ANSWERS)
    assert replied == {"status": "PENDING_REPLY_APPROVAL"}
    assert (await stage.read("it-handler", id_))["answers"] == []
    assert await stage.todo("hu-limic", id_) == ["APPROVE_REPLY"]
    assert await stage.as_("hu-limic").do("approveRequest", STATUS, id=id_) == {"status": "ANSWERED"}
    assert len((await stage.read("it-handler", id_))["answers"]) == 2


async def test_a_partial_reply_more_information_a_refusal_and_a_referral_lead_to_the_closure(stage: Stage) -> None:
    """Answers are released in part; more is asked for, refused and referred until it can be closed (rows 24, 25)."""
    italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
    id_ = await stage.a_request("ACCEPTED")
    await hungary.do("saveAnswers", STATUS, id=id_, answers=ANSWERS)
    await hungary.do("releaseAnswers", STATUS, id=id_, questionCodes=["PQ1"])
    assert [one["question"]["code"] for one in (await stage.read("it-handler", id_))["answers"]] == ["PQ1"]
    changed = {"answers": [{"questionCode": "PQ1", "value": {"codes": ["NOT_GENUINE"]}}]}
    assert await hungary.cannot("saveAnswers", id=id_, **changed) == Refused(
        "INVALID", "RELEASED", "answers[0].questionCode"
    )
    await hungary.do("answerRequest", STATUS, id=id_)
    await italy.do("requestMoreInformation", STATUS, id=id_, questions=[{"code": "PQ5"}], text=text("di che tipo?"))
    assert await stage.todo("hu-handler", id_) == ["GIVE_MORE_INFORMATION"]
    more = [{"questionCode": "PQ5", "value": {"codes": ["FULL"]}}]
    await hungary.do("giveMoreInformation", STATUS, id=id_, answers=more)
    await italy.do("requestMoreInformation", STATUS, id=id_, text=text("da quando?"))
    await hungary.do("refuseMoreInformation", STATUS, id=id_, reason=text("nincs róla adat", "HU"))
    assert await stage.todo("it-handler", id_) == ["DECIDE_ON_REFUSAL"]
    await italy.do("referRequest", STATUS, id=id_, reason=text("serve la data"))
    assert await stage.todo("it-limic", id_) == ["GIVE_OPINION"]
    assert await stage.todo("hu-limic", id_) == ["GIVE_OPINION", "DECIDE_REFERRAL"]
    await stage.as_("it-limic").do("giveOpinion", STATUS, id=id_, text=text("la data è necessaria"))
    assert (await stage.as_("it-limic").cannot("decideReferral", id=id_, verdict="SATISFACTORY")).code == "FORBIDDEN"
    improve = {"verdict": "MUST_IMPROVE", "reason": text("pótolni kell", "HU")}
    assert await stage.as_("hu-limic").do("decideReferral", STATUS, id=id_, **improve) == {"status": "ACCEPTED"}
    await hungary.do("answerRequest", STATUS, id=id_)
    await italy.do("requestMoreInformation", STATUS, id=id_, text=text("da quando?"))
    await hungary.do("refuseMoreInformation", STATUS, id=id_, reason=text("nincs", "HU"))
    await italy.do("referRequest", STATUS, id=id_)
    await stage.as_("hu-limic").do("decideReferral", STATUS, id=id_, verdict="SATISFACTORY")
    assert await stage.todo("it-handler", id_) == ["CLOSE"]
    grades = {"timeliness": "VERY_GOOD", "effort": "FAIR"}
    await italy.do("closeRequest", STATUS, id=id_, evaluation=grades)
    closed = await stage.read("hu-handler", id_)
    assert (closed["status"], closed["evaluation"]) == ("CLOSED", grades)
    assert [(one["authority"]["id"], one["verdict"]) for one in closed["opinions"]] == [
        (coordinator_id("IT", QUALIFICATIONS), None),
        (coordinator_id("HU", QUALIFICATIONS), "MUST_IMPROVE"),
        (coordinator_id("HU", QUALIFICATIONS), "SATISFACTORY"),
    ]
    first, second, third = closed["moreInformation"]
    assert (first["questionCodes"], first["refusal"]) == (["PQ5"], None)
    assert second["refusal"] == {"original": "nincs róla adat"}
    assert third["settledAt"]


async def test_what_is_withdrawn_keeps_its_history_and_takes_no_further_step(stage: Stage) -> None:
    """Its history is kept, and every step that its status does not allow is refused as a typed conflict (rows 26, 27)."""
    italy = stage.as_("it-handler")
    id_ = await stage.a_request("ACCEPTED")
    assert await italy.cannot("withdrawRequest", id=id_) == Refused("INVALID", "MISSING_FIELD", "reason")
    await italy.do("withdrawRequest", STATUS, id=id_, reason=text("non serve più"))
    seen = await stage.read("hu-handler", id_)
    assert [(one["action"], one["to"]) for one in seen["history"]] == [
        ("SEND", "SENT"), ("ACCEPT", "ACCEPTED"), ("WITHDRAW", "WITHDRAWN"),
    ]  # fmt: skip
    assert seen["history"][-1]["reason"] == {"original": "non serve più"}
    for mutation, who, fields in (
        ("closeRequest", "it-handler", {}),
        ("acceptRequest", "hu-handler", {}),
        ("answerRequest", "hu-handler", {"answers": ANSWERS}),
        ("forwardRequest", "hu-handler", {"responderId": nurses("HU"), "reason": text("x", "HU")}),
        ("withdrawRequest", "it-handler", {"reason": text("x")}),
    ):
        assert await stage.as_(who).cannot(mutation, id=id_, **fields) == Refused("CONFLICT", "TRANSITION")
    told = (await italy.ask(ACTIONS, id=id_))["request"]["actions"]
    assert not any(one["possible"] for one in told)
    assert {one["reason"] for one in told if one["action"] == "CLOSE"} == {"TRANSITION"}
    draft = await stage.a_request("DRAFT")
    assert await italy.do("deleteDraft", STATUS, id=draft) == {"status": "DELETED"}
    assert await italy.ask("query ($id: ID!) { request(id: $id) { id } }", id=draft) == {"request": None}


async def test_an_authority_assigns_its_cases_and_each_sees_their_own(stage: Stage) -> None:
    """Where cases are assigned, only whoever was given one works on it (row 31)."""
    await stage.directory.settle(doctors("HU"), allocation=True)
    id_ = await stage.a_request("SENT")
    assert await stage.todo("hu-allocator", id_) == ["ASSIGN", "ACCEPT"]
    colleague = stage.as_("hu-colleague")
    assert await colleague.cannot("acceptRequest", id=id_) == Refused("FORBIDDEN", "NOT_ASSIGNED")
    allocator = stage.as_("hu-allocator")
    wrong = await allocator.cannot("assignRequest", id=id_, userIds=[user_id("hu-nurses")])
    assert wrong == Refused("INVALID", "UNKNOWN_USER", "userIds[0]")
    assigned = await allocator.do(
        "assignRequest",
        "request { handlers { name } subject { __typename } }",
        id=id_,
        userIds=[user_id("hu-colleague")],
    )
    assert assigned == {"handlers": [{"name": "hu-colleague"}], "subject": None}
    await colleague.do("acceptRequest", STATUS, id=id_)
    await colleague.do("saveAnswers", STATUS, id=id_, answers=ANSWERS)
    for who, how, answers in (
        ("hu-colleague", "FULL", 2),
        ("hu-supervisor", "FULL", 2),
        ("hu-handler", "WITHOUT_ANSWERS", 0),
        ("hu-allocator", "WITHOUT_PERSONAL_DATA", 2),
    ):
        seen = await stage.read(who, id_)
        assert (seen["view"], len(seen["answers"])) == (how, answers)
        assert (seen["subject"] is not None) is (how == "FULL")
    assert (await stage.read("it-handler", id_))["handlers"] == [{"name": "Request handler, Italy"}]


async def test_who_takes_no_part_learns_nothing(stage: Stage) -> None:
    id_ = await stage.a_request("ACCEPTED")
    third = stage.as_("fr-handler")
    assert await third.ask("query ($id: ID!) { node(id: $id) { id } }", id=id_) == {"node": None}
    for mutation, fields in (("closeRequest", {}), ("assignRequest", {"userIds": [user_id("hu-colleague")]})):
        assert await third.cannot(mutation, id=id_, **fields) == Refused("NOT_FOUND", "NOT_FOUND", "id")


async def test_the_writer_is_warned_of_a_name_in_the_text(stage: Stage) -> None:
    italy = stage.as_("it-handler")
    document = """mutation ($input: CreateRequestInput!) { createRequest(input: $input) {
      request { status warnings { field leak } } } }"""
    draft = a_draft(justification=text("Verifica del titolo della dott.ssa Mintás"))
    made = await italy.ask(document, input={"idempotencyKey": "warned", "draft": draft})
    assert made["createRequest"] == {
        "request": {"status": "DRAFT", "warnings": [{"field": "draft.justification", "leak": "NAME"}]},
    }
