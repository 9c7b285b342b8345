"""Requests for information through GraphQL."""

from collections.abc import Callable

import pytest

from tests.builders import doctors
from tests.gateway.clients import Client, Data, Refused, key
from tests.gateway.exchanges import ANSWERS, SET, a_draft, a_request, text

As = Callable[[str], Client]
STATUS = "request { status revision }"


async def test_questions_are_asked_in_one_language_and_answered_in_another(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    sets = await italy.ask(
        """{ questionSets(area: "professional-qualifications") {
          id version title area { code name }
          groups { code title questions { code text type follows opensOn allowsAttachments choices { code label } } } } }"""
    )
    (chosen,) = sets["questionSets"]
    assert (chosen["id"], chosen["area"]["name"]) == (SET, "Riconoscimento delle qualifiche professionali")
    questions = {one["code"]: one for group in chosen["groups"] for one in group["questions"]}
    assert questions["PQ1"]["type"] == "SINGLE"
    assert questions["PQ3a"]["follows"] == "PQ3"
    id_ = await a_request(italy, hungary, "ANSWERED", desiredDate="2030-01-31")
    read = """query ($id: ID!, $language: Language) { request(id: $id, language: $language) {
      number status view requester { id } responder { id } requesterCountry { name } responderCountry { code }
      area { code } questionSet { id } desiredDate
      subject { __typename ... on Person { givenName familyName birthDate } }
      justification { original language dataClass }
      questions { question { code text } comment { original } files { id } } files { id }
      answers { question { code text } value { type choices { code label } text { original } files { id } } }
      history { action from to authority { id } reason { original } } } }"""
    seen: Data = (await hungary.ask(read, id=id_, language="HU"))["request"]
    back: Data = (await italy.ask(read, id=id_, language=None))["request"]
    assert seen["number"].startswith("RQ-")
    assert (seen["status"], seen["view"], seen["desiredDate"]) == ("ANSWERED", "FULL", "2030-01-31")
    assert (seen["requester"]["id"], seen["responder"]["id"]) == (doctors("IT"), doctors("HU"))
    assert (seen["requesterCountry"]["name"], back["requesterCountry"]["name"]) == ("Olaszország", "Italia")
    assert seen["subject"] == {
        "__typename": "Person",
        "givenName": "Eszter",
        "familyName": "Mintás",
        "birthDate": "1988-03-14",
    }
    assert seen["justification"] == {"original": "Verifica del titolo", "language": "IT", "dataClass": "PERSONAL"}
    for one in (seen, back):
        assert [asked["question"]["code"] for asked in one["questions"]] == ["PQ1", "PQ3"]
        assert [answer["value"]["choices"][0]["code"] for answer in one["answers"]] == ["GENUINE", "YES"]
    assert back["answers"][0]["value"]["choices"][0]["label"] == "Autentico"
    assert seen["answers"][0]["value"]["choices"][0]["label"] != "Autentico"
    assert back["answers"][0]["question"]["text"] == questions["PQ1"]["text"] != seen["answers"][0]["question"]["text"]
    assert [(one["action"], one["to"]) for one in back["history"]] == [
        ("CREATE", "DRAFT"),
        ("SEND", "SENT"),
        ("ACCEPT", "ACCEPTED"),
        ("ANSWER", "ANSWERED"),
    ]


async def test_every_command_on_the_way_to_closure(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    made = await italy.do("createRequest", "request { id status revision number }", draft=a_draft(questions=[]))
    id_ = made["id"]
    assert (made["status"], made["revision"]) == ("DRAFT", 1)
    assert await italy.do("editRequest", STATUS, id=id_, draft=a_draft()) == {"status": "DRAFT", "revision": 2}
    assert await italy.do("sendRequest", STATUS, id=id_) == {"status": "SENT", "revision": 3}
    assert await hungary.do("acceptRequest", STATUS, id=id_) == {"status": "ACCEPTED", "revision": 4}
    saved = await hungary.do("saveAnswers", "request { status answers { question { code } } }", id=id_, answers=ANSWERS)
    assert saved == {"status": "ACCEPTED", "answers": [{"question": {"code": "PQ1"}}, {"question": {"code": "PQ3"}}]}
    assert await hungary.do("answerRequest", STATUS, id=id_) == {"status": "ANSWERED", "revision": 6}
    # What is only saved, the requester does not observe.
    assert await italy.do("closeRequest", STATUS, id=id_) == {"status": "CLOSED", "revision": 6}
    assert await italy.cannot("closeRequest", id=id_) == Refused("CONFLICT", "TRANSITION")


async def test_a_request_can_be_withdrawn_with_a_reason(as_: As) -> None:
    italy = as_("it-handler")
    id_ = await a_request(italy, as_("hu-handler"), "ACCEPTED")
    assert (await italy.cannot("withdrawRequest", id=id_)).code == "INVALID"
    done = await italy.do(
        "withdrawRequest", "request { status history { reason { original } } }", id=id_, reason=text("Non serve più")
    )
    assert done["status"] == "WITHDRAWN"
    assert done["history"][-1]["reason"]["original"] == "Non serve più"


REFUSALS: list[tuple[str, str, str, Data, Refused]] = [
    ("sendRequest", "hu-handler", "DRAFT", {}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("sendRequest", "it-viewer", "DRAFT", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("editRequest", "it-handler", "SENT", {"draft": a_draft()}, Refused("CONFLICT", "TRANSITION")),
    ("acceptRequest", "it-handler", "SENT", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("saveAnswers", "hu-handler", "SENT", {"answers": []}, Refused("CONFLICT", "TRANSITION")),
    ("closeRequest", "hu-handler", "ANSWERED", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("withdrawRequest", "fr-alerts", "SENT", {}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    (
        "answerRequest",
        "hu-handler",
        "ACCEPTED",
        {"answers": [ANSWERS[0], {"questionCode": "PQ3", "value": {"codes": ["MAYBE"]}}]},
        Refused("INVALID", "UNKNOWN_CHOICE", "answers[1].value.codes[0]"),
    ),
]


@pytest.mark.parametrize(("mutation", "user", "status", "fields", "refused"), REFUSALS)
async def test_a_command_is_refused_where_it_does_not_belong(
    as_: As, mutation: str, user: str, status: str, fields: Data, refused: Refused
) -> None:
    id_ = await a_request(as_("it-handler"), as_("hu-handler"), status)
    found = await as_(user).cannot(mutation, id=id_, **fields)
    assert (found.code, found.field) == (refused.code, refused.field)
    if refused.code == "INVALID":
        assert found == refused
    seen = await as_("it-handler").ask("query ($id: ID!) { request(id: $id) { status } }", id=id_)
    assert seen == {"request": {"status": status}}


async def test_the_same_command_again_has_no_second_effect(as_: As) -> None:
    italy, given = as_("it-handler"), key()
    first = await italy.do("createRequest", "request { id revision }", idempotencyKey=given, draft=a_draft())
    assert await italy.do("createRequest", "request { id revision }", idempotencyKey=given, draft=a_draft()) == first


async def test_whom_it_is_about_is_hidden_from_the_responder_until_it_accepts(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    id_ = await a_request(italy, hungary, "SENT")
    read = "query ($id: ID!) { request(id: $id) { view subject { __typename } } }"
    assert (await hungary.ask(read, id=id_))["request"] == {"view": "WITHOUT_SUBJECT", "subject": None}
    await hungary.do("acceptRequest", STATUS, id=id_)
    assert (await hungary.ask(read, id=id_))["request"] == {"view": "FULL", "subject": {"__typename": "Person"}}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            {"company": {"name": "Rossi srl"}},
            {"__typename": "Company", "name": "Rossi srl", "registrationNumber": None},
        ),
        ({"document": {"title": "Laurea", "reference": "7/B"}}, {"__typename": "Document", "reference": "7/B"}),
    ],
)
async def test_a_request_may_be_about_a_company_or_a_document(as_: As, given: Data, shown: Data) -> None:
    made = await as_("it-handler").do(
        "createRequest",
        """request { subject { __typename ... on Company { name registrationNumber }
                     ... on Document { reference } } }""",
        draft=a_draft(subject=given),
    )
    assert made == {"subject": shown}


LIST = """query ($list: RequestList!, $filter: RequestFilter, $first: Int, $after: String) {
  requests(list: $list, filter: $filter, first: $first, after: $after) {
    pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id status } } } }"""


async def listed(client: Client, list_: str, **narrowed: object) -> list[Data]:
    """Every request of a list, in pages of three."""
    found: list[Data] = []
    after: str | None = None
    while True:
        page = (await client.ask(LIST, list=list_, filter=narrowed, first=3, after=after))["requests"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_lists_show_what_each_side_has_to_do(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    drafts = {await a_request(italy, hungary) for _ in range(2)}
    sent = {await a_request(italy, hungary, "SENT") for _ in range(4)}
    answered = {await a_request(italy, hungary, "ANSWERED")}

    async def ids(client: Client, list_: str, **narrowed: object) -> set[str]:
        found = [node["id"] for node in await listed(client, list_, **narrowed)]
        assert len(found) == len(set(found))
        return set(found)

    assert drafts <= await ids(italy, "DRAFTS")
    assert not drafts & await ids(hungary, "RECEIVED")
    assert sent | answered <= await ids(italy, "SENT")
    assert sent | answered <= await ids(hungary, "RECEIVED")
    waiting = await ids(hungary, "ACTION_REQUIRED")
    assert sent <= waiting
    assert not answered & waiting
    assert answered <= await ids(italy, "ACTION_REQUIRED")
    narrowed = await ids(hungary, "RECEIVED", statuses=["ANSWERED"])
    assert answered <= narrowed
    assert not sent & narrowed
    assert not sent & await ids(italy, "OVERDUE")
    assert await ids(as_("fr-alerts"), "RECEIVED") == set()


async def test_what_can_be_done_is_known_beforehand_and_why_not_what_cannot(as_: As) -> None:
    id_ = await a_request(as_("it-handler"), as_("hu-handler"), "SENT")
    document = """query ($id: ID!) { request(id: $id) { tasks actions { action possible code reason message } } }"""
    for user, possible, tasks in (
        ("it-handler", {"WITHDRAW"}, []),
        ("hu-handler", {"ACCEPT", "FORWARD"}, ["ACCEPT"]),
        ("it-supervisor", {"WITHDRAW", "ASSIGN"}, []),
        ("it-viewer", set(), []),
    ):
        seen = (await as_(user).ask(document, id=id_))["request"]
        assert {one["action"] for one in seen["actions"] if one["possible"]} == possible
        assert seen["tasks"] == tasks
        for one in seen["actions"]:
            assert (one["code"] is None) is one["possible"]
            assert (one["message"] is None) is one["possible"]


async def test_many_requests_say_what_can_be_done_in_one_call(as_: As) -> None:
    italy = as_("it-handler")
    for _ in range(3):
        await a_request(italy, as_("hu-handler"), "SENT")
    document = """{ requests(list: SENT, first: 3) { edges { node { id actions { possible } family { id } parent { id } } } } }"""
    edges = (await italy.ask(document))["requests"]["edges"]
    for edge in edges:
        assert any(one["possible"] for one in edge["node"]["actions"])
        assert edge["node"]["family"] == [{"id": edge["node"]["id"]}]
        assert edge["node"]["parent"] is None


MORE_REFUSALS: list[tuple[str, str, str, Data, Refused]] = [
    ("forwardRequest", "hu-handler", "SENT", {"responderId": doctors("HU")}, Refused("INVALID", "MISSING_FIELD", "reason")),
    (
        "forwardRequest",
        "hu-handler",
        "SENT",
        {"responderId": doctors("HU"), "reason": text("x", "HU")},
        Refused("INVALID", "SAME_RESPONDER", "responderId"),
    ),
    (
        "splitRequest",
        "hu-handler",
        "ACCEPTED",
        {"responderId": doctors("HU"), "questionCodes": ["PQ1", "PQ3"]},
        Refused("INVALID", "SAME_RESPONDER", "responderId"),
    ),
    ("acceptProposedDate", "it-handler", "ACCEPTED", {}, Refused("CONFLICT", "NO_PROPOSED_DATE")),
    ("releaseAnswers", "hu-handler", "ACCEPTED", {"questionCodes": []}, Refused("INVALID", "EMPTY", "questionCodes")),
    ("requestMoreInformation", "it-handler", "ANSWERED", {}, Refused("INVALID", "MISSING_FIELD", "text")),
    ("giveMoreInformation", "hu-handler", "ANSWERED", {}, Refused("CONFLICT", "TRANSITION")),
    ("refuseMoreInformation", "it-handler", "ANSWERED", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("acceptRefusal", "it-handler", "ANSWERED", {}, Refused("CONFLICT", "TRANSITION")),
    ("referRequest", "hu-handler", "ANSWERED", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("giveOpinion", "it-handler", "ANSWERED", {"text": text("x")}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("decideReferral", "it-handler", "ANSWERED", {"verdict": "SATISFACTORY"}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("approveRequest", "it-handler", "SENT", {}, Refused("FORBIDDEN", "FORBIDDEN")),
    ("returnRequest", "fr-alerts", "SENT", {}, Refused("NOT_FOUND", "NOT_FOUND", "id")),
    ("assignRequest", "it-supervisor", "SENT", {"userIds": ["usr_nobody"]}, Refused("INVALID", "UNKNOWN_USER", "userIds[0]")),
    ("deleteDraft", "it-handler", "SENT", {}, Refused("CONFLICT", "TRANSITION")),
]  # fmt: skip


@pytest.mark.parametrize(("mutation", "user", "status", "fields", "refused"), MORE_REFUSALS)
async def test_every_later_command_is_refused_by_name_with_nothing_changed(
    as_: As, mutation: str, user: str, status: str, fields: Data, refused: Refused
) -> None:
    id_ = await a_request(as_("it-handler"), as_("hu-handler"), status)
    assert await as_(user).cannot(mutation, id=id_, **fields) == refused
    seen = await as_("it-handler").ask("query ($id: ID!) { request(id: $id) { status } }", id=id_)
    assert seen == {"request": {"status": status}}
