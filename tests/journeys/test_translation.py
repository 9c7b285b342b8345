"""What people write crosses the languages, honestly: with what it is worth, or why not, and always beside the original.

The engine is a local server that speaks LibreTranslate's protocol; its phrase book is what was written for `bench.detection`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx
import pytest

from bench.detection import sentences
from chassis import catalogues
from chassis.keys import KeyRing
from gateway.tokens import DevelopmentTokens
from services.translation.domain.translations import Reason
from services.translation.notices import CATALOGUE
from tests.cells import cell
from tests.gateway.clients import TIMEOUT_S, WEBSOCKET, Client, Data, Refused, eventually, key, within
from tests.gateway.exchanges import ANSWERS, a_request, text
from tests.gateway.open_repositories import a_repository, an_entry, field
from tests.gateway.running import a_gateway, a_service, a_slow_service, copy_of
from tests.gateway.test_publishing import PUBLISH, a_set, words
from tests.journeys.staging import Stage, a_stage
from tests.translation.providers.libretranslate_server import LibreTranslate, a_libretranslate
from vocabulary import languages

SENTENCES = sentences()
# Of each language's sentences, the one that asks for a copy of an employment contract.
ASKED = 13
CODES = sorted(languages.ALL)
READING = "original text { original translation notice details { status reason tier engine jobId lowConfidence missedTerms } }"
JUSTIFICATION = f"query ($id: ID!) {{ request(id: $id) {{ justification {{ {READING} }} }} }}"
DELIVERED = """subscription ($jobs: [ID!]!) { translations(jobs: $jobs) {
  at translation { status text engine jobId notice } } }"""
# Physiotherapist: what the area calls it, and what the phrase book makes of it.
TERM, OTHERWISE = ("fisioterapista", "gyógytornász"), "masszőr"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A system with an engine."""

    stage: Stage
    engine: LibreTranslate

    def as_(self, user: str) -> Client:
        return self.stage.as_(user)


@pytest.fixture(scope="module")
async def spoken(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Spoken]:
    folder = tmp_path_factory.mktemp("translation")
    async with a_libretranslate() as engine:
        engine.languages = {code: tuple(CODES) for code in CODES}
        engine.phrases = {
            (one, other): dict(zip(SENTENCES[one], SENTENCES[other], strict=True))
            for one, other in product(CODES, CODES)
            if one != other
        }
        providers = folder / "providers.toml"
        providers.write_text(
            f'[[provider]]\nname = "local"\nkind = "libretranslate"\nurl = "{engine.url}"\ndata_class = "PERSONAL"\n'
        )
        async with AsyncExitStack() as stack:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MT_PROVIDERS", str(providers))
                stage = await stack.enter_async_context(a_stage(copy_of(trained, folder / "data")))
            found = Spoken(stage, engine)
            await _has_asked_the_engine(found)
            yield found


async def _has_asked_the_engine(spoken: Spoken) -> None:
    async def known() -> bool | None:
        found = await spoken.as_("it-handler").ask("{ translationPairs { sourceLanguage targetLanguage } }")
        return len(found["translationPairs"]) >= len(CODES) * (len(CODES) - 1) or None

    await eventually(known)


async def done(client: Client, *details: Data) -> None:
    """Return when those that are PENDING are no longer: their jobs are told of on a stream, which ends after the last."""
    jobs = {one["jobId"] for one in details if one["status"] == "PENDING"}
    if not jobs:
        return
    async with client.listening(WEBSOCKET, DELIVERED, jobs=sorted(jobs)) as updates:
        told = [update["data"]["translations"]["translation"] async for update in updates]
    assert {one["jobId"] for one in told if one} == jobs


async def test_nothing_is_published_that_one_of_the_24_languages_lacks(spoken: Spoken) -> None:
    """A question set without its Maltese text is refused where that is missing; with it, everybody reads it (row 46)."""
    commission = spoken.as_("commission")
    for lacking in ("mt", "ga", "el"):
        incomplete = a_set("contracts", title=words("title", without=lacking))
        found = await commission.cannot("publishQuestionSet", questionSet=incomplete)
        assert found == Refused("INVALID", "MISSING_LANGUAGE", f"questionSet.title.{lacking}")
    await commission.ask(PUBLISH, input={"idempotencyKey": key(), "questionSet": a_set("contracts")})
    aliases = " ".join(
        f'{one}: questionSets(area: "cultural-objects", language: {one.upper()}) {{ id title }}'
        for one in languages.OFFICIAL
    )
    titles = await spoken.as_("hu-handler").ask(f"{{ {aliases} }}")
    for one in languages.OFFICIAL:
        assert {"id": "contracts:1", "title": f"title ({one})"} in titles[one]


async def test_any_official_language_is_translated_into_any_other_and_is_remembered(spoken: Spoken) -> None:
    """Every pair of the 24, Icelandic and Norwegian Bokmål; asked for again, no engine is asked again (row 47)."""
    italy, hungary = spoken.as_("it-handler"), spoken.as_("hu-handler")
    wrote = {
        code: await a_request(italy, hungary, justification=text(SENTENCES[code][ASKED], code.upper()))
        for code in CODES
    }
    for sources, again in ((CODES, False), (["ga", "mt"], True)):
        before = len(spoken.engine.asked)
        for source in sources:
            found = await _translated(italy, wrote[source])
            for code in CODES:
                with cell(source, code):
                    expected = None if code == source else SENTENCES[code][ASKED]
                    assert (found[code]["translation"], found[code]["original"]) == (expected, SENTENCES[source][ASKED])
        assert (len(spoken.engine.asked) > before) is not again


async def _translated(client: Client, id_: str) -> Mapping[str, Data]:
    """What a request's justification says in every language, once all of it is there."""
    readings = await _readings(client, id_)
    await done(client, *(one["details"] for one in readings.values()))
    return await _readings(client, id_)


async def test_a_translation_that_takes_long_is_delivered_when_it_is_there(spoken: Spoken) -> None:
    """The reader has the original at once, is told that the translation is being made, and gets it on a stream (row 47)."""
    italy, hungary = spoken.as_("it-handler"), spoken.as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED", justification=text(SENTENCES["it"][3]))
    spoken.engine.open.clear()
    try:
        waiting = (await hungary.ask(JUSTIFICATION, id=id_))["request"]["justification"]
        reading = waiting["text"]
        assert (reading["original"], reading["translation"]) == (SENTENCES["it"][3], None)
        assert (reading["details"]["status"], bool(reading["notice"])) == ("PENDING", True)
        async with hungary.listening(WEBSOCKET, DELIVERED, jobs=[reading["details"]["jobId"]]) as updates:
            spoken.engine.open.set()
            while (told := (await within(updates))["data"]["translations"])["translation"] is None:
                assert told["at"]
            assert told["translation"]["text"] == SENTENCES["hu"][3]
            with pytest.raises(StopAsyncIteration):
                await within(updates)
    finally:
        spoken.engine.open.set()
    later = (await hungary.ask(JUSTIFICATION, id=id_))["request"]["justification"]
    assert later["text"]["translation"] == SENTENCES["hu"][3]


async def test_the_original_and_a_word_on_its_translation_are_there_in_every_language(spoken: Spoken) -> None:
    """Whatever a reader's language, they see what was written, and read in their own words what a machine's is worth (row 48)."""
    italy, hungary = spoken.as_("it-handler"), spoken.as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED", justification=text(SENTENCES["it"][4]))
    readings = await _translated(hungary, id_)
    gist = catalogues.load(CATALOGUE)["notice"]["label"]
    for code in CODES:
        reading = readings[code]
        assert reading["original"] == SENTENCES["it"][4], code
        if code == "it":
            assert (reading["translation"], reading["notice"]) == (None, None)
        else:
            assert reading["translation"] == SENTENCES[code][4], code
            assert reading["notice"].startswith(gist[code]), code


async def _readings(client: Client, id_: str) -> Mapping[str, Data]:
    asked = " ".join(
        f"{code}: text(language: {code.upper()}) {{ original translation notice details {{ status jobId }} }}"
        for code in CODES
    )
    found = await client.ask(f"query ($id: ID!) {{ request(id: $id) {{ justification {{ {asked} }} }} }}", id=id_)
    readings: Mapping[str, Data] = found["request"]["justification"]
    return readings


ENTRIES = f"""query ($r: ID!) {{ repositoryEntries(repository: $r, first: 5, language: HU) {{ edges {{ node {{
  translations(language: HU) {{ place reading {{ translation }} }}
  published {{ values {{ field {{ code }} value {{ text {{ dataClass {READING} }} }} }} }} }} }} }} }}"""


async def test_entries_of_a_repository_are_read_in_the_readers_language_by_the_class_of_their_fields(
    spoken: Spoken,
) -> None:
    """What everybody reads is translated for everybody; a note for those in IMI for them alone, and a name for nobody."""
    in_imi = {"visibility": "ALL_IMI"}
    repository = await a_repository(
        spoken.as_,
        fields=(
            field("name", "TEXT", mandatory=True, searchable=True),
            field("summary", "TEXT", translatable=True),
            field("note", "TEXT", translatable=True, audience=in_imi),
        ),
    )
    summary, note = SENTENCES["it"][ASKED - 1 : ASKED + 1]
    await an_entry(spoken.as_, repository, "Registro dei contratti", summary=words_of(summary), note=words_of(note))
    nobody = Client(spoken.as_("it-handler").http, spoken.as_("it-handler").url)
    for reader, codes in ((spoken.as_("hu-handler"), ["name", "summary", "note"]), (nobody, ["name", "summary"])):
        found = await _entry(reader, repository)
        if reader is not nobody:
            await done(reader, *(one["text"]["details"] for one in found.values()))
        found = await _entry(reader, repository)
        assert list(found) == codes
        assert found["name"]["text"]["details"]["reason"] == "AS_WRITTEN"
        assert (found["name"]["text"]["translation"], found["name"]["text"]["original"]) == (
            None,
            "Registro dei contratti",
        )
        assert found["name"]["text"]["notice"]
        assert (found["summary"]["dataClass"], found["summary"]["text"]["original"]) == ("PUBLIC", summary)
        assert found["summary"]["text"]["translation"] == SENTENCES["hu"][ASKED - 1]
        if "note" in found:
            assert (found["note"]["dataClass"], found["note"]["text"]["translation"]) == (
                "INTERNAL",
                SENTENCES["hu"][ASKED],
            )
    (edge,) = (await spoken.as_("hu-handler").ask(ENTRIES, r=repository))["repositoryEntries"]["edges"]
    assert [(one["place"], bool(one["reading"]["translation"])) for one in edge["node"]["translations"]] == [
        ("published.values[name].value.text", False),
        ("published.values[summary].value.text", True),
        ("published.values[note].value.text", True),
    ]
    refused = await nobody.refused('{ translate(text: "testo", from: IT, to: HU) { text } }')
    assert refused.code == "UNAUTHENTICATED"


def words_of(text: str) -> Data:
    """A text of which its writer says no more than its language."""
    return {"text": {"text": text, "language": "IT"}}


async def _entry(client: Client, repository: str) -> dict[str, Data]:
    (edge,) = (await client.ask(ENTRIES, r=repository))["repositoryEntries"]["edges"]
    return {one["field"]["code"]: one["value"]["text"] for one in edge["node"]["published"]["values"]}


async def test_terms_that_are_called_otherwise_and_what_does_not_come_back_are_pointed_out(spoken: Spoken) -> None:
    """The area's own word for a profession is looked for in the translation, which is translated back as well (row 60)."""
    italy, hungary = spoken.as_("it-handler"), spoken.as_("hu-handler")
    wrote = f"La persona lavora come {TERM[0]} presso un ospedale."
    phrases = spoken.engine.phrases
    phrases["it", "hu"][wrote] = f"Ez a személy {OTHERWISE} egy kórházban dolgozik."
    phrases["hu", "it"][phrases["it", "hu"][wrote]] = "Questo è un massaggiatore del tutto diverso, altrove."

    async def knows_the_term() -> bool | None:
        """The terms are the directory's, which may have started later."""
        answer = await italy.ask(
            "query ($text: String!) { translate(text: $text, from: IT, to: HU, area: "
            '"professional-qualifications") { text engine } }',
            text=TERM[0],
        )
        return answer["translate"] == {"text": TERM[1], "engine": "terminology"} or None

    await eventually(knows_the_term)
    id_ = await a_request(italy, hungary, "ACCEPTED", justification=text(wrote))
    reading = (await hungary.ask(JUSTIFICATION, id=id_))["request"]["justification"]["text"]
    await done(hungary, reading["details"])
    reading = (await hungary.ask(JUSTIFICATION, id=id_))["request"]["justification"]["text"]
    assert reading["translation"] == phrases["it", "hu"][wrote]
    assert reading["details"]["missedTerms"] == [TERM[1]]
    assert reading["details"]["lowConfidence"] is True
    notices = catalogues.load(CATALOGUE)
    assert reading["notice"] == f"{notices['notice']['label']['hu']} {notices['low_confidence']['label']['hu']}"


async def test_without_an_engine_the_reason_is_told_in_every_language(
    trained: Path, tmp_path: Path, engines: None
) -> None:
    """Nothing is made up where there is no engine: the original stands, with the reason (rows 48, 49)."""
    async with a_stage(copy_of(trained, tmp_path / "data")) as stage:
        italy, hungary = stage.as_("it-handler"), stage.as_("hu-handler")
        id_ = await a_request(italy, hungary, "ACCEPTED", justification=text(SENTENCES["it"][5]))
        readings = await _readings(hungary, id_)
    reasons = catalogues.load(CATALOGUE)["unavailable"][Reason.NO_ENGINE.lower()]["label"]
    for code in CODES:
        if code != "it":
            assert (readings[code]["original"], readings[code]["translation"]) == (SENTENCES["it"][5], None)
            assert readings[code]["notice"] == reasons[code]


@pytest.mark.parametrize("outage", ["hangs", "is gone", "goes in the middle"])
async def test_a_request_goes_its_way_whatever_becomes_of_translation(
    trained: Path, tmp_path: Path, outage: str, engines: None
) -> None:
    """Asked, accepted, answered, read, reported and closed while the translation service gives no answer (row 49)."""
    data = copy_of(trained, tmp_path / "data")
    async with AsyncExitStack() as stack:
        going = await stack.enter_async_context(AsyncExitStack())
        addresses = await _translation(outage, data, going)
        for name in ("directory", "requests"):
            addresses[f"{name}_address"] = await stack.enter_async_context(a_service(name, data, **addresses))
        gateway = await stack.enter_async_context(a_gateway(data, **addresses))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S))
        tokens = DevelopmentTokens(KeyRing(data / "keys"))
        italy, hungary = (Client(http, gateway.url, tokens.issue(one)) for one in ("it-handler", "hu-handler"))
        id_ = await a_request(italy, hungary, "ACCEPTED")
        if outage == "goes in the middle":
            await hungary.ask(JUSTIFICATION, id=id_)
            await going.aclose()
        read = (await hungary.ask(JUSTIFICATION, id=id_))["request"]["justification"]
        assert read["original"] == read["text"]["original"] == "Verifica del titolo"
        assert (read["text"]["details"]["status"], read["text"]["details"]["reason"]) == ("UNAVAILABLE", "TIMEOUT")
        assert read["text"]["notice"]
        reply = {**ANSWERS[0], "comment": text("A bélyegző hiteles.", "HU")}
        answered = await hungary.do(
            "answerRequest",
            f"request {{ status answers {{ comment {{ {READING} }} }} }}",
            id=id_,
            answers=[reply, ANSWERS[1]],
        )
        assert answered["status"] == "ANSWERED"
        assert answered["answers"][0]["comment"]["text"]["original"] == "A bélyegző hiteles."
        report = await italy.http.get(
            f"{gateway.url}/requests/{id_}/report?language=de&translations=true", headers=italy.headers
        )
        assert (report.status_code, report.content[:5]) == (200, b"%PDF-")
        closed = await italy.do("closeRequest", f"request {{ status justification {{ {READING} }} }}", id=id_)
        assert (closed["status"], closed["justification"]["original"]) == ("CLOSED", "Verifica del titolo")


async def _translation(outage: str, data: Path, stack: AsyncExitStack) -> dict[str, str]:
    match outage:
        case "hangs":
            return {"translation_address": (await stack.enter_async_context(a_slow_service())).address}
        case "goes in the middle":
            return {"translation_address": await stack.enter_async_context(a_service("translation", data))}
        case _:
            return {}
