"""What the page on GraphQL shows is what happens: its operations are sent as they stand there, by those who send them."""

import json
import re
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from tests.docs.conftest import ROOT, Running
from tests.gateway.clients import SSE, TIMEOUT_S, Client, key, within
from tests.gateway.exchanges import a_draft

PAGE = (ROOT / "docs/graphql.md").read_text(encoding="utf-8")
OPERATIONS = {
    name: document
    for document in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    for name in re.findall(r"^(?:query|mutation|subscription) (\w+)", document)
}


@pytest.fixture
async def as_(running: Running) -> AsyncIterator[Callable[[str], Client]]:
    tokens = DevelopmentTokens(KeyRing(Path(running.environment["DATA_DIR"]) / "keys"))
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        yield lambda user: Client(http, f"http://{running.address}", tokens.issue(user))


async def test_the_exchange_goes_from_the_question_to_the_closure_as_it_stands_there(
    as_: Callable[[str], Client],
) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    sent = dict(OPERATIONS)

    start = await italy.ask(sent.pop("Start"))
    assert start["viewer"]["language"] == "IT"
    assert "PQ1" in {one["code"] for group in start["questionSets"][0]["groups"] for one in group["questions"]}
    found = (await italy.ask(sent.pop("Find")))["searchAuthorities"]["edges"]
    suggested = (await italy.ask(sent.pop("Suggest")))["suggestRecipients"]["suggestions"]
    responder = (await hungary.ask("{ viewer { authority { id } } }"))["viewer"]["authority"]["id"]
    assert responder in {edge["node"]["id"] for edge in found}
    assert responder in {one["authority"]["id"] for one in suggested}

    async with italy.listening(SSE, sent.pop("Changes")) as changes:
        await within(changes)
        draft = (await italy.ask(sent.pop("Draft"), key=key(), responder=responder))["createRequest"]["request"]
        assert {"action": "SEND", "possible": True, "reason": None} in draft["actions"]
        assert draft["warnings"] == []
        id_ = draft["id"]
        await italy.ask(sent.pop("Send"), key=key(), id=id_, revision=draft["revision"])
        heard = ""
        while heard != "SEND":
            heard = (await within(changes))["data"]["requestChanges"]["action"]

    waiting = [edge["node"] for edge in (await hungary.ask(sent.pop("Waiting")))["requests"]["edges"]]
    assert ["ACCEPT"] in [one["tasks"] for one in waiting if one["id"] == id_]
    read = sent.pop("Read")
    before = (await hungary.ask(read, id=id_))["request"]
    assert (before["view"], before["subject"]) == ("WITHOUT_SUBJECT", None)
    assert before["justification"]["text"]["notice"]
    accepted = (await hungary.ask(sent.pop("Accept"), key=key(), id=id_))["acceptRequest"]["request"]
    assert accepted["subject"]["familyName"] == "Mintás"
    await hungary.ask(sent.pop("Answer"), key=key(), id=id_, revision=accepted["revision"])

    reply = (await italy.ask(sent.pop("Reply"), id=id_))["request"]
    assert [one["question"]["code"] for one in reply["answers"]] == ["PQ1", "PQ3", "PQ3a"]
    genuine, _, why = (one["value"] for one in reply["answers"])
    (asked,) = (
        one for group in start["questionSets"][0]["groups"] for one in group["questions"] if one["code"] == "PQ1"
    )
    assert genuine["choices"][0]["label"] in [one["label"] for one in asked["choices"]], "in Italian, as it was asked"
    assert why["text"]["original"] == "Öt és fél év a hat helyett."
    closed = await italy.ask(sent.pop("Close"), key=key(), id=id_)
    assert closed["closeRequest"]["request"]["status"] == "CLOSED"
    assert sent == {}


async def test_a_refusal_looks_as_it_is_shown(as_: Callable[[str], Client]) -> None:
    italy = as_("it-handler")
    made = await italy.do("createRequest", "request { id revision }", draft=a_draft(justification=None))
    answer = await italy.answer(OPERATIONS["Send"], key=key(), **made)
    assert answer["errors"] == [json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])]


def test_every_code_is_in_the_table() -> None:
    catalogue = (ROOT / "gateway/texts/refusals/structure.toml").read_text(encoding="utf-8")
    known = set(tomllib.loads(catalogue)["code"]) - {"note"}
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)) == known
