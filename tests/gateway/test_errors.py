"""What a client learns when something is refused or goes wrong: a code, a reason, the input at fault; never how it works inside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from graphql import parse, validate, visit

from gateway import errors
from gateway.errors import masked
from gateway.schema import graphql_schema
from tests.builders import doctors
from tests.gateway.clients import Client, Data, Refused, key
from tests.gateway.exchanges import SET, a_draft, a_request
from tests.gateway.running import Running, a_faulty_service, a_gateway, a_service, a_system_of

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
CREATE = "mutation ($input: CreateRequestInput!) { createRequest(input: $input) { request { id } } }"


def creating(**draft: Any) -> Data:
    return {"idempotencyKey": key(), "draft": {"questionSetId": SET, **draft}}


def test_a_document_is_gone_through_once_for_all_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are up to a hundred, and whoever sends them is nobody yet."""
    gone_through = []

    def counted(*told: Any) -> Any:
        gone_through.append(told)
        return visit(*told)

    monkeypatch.setattr(errors, "visit", counted)
    document = parse(
        "{ " + " ".join(f"a{number}: areas(odd: {{x: [{number}]}}) {{ code }}" for number in range(90)) + " }"
    )
    found = validate(graphql_schema, document)
    assert len(found) == 90
    assert [masked(one, document).extensions for one in found] == [
        {"code": "INVALID", "reason": "GRAPHQL", "field": "odd"}
    ] * 90
    assert len(gone_through) == 1


async def test_nobody_is_told_to_sign_in(as_: As) -> None:
    assert await as_("").refused("{ areas { code } }") == Refused("UNAUTHENTICATED", "UNAUTHENTICATED")


async def test_what_a_person_may_not_do_is_forbidden(as_: As) -> None:
    found = await as_("it-handler").cannot("createAlert", typeId="services:1")
    assert found == Refused("FORBIDDEN", "FORBIDDEN")


async def test_what_is_not_there_is_not_found(as_: As) -> None:
    found = await as_("it-handler").cannot("sendRequest", id="req_0")
    assert found == Refused("NOT_FOUND", "NOT_FOUND", "id")


async def test_what_does_not_fit_the_state_of_things_is_a_conflict(as_: As) -> None:
    italy = as_("it-handler")
    id_ = await a_request(italy, as_("hu-handler"), "SENT")
    assert await italy.cannot("closeRequest", id=id_) == Refused("CONFLICT", "TRANSITION")


async def test_a_command_on_an_old_revision_is_a_conflict(as_: As) -> None:
    italy = as_("it-handler")
    id_ = await a_request(italy, as_("hu-handler"), "SENT")
    found = await italy.cannot("withdrawRequest", id=id_, revision=1)
    assert found == Refused("CONFLICT", "STALE_REVISION", "revision")


async def test_a_key_used_for_something_else_is_a_conflict(as_: As) -> None:
    italy, given = as_("it-handler"), key()
    await italy.do("createRequest", "request { id }", idempotencyKey=given, draft=a_draft())
    found = await italy.cannot("createRequest", idempotencyKey=given, draft=a_draft(questions=[]))
    assert found == Refused("CONFLICT", "IDEMPOTENCY_KEY_REUSED", "idempotencyKey")


@pytest.mark.parametrize(
    ("input_", "reason", "field"),
    [
        (creating(questionSetId="none:1"), "UNKNOWN_QUESTION_SET", "draft.questionSetId"),
        (creating(responderId="aut_0"), "UNKNOWN_AUTHORITY", "draft.responderId"),
        (creating(questions=[{"code": "PQ1"}, {"code": "ZZ"}]), "UNKNOWN_QUESTION", "draft.questions[1].code"),
        ({**creating(), "idempotencyKey": ""}, "IDEMPOTENCY_KEY", "idempotencyKey"),
        # What graphql-core finds before any service is asked:
        (creating(questions=[{"code": "PQ1"}, {"code": 2}]), "GRAPHQL", "draft.questions[1].code"),
        (creating(questions=[{}]), "GRAPHQL", "draft.questions[0].code"),
        (creating(colour="red"), "GRAPHQL", "draft.colour"),
        (creating(subject={"person": {"givenName": "A"}}), "GRAPHQL", "draft.subject.person.familyName"),
        (creating(fileIds=["fil_0", 1.5]), "GRAPHQL", "draft.fileIds[1]"),
        (creating(justification={"text": "x", "language": "XX"}), "UNKNOWN_LANGUAGE", "draft.justification.language"),
        (creating(justification={"text": "x"}), "GRAPHQL", "draft.justification.language"),
        ({"draft": {"questionSetId": SET}}, "GRAPHQL", "idempotencyKey"),
        ({"idempotencyKey": "1"}, "GRAPHQL", "draft"),
    ],
)
@pytest.mark.parametrize("inline", [False, True], ids=["variable", "inline"])
async def test_the_input_at_fault_is_named_as_the_client_wrote_it(
    as_: As, input_: Data, reason: str, field: str, inline: bool
) -> None:
    if inline:
        document = f"mutation {{ createRequest(input: {literal(input_)}) {{ request {{ id }} }} }}"
        found = await as_("it-handler").refused(document)
    else:
        found = await as_("it-handler").refused(CREATE, input=input_)
    assert found == Refused("INVALID", reason, field)


def literal(value: Any) -> str:
    """*value* as it is written in a document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    return str(value) if value in ("XX", "IT") else json.dumps(value)


async def test_a_variable_inside_an_input_is_named_by_where_it_is_used(as_: As) -> None:
    found = await as_("it-handler").refused(
        f"""mutation ($asked: [AskedQuestionInput!]!) {{
          createRequest(input: {{ idempotencyKey: "1", draft: {{ questionSetId: "{SET}", questions: $asked }} }}) {{
            request {{ id }} }} }}""",
        asked=[{"code": "PQ1"}, {"code": 2}],
    )
    assert found == Refused("INVALID", "GRAPHQL", "draft.questions[1].code")


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("{ areas(language: XX) { code } }", Refused("INVALID", "UNKNOWN_LANGUAGE", "language")),
        ("{ areas { name(language: XX) } }", Refused("INVALID", "UNKNOWN_LANGUAGE", "language")),
        ("{ requests(list: LOST) { totalCount } }", Refused("INVALID", "GRAPHQL", "list")),
        ("{ requests { totalCount } }", Refused("INVALID", "GRAPHQL", "list")),
        ("{ authority { id } }", Refused("INVALID", "GRAPHQL", "id")),
        ("{ authority(id: 1.5) { id } }", Refused("INVALID", "GRAPHQL", "id")),
        ("{ areas(colour: 1) { code } }", Refused("INVALID", "GRAPHQL", "colour")),
        ('{ searchAuthorities(first: "5") { totalCount } }', Refused("INVALID", "GRAPHQL", "first")),
        (
            "{ searchAuthorities(filter: {levels: [LOCAL, HIGH]}) { totalCount } }",
            Refused("INVALID", "GRAPHQL", "filter.levels[1]"),
        ),
        (
            '{ searchAuthorities(filter: {countries: ["IT", "XX"]}) { totalCount } }',
            Refused("INVALID", "UNKNOWN_COUNTRY", "filter.countries[1]"),
        ),
        ('{ searchAuthorities(after: "x") { totalCount } }', Refused("INVALID", "CURSOR", "after")),
        ('{ translate(text: "", to: IT) { text } }', Refused("INVALID", "EMPTY", "text")),
        ("{ nothing }", Refused("INVALID", "GRAPHQL")),
        ("{ areas { code }", Refused("INVALID", "GRAPHQL")),
        ("}", Refused("INVALID", "GRAPHQL")),
    ],
)
async def test_what_the_schema_does_not_know_is_invalid(as_: As, document: str, found: Refused) -> None:
    assert await as_("it-handler").refused(document) == found


async def test_a_date_that_is_none_is_named(as_: As) -> None:
    found = await as_("it-handler").refused(CREATE, input=creating(desiredDate="soon"))
    assert found == Refused("INVALID", "GRAPHQL", "draft.desiredDate")


@pytest.mark.parametrize("subject", ["{}", '{company: {name: "A"}, document: {title: "B"}}', "{person: null}"])
async def test_a_subject_is_of_exactly_one_kind(as_: As, subject: str) -> None:
    draft = f'{{questionSetId: "{SET}", subject: {subject}}}'
    found = await as_("it-handler").refused(
        f'mutation {{ createRequest(input: {{idempotencyKey: "1", draft: {draft}}}) {{ request {{ id }} }} }}'
    )
    assert (found.code, found.field.startswith("draft.subject")) == ("INVALID", True)


@pytest.mark.parametrize("language", ["XX", "it", 1, "", "IT IT"])
async def test_a_variable_that_is_no_language_is_invalid(as_: As, language: object) -> None:
    document = "query ($language: Language) { areas(language: $language) { code } }"
    found = await as_("it-handler").refused(document, language=language)
    assert (found.code, found.field) == ("INVALID", "language")


@pytest.mark.parametrize("document", ["query ($x: ID!) { authority(id: $x) { id } }", CREATE])
async def test_half_a_character_is_no_text(as_: As, document: str) -> None:
    """JSON can carry a lone surrogate; nothing behind the gateway can."""
    client = as_("it-handler")
    body = json.dumps({"query": document, "variables": {"x": "\ud800", "input": creating(responderId="\udfff")}})
    response = await client.http.post(
        f"{client.url}/graphql", content=body, headers={**client.headers, "content-type": "application/json"}
    )
    (error,) = response.json()["errors"]
    assert Refused.of(error) == Refused("INVALID", "NOT_TEXT")


async def test_each_part_of_an_answer_fails_for_itself(as_: As) -> None:
    answer = await as_("it-handler").answer(f'{{ authority(id: "{doctors("IT")}") {{ id }} nodes(ids: []) {{ id }} }}')
    assert answer == {"data": {"authority": {"id": doctors("IT")}, "nodes": []}}
    answer = await as_("it-handler").answer('{ viewer { name } request(id: "req_0") { id } }')
    assert answer == {"data": {"viewer": {"name": "Request handler, Italy"}, "request": None}}


SECRET = "mongodb://admin:hunter2@10.0.0.7/imi"


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS])
async def test_a_fault_is_said_to_be_one_and_nothing_more(data: Path, at: At, code: grpc.StatusCode) -> None:
    async with (
        a_faulty_service(code, SECRET) as faulty,
        a_service("directory", data) as directory,
        a_gateway(data, directory_address=directory, requests_address=faulty) as gateway,
    ):
        client = at(gateway, "it-handler")
        answers = [
            await client.answer("{ viewer { name } questionSets { id } }"),
            await client.answer('{ request(id: "req_0") { id } }'),
            await client.answer(CREATE, input=creating()),
        ]
        async with client.listening("websocket", "subscription { requestChanges { cursor } }") as items:
            answers.append(await anext(items))
        download = await client.http.get(f"{client.url}/files/fil_0", headers=client.headers)
    assert (download.status_code, download.json()["errors"][0]["extensions"]) == (500, {"code": "INTERNAL"})
    for answer in [*answers, download.json()]:
        (error,) = answer["errors"]
        assert error["message"] == "An internal error occurred. It has been logged."
        assert error["extensions"] == {"code": "INTERNAL"}
        for hidden in ("hunter2", "10.0.0.7", code.name + " ", "grpc", "Traceback"):
            assert hidden not in json.dumps(answer)


async def test_a_service_that_is_away_is_named(data: Path, at: At) -> None:
    async with a_system_of(data, "directory") as partly:
        client = at(partly, "it-handler")
        for document, name in [
            ("{ questionSets { id } }", "requests"),
            ("{ alertTypes { id } }", "alerts"),
            ("{ repositories { code } }", "repositories"),
            ('{ translate(text: "Ciao", to: DE) { text } }', "translation"),
        ]:
            (error,) = (await client.answer(document))["errors"]
            assert Refused.of(error) == Refused("UNAVAILABLE", "SERVICE_UNAVAILABLE")
            assert error["message"] == f"the {name} service is away; try again in a moment"


async def test_nobody_signs_in_while_the_directory_is_away(data: Path, at: At) -> None:
    async with a_gateway(data) as gateway:
        response = await at(gateway, "it-handler").post("{ viewer { name } }")
    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert error["message"] == "the directory service is away; try again in a moment"
    assert Refused.of(error) == Refused("UNAVAILABLE", "SERVICE_UNAVAILABLE")
