"""Time passes over a request: what is urgent, by when the law wants an answer, who has to act, and what happens if nobody does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

import services.requests.wiring
from chassis.caller import DEVELOPMENT_ISSUER
from services.directory.training.authorities import coordinator_id, national_id
from tests.builders import QUALIFICATIONS, doctors
from tests.gateway.clients import WEBSOCKET, Client, Data, Refused, eventually, within
from tests.gateway.exchanges import ANSWERS, a_draft, a_request, text
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage
from tests.requests.people import user_id

STATUS = "request { status }"
POSTING = "posting-of-workers"
HANDLER = {"module": f"{POSTING}/requests", "role": "REQUEST_HANDLER"}
READ = """query ($id: ID!) { request(id: $id) {
  status view subject { __typename } urgent urgentReason { original } legalDeadline dueDate history { action at } } }"""
LISTED = """query ($list: RequestList!, $filter: RequestFilter) {
  requests(list: $list, filter: $filter, first: 100) { edges { node { id tasks } } } requestCounts(filter: $filter) { list count } }"""
CHANGES = "subscription { requestChanges { action request { id } } }"
WHY = text("Il turno del lavoratore finisce domani a mezzogiorno.")


@dataclass
class Turned:
    """The clock of the requests service: as much ahead of the real one as a test has turned it."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def to(self, at: datetime) -> None:
        self.ahead = at - datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """A system whose requests service goes by `clock`."""

    stage: Stage
    clock: Turned

    async def read(self, who: str, id_: str) -> Data | None:
        found: Data | None = (await self.stage.as_(who).ask(READ, id=id_))["request"]
        return found

    async def done(self, id_: str, action: str) -> int:
        """How often something was done with a request, as its requester sees it."""
        seen = await self.read("it-handler", id_)
        assert seen is not None
        return sum(step["action"] == action for step in seen["history"])


@pytest.fixture(scope="module")
async def whole(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Scene]:
    clock = Turned()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services.requests.wiring, "clock", clock)
        async with a_stage(copy_of(trained, tmp_path_factory.mktemp("deadlines") / "data")) as stage:
            yield Scene(stage, clock)


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The system, at the time it really is."""
    whole.clock.ahead = timedelta()
    return whole


async def an_inspector(stage: Stage) -> Client:
    """Somebody who handles requests on posted workers in Germany."""
    office = national_id("DE", POSTING, "posted_workers")
    person = {"authorityId": office, "name": "Erika Muster", "language": "DE", "roles": [HANDLER]}
    sign_in = {"issuer": DEVELOPMENT_ISSUER, "subject": "de-posting"}
    if (await stage.as_("de-posting").answer("{ viewer { id } }")).get("errors"):
        await stage.as_("de-nimic").do("addUser", "user { id }", **person, signin=sign_in)
    return stage.as_("de-posting")


def a_posting(country: str = "HU", **changed: object) -> Data:
    """A draft on an undertaking that posts workers."""
    return a_draft(
        questionSetId=f"{POSTING}:1",
        responderId=national_id(country, POSTING, "posted_workers"),
        subject={"company": {"name": "Minta Kft."}},
        **{"questions": [{"code": "PW1"}], **changed},
    )


async def test_what_is_urgent_says_why_and_only_where_the_law_knows_urgency(scene: Scene) -> None:
    """Without a reason it stays a draft; where the act knows none it is refused at once (row 19)."""
    germany, italy = await an_inspector(scene.stage), scene.stage.as_("it-handler")
    made = await germany.do("createRequest", "request { id }", draft=a_posting(urgent=True))
    id_ = made["id"]
    assert await germany.cannot("sendRequest", id=id_) == Refused("INVALID", "MISSING_FIELD", "draft.urgentReason")
    for draft, refused in (
        (
            a_posting(urgent=True, urgentReason=text("subito")),
            Refused("INVALID", "TOO_SHORT", "draft.urgentReason.text"),
        ),
        (a_posting(urgentReason=WHY), Refused("INVALID", "CONTRADICTION", "draft.urgentReason")),
    ):
        assert await germany.cannot("editRequest", id=id_, draft=draft) == refused
    more = a_posting(urgent=True, urgentReason=WHY, questions=[{"code": "PW1"}, {"code": "PW3"}])
    # Only the register look-up may be asked urgently.
    assert await germany.cannot("editRequest", id=id_, draft=more) == Refused("INVALID", "NOT_URGENT", "draft.urgent")
    seen = (await germany.ask(READ, id=id_))["request"]
    assert (seen["status"], seen["legalDeadline"]) == ("DRAFT", None)
    await germany.do("editRequest", STATUS, id=id_, draft=a_posting(urgent=True, urgentReason=WHY))
    assert await germany.do("sendRequest", STATUS, id=id_) == {"status": "SENT"}
    seen = (await germany.ask(READ, id=id_))["request"]
    assert (seen["urgent"], seen["urgentReason"]) == (True, {"original": WHY["text"]})
    none = await italy.cannot("createRequest", draft=a_draft(urgent=True, urgentReason=WHY))
    assert none == Refused("INVALID", "NO_URGENT_REQUESTS", "draft.urgent")


async def test_the_last_day_of_the_law_is_counted_in_the_working_days_of_who_answers(scene: Scene) -> None:
    """15 March is a holiday in Hungary and not in France, Good Friday neither in France: the days differ by that (row 20)."""
    germany = await an_inspector(scene.stage)
    # A Friday; Monday is the 15th. Easter Monday is 29 March.
    scene.clock.to(datetime(2032, 3, 12, 10, tzinfo=UTC))
    for country, urgent, last in (
        ("FR", True, "2032-03-16"),
        ("HU", True, "2032-03-17"),
        ("FR", False, "2032-04-19"),
        ("HU", False, "2032-04-21"),
    ):
        draft = a_posting(country, **({"urgent": True, "urgentReason": WHY} if urgent else {}))
        made = await germany.do("createRequest", "request { id legalDeadline }", draft=draft)
        assert made["legalDeadline"] is None, "the time of the law begins when it is sent"
        sent = await germany.do("sendRequest", "request { status legalDeadline dueDate }", id=made["id"])
        assert sent == {"status": "SENT", "legalDeadline": last, "dueDate": last}, (country, urgent)
    # A wish for an earlier day counts, one for a later day does not.
    for wish, due in (("2032-04-01", "2032-04-01"), ("2032-06-01", "2032-04-21")):
        made = await germany.do("createRequest", "request { id }", draft=a_posting(desiredDate=wish))
        sent = await germany.do("sendRequest", "request { legalDeadline dueDate }", id=made["id"])
        assert sent == {"legalDeadline": "2032-04-21", "dueDate": due}
    italy = scene.stage.as_("it-handler")
    made = await italy.do("createRequest", "request { id }", draft=a_draft())
    assert await italy.do("sendRequest", "request { legalDeadline }", id=made["id"]) == {"legalDeadline": None}


async def listed(client: Client, which: str, **narrowed: object) -> dict[str, list[str]]:
    """The requests on one of somebody's lists, with what their authority has to do; as many as are counted."""
    answer = await client.ask(LISTED, list=which, filter=narrowed)
    found = {edge["node"]["id"]: edge["node"]["tasks"] for edge in answer["requests"]["edges"]}
    counts = {one["list"]: one["count"] for one in answer["requestCounts"]}
    assert counts[which] == len(found), which
    return found


HUNGARY = ("hu-handler", "hu-allocator", "hu-colleague")
CAST = ("it-handler", "it-limic", *HUNGARY, "hu-limic", "fr-handler")


async def test_everybody_finds_on_their_lists_what_waits_for_them_and_why(scene: Scene) -> None:
    """At each step it is on the list of the authority whose turn it is, with the reason and counted, and on no other (row 28)."""
    as_, directory = scene.stage.as_, scene.stage.directory

    async def turns(id_: str, **narrowed: object) -> dict[str, list[str]]:
        found = {who: (await listed(as_(who), "ACTION_REQUIRED", **narrowed)).get(id_) for who in CAST}
        return {who: tasks for who, tasks in found.items() if tasks is not None}

    def hungary(*tasks: str) -> dict[str, list[str]]:
        return {who: list(tasks) for who in HUNGARY}

    italy, colleague = as_("it-handler"), as_("hu-colleague")
    await directory.settle(
        doctors("IT"), approve_outgoing=True, approval_coordinator=coordinator_id("IT", QUALIFICATIONS)
    )
    await directory.settle(
        doctors("HU"), allocation=True, approve_reply=True, approval_coordinator=coordinator_id("HU", QUALIFICATIONS)
    )
    try:
        tomorrow = (scene.clock() + timedelta(days=1)).date().isoformat()
        id_ = await a_request(italy, as_("hu-handler"), "DRAFT", desiredDate=tomorrow)
        assert id_ in await listed(italy, "DRAFTS")
        assert await turns(id_) == {}
        await italy.do("sendRequest", STATUS, id=id_)
        assert await turns(id_) == {"it-limic": ["APPROVE_SENDING"]}
        await as_("it-limic").do("returnRequest", STATUS, id=id_, reason=text("più precisi"))
        assert await turns(id_) == {"it-handler": ["CORRECT_DRAFT"]}
        await italy.do("sendRequest", STATUS, id=id_)
        await as_("it-limic").do("approveRequest", STATUS, id=id_)
        assert id_ in await listed(italy, "SENT")
        assert id_ in await listed(as_("hu-handler"), "RECEIVED")
        assert await turns(id_) == hungary("ASSIGN", "ACCEPT")
        assert await turns(id_, mine=True) == {}
        await as_("hu-allocator").do("assignRequest", STATUS, id=id_, userIds=[user_id("hu-colleague")])
        # Of those who work there, only the one whom it was assigned to has it on a list of their own.
        assert await turns(id_) == hungary("ACCEPT")
        assert await turns(id_, mine=True) == {"hu-colleague": ["ACCEPT"]}
        later = (scene.clock() + timedelta(days=5)).date().isoformat()
        await colleague.do("acceptRequest", STATUS, id=id_, proposedDate=later)
        assert await turns(id_) == {"it-handler": ["DECIDE_ON_DATE"], **hungary("ANSWER")}
        await italy.do("refuseProposedDate", STATUS, id=id_)
        assert await turns(id_) == hungary("ANSWER")
        assert id_ not in await listed(italy, "OVERDUE")
        scene.clock.ahead = timedelta(days=2)
        for who in ("it-handler", "hu-colleague"):
            assert id_ in await listed(as_(who), "OVERDUE")
        await colleague.do("answerRequest", STATUS, id=id_, answers=ANSWERS)
        assert await turns(id_) == {"hu-limic": ["APPROVE_REPLY"]}
        await as_("hu-limic").do("approveRequest", STATUS, id=id_)
        assert await turns(id_) == {"it-handler": ["EVALUATE_REPLY"]}
        assert id_ not in await listed(italy, "OVERDUE")
        await italy.do("closeRequest", STATUS, id=id_)
        assert await turns(id_) == {}
    finally:
        for country in ("IT", "HU"):
            await directory.settle(
                doctors(country), approval_coordinator="", approve_outgoing=False, approve_reply=False, allocation=False
            )


async def test_a_week_without_acceptance_is_reminded_of_and_two_months_of_silence_bring_in_the_coordinators(
    scene: Scene,
) -> None:
    """Each once, on its day and not before, and whom it concerns is told (row 29)."""
    as_, clock = scene.stage.as_, scene.clock
    italy, hungary = as_("it-handler"), as_("hu-handler")
    async with (
        as_("hu-handler").listening(WEBSOCKET, CHANGES) as told,
        as_("it-limic").listening(WEBSOCKET, CHANGES) as brought_in,
    ):
        for items in (told, brought_in):
            await within(items)
        first = await a_request(italy, hungary, "SENT")
        clock.ahead = timedelta(days=3)
        second = await a_request(italy, hungary, "SENT")
        accepted = await a_request(italy, hungary, "ACCEPTED")

        async def reminded(id_: str) -> bool | None:
            return await scene.done(id_, "REMIND") == 1 or None

        # What is due later has not come about by the time that what is due has.
        clock.ahead = timedelta(days=7, hours=2)
        await eventually(partial(reminded, first))
        assert await scene.done(second, "REMIND") == 0
        clock.ahead = timedelta(days=10, hours=2)
        await eventually(partial(reminded, second))
        assert [await scene.done(id_, "REMIND") for id_ in (first, second, accepted)] == [1, 1, 0]
        heard: Data = {"action": ""}
        while (heard["action"], heard.get("request")) != ("REMIND", {"id": second}):
            heard = (await within(told))["data"]["requestChanges"]
        assert [await scene.done(id_, "INVOLVE_COORDINATORS") for id_ in (first, second)] == [0, 0]

        async def involved(id_: str) -> bool | None:
            return await scene.done(id_, "INVOLVE_COORDINATORS") == 1 or None

        await italy.do("withdrawRequest", STATUS, id=second)
        clock.ahead = timedelta(days=66)
        for id_ in (first, accepted):
            await eventually(partial(involved, id_))
        assert [await scene.done(id_, "REMIND") for id_ in (first, second, accepted)] == [1, 1, 0]
        assert await scene.done(second, "INVOLVE_COORDINATORS") == 0, "what is over is silent by right"
        while (heard["action"], heard.get("request")) != ("INVOLVE_COORDINATORS", {"id": accepted}):
            heard = (await within(brought_in))["data"]["requestChanges"]
    for who in ("it-limic", "hu-limic"):
        seen = await scene.read(who, accepted)
        assert seen is not None
        assert (seen["view"], seen["subject"]) == ("WITHOUT_PERSONAL_DATA", None)
        assert accepted in await listed(as_(who), "COORDINATED")
    assert await scene.read("fr-handler", accepted) is None
