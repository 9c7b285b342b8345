"""The demo's free text, from end to end over the real Apertium server: only in a run on real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy import servers
from deploy.demo.request import DIFFERENCE, WHY
from tests.conftest import REAL
from tests.gateway.clients import Client, Data, eventually
from tests.gateway.exchanges import a_request, text
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage

pytestmark = pytest.mark.skipif(not REAL, reason="`make engines-test` has the server")

SWEDISH = "Personen ansöker om att få arbeta i Sverige. Vi kontrollerar examensbeviset från Danmark."
READ = """query ($id: ID!, $language: Language!) { request(id: $id) { justification { original text(language: $language) {
  original translation notice details { status reason tier engine } } } } }"""


@pytest.fixture(scope="module")
async def stage(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("apertium")
    async with servers.running(folder, ["apertium"]) as running:
        file = folder / "providers.toml"
        file.write_text(
            f'[[provider]]\nname = "gist"\nkind = "apertium"\nurl = "{running.apertium_url}"\ndata_class = "PERSONAL"\n'
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MT_PROVIDERS", str(file))
            async with a_stage(copy_of(trained, folder / "data")) as opened:

                async def is_known() -> bool | None:
                    found = await opened.as_("it-handler").ask("{ translationPairs { sourceLanguage } }")
                    return bool(found["translationPairs"]) or None

                await eventually(is_known)
                yield opened


async def read(client: Client, written: Data, language: str) -> Data:
    """What a reader of *language* sees of a request's justification, once that is known.

    On a machine that is busy the gateway may not wait for it at first.
    """
    id_ = await a_request(client, client, justification=written)

    async def done() -> Data | None:
        found: Data = (await client.ask(READ, id=id_, language=language))["request"]["justification"]
        details = found["text"]["details"]
        return None if details["status"] == "PENDING" or details["reason"] == "TIMEOUT" else found

    return await eventually(done)


async def test_a_justification_is_read_in_another_language_beside_the_original(stage: Stage) -> None:
    italy = stage.as_("it-handler")
    wanted = ((text(WHY), "ES", "La persona pide "), (text(SWEDISH, "SV"), "DA", "Personen søger om at "))
    for written, language, beginning in wanted:
        found = await read(italy, written, language)
        assert found["original"] == found["text"]["original"] == written["text"]
        assert found["text"]["translation"].startswith(beginning)
        assert found["text"]["details"] == {
            "status": "TRANSLATED",
            "reason": None,
            "tier": "RULE_BASED",
            "engine": "gist",
        }
        assert found["text"]["notice"]


async def test_where_no_engine_is_the_reader_is_told_so(stage: Stage) -> None:
    for written, language in ((text(DIFFERENCE, "HU"), "IT"), (text(WHY), "EL")):
        found = await read(stage.as_("it-handler"), written, language)
        assert found["text"]["original"] == written["text"]
        assert found["text"]["translation"] is None
        assert (found["text"]["details"]["status"], found["text"]["details"]["reason"]) == (
            "UNAVAILABLE",
            "PAIR_UNSUPPORTED",
        )
