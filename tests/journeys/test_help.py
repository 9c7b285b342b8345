"""Help where it is needed, somebody to ask, a system to practise in, and systems of some parts only."""

import shutil
from pathlib import Path

import httpx
import pytest

from chassis.caller import DEVELOPMENT_ISSUER
from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from services.directory.training.authorities import national_id
from tests.cells import cell
from tests.gateway.clients import TIMEOUT_S, Client, key
from vocabulary import parts

FEEDBACK = "{ feedback(first: 10) { edges { node { about text { original } authority { id } } } } }"


def client(http: httpx.AsyncClient, url: str, data: Path, user: str, *, training: bool = False) -> Client:
    return Client(http, url, DevelopmentTokens(KeyRing(data / "keys", training=training)).issue(user))


async def test_whoever_fills_in_a_form_is_helped_and_heard(data: Path) -> None:
    """Info points, glossary, questions, guidelines, helpdesks, feedback to the own coordinator (rows 56, 56a, 56b, 56c)."""
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        handler = client(http, url, data, "hu-handler")
        # A form is shown: what does this field want?
        found = await handler.ask('{ help(of: ["createRequest.justification", "sendRequest"]) { of text } }')
        assert [one["of"] for one in found["help"]] == ["createRequest.justification", "sendRequest"]
        assert found["help"][1]["text"].startswith("Elküldi a megkeresést")
        # A word is not known, a question is open, and somebody is to be asked.
        found = await handler.ask(
            """{ glossary(text: "riaszt") { code name } faq(block: REQUESTS, text: "illetekes") { question answer }
                 guidelines(block: REQUESTS) { title sections { title } }
                 helpdesks(country: "HU") { contact { email } } commissionHelpdesk { contact { email } } }"""
        )
        assert {"alert", "alert-coordinator"} <= {one["code"] for one in found["glossary"]}
        assert len(found["faq"]) == 1
        assert found["guidelines"][0]["title"] == "Információ iránti megkeresések"
        assert found["helpdesks"][0]["contact"]["email"] != found["commissionHelpdesk"]["contact"]["email"]
        # In Germany, a new colleague says what could be better; their coordinator reads it, and nobody else.
        nimic, office = client(http, url, data, "de-nimic"), national_id("DE", "professional-qualifications", "doctor")
        added = {
            "authorityId": office,
            "name": "Sachbearbeiterin",
            "language": "DE",
            "signin": {"issuer": DEVELOPMENT_ISSUER, "subject": "de-new"},
            "roles": [{"module": "professional-qualifications/requests", "role": "REQUEST_HANDLER"}],
        }
        await nimic.do("addUser", "user { id }", **added)
        newcomer = client(http, url, data, "de-new")
        text = {"text": "Die Hilfe zum Formular fehlt mir nicht mehr.", "language": "DE"}
        said = {"idempotencyKey": key(), "text": text, "about": "createRequest.justification"}
        for _ in range(2):
            sent = await newcomer.ask(
                "mutation ($input: SendFeedbackInput!) { sendFeedback(input: $input) { feedback { id } } }", input=said
            )
            assert sent["sendFeedback"]["feedback"]["id"]
        came = [edge["node"] for edge in (await nimic.ask(FEEDBACK))["feedback"]["edges"]]
        assert came == [{"about": said["about"], "text": {"original": text["text"]}, "authority": {"id": office}}]
        assert (await newcomer.refused(FEEDBACK)).code == "FORBIDDEN"
        assert (await client(http, url, data, "eu-registrar").ask(FEEDBACK))["feedback"]["edges"] == []


async def test_people_practise_in_a_copy_that_the_real_system_knows_nothing_of(trained: Path, tmp_path: Path) -> None:
    """A training copy beside the real system: marked, apart, and empty again at a word (row 55)."""
    real, copy = tmp_path / "real", tmp_path / "copy"
    for folder in (real, copy):
        shutil.copytree(trained, folder)
    shutil.rmtree(copy / "keys")
    async with (
        system(real, port=0) as earnest,
        system(copy, port=0, training=True) as practice,
        httpx.AsyncClient(timeout=TIMEOUT_S) as http,
    ):
        trainee = client(http, practice, copy, "it-handler", training=True)
        answer = await trainee.post("{ viewer { name } system { training notice } }")
        assert answer.headers["imi-training"] == "true"
        assert answer.json()["extensions"] == {"training": True}
        assert answer.json()["data"]["system"] == {
            "training": True,
            "notice": "Questo è il sistema di formazione. Tutto ciò che contiene è inventato.",
        }
        worker = client(http, earnest, real, "it-handler")
        assert (await worker.ask("{ system { training } }"))["system"]["training"] is False
        for name, url, token in (("practice", practice, worker.token), ("earnest", earnest, trainee.token)):
            with cell(name):
                assert (await Client(http, url, token).post("{ viewer { name } }")).status_code == 401
        text = {"text": "Una prova.", "language": "IT"}
        await trainee.ask(
            "mutation ($input: SendFeedbackInput!) { sendFeedback(input: $input) { feedback { id } } }",
            input={"idempotencyKey": key(), "text": text},
        )
        assert (await client(http, earnest, real, "eu-registrar").ask(FEEDBACK))["feedback"]["edges"] == []


@pytest.mark.parametrize("only", ["alerts", "requests", "repositories", "translation"])
async def test_a_building_block_is_used_alone(data: Path, only: str) -> None:
    """Each building block with the directory, which signs people in: nothing of the others is there, or missed (row 56d)."""
    documents = {
        "alerts": "{ alerts(first: 1) { totalCount } inbox(first: 1) { edges { cursor } } }",
        "requests": "{ requests(list: SENT, first: 1) { edges { cursor } } questionSets { code } }",
        "repositories": "{ repositories { code } }",
        "translation": '{ translate(text: "Buongiorno", to: EN, from: IT) { status } }',
    }
    running = parts.chosen([only])
    async with system(data, port=0, running=running) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        reader = client(http, url, data, "it-handler")
        assert await reader.ask(documents[only])
        ready = await http.get(f"{url}/health/ready")
        assert ready.status_code == 200
        assert ready.json()["services"] == dict.fromkeys(running, True)
        blocks = (await reader.ask("{ system { blocks } guidelines { block } }"))["guidelines"]
        assert {one["block"].lower() for one in blocks} == running
        for other, document in documents.items():
            if other != only:
                with cell(other):
                    assert "errors" in (await reader.post(document)).json()
