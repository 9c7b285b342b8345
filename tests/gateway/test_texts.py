"""Every free text that an answer shows is translated in one call, soon or not at all; and what people wrote is always there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.backends import Calls
from gateway.texts import asking
from gateway.texts.asking import Asking
from gateway.texts.gathering import QUIET_TURNS, Texts
from protos.common.v1 import common_pb2
from protos.translation.v1 import translation_pb2
from tests.builders import doctors
from tests.gateway.clients import Client, Refused, eventually
from tests.gateway.exchanges import ANSWERS, a_request, an_alert, text
from tests.gateway.running import Between, Running, a_gateway, a_service, a_slow_service, between, copy_of
from vocabulary import languages

At = Callable[[Running, str], Client]
As = Callable[[str], Client]
READING = "original text { original translation notice details { status reason targetLanguage } }"
REQUEST = f"""query ($id: ID!) {{ request(id: $id) {{
  justification {{ {READING} }}
  questions {{ question {{ text }} comment {{ {READING} }} }}
  answers {{ comment {{ {READING} }} value {{ text {{ {READING} }} }} }} }} }}"""
JUSTIFICATION, COMMENT = "Verifica di un titolo di studio", "Il timbro è poco leggibile"


@dataclass(frozen=True, slots=True)
class Watched:
    """A system whose translation service is asked through `translation`, which remembers what it was asked."""

    gateway: Running
    translation: Between

    def asked(self) -> list[translation_pb2.TranslateRequest]:
        return self.translation.messages("Translate", translation_pb2.TranslateRequest)


@pytest.fixture(scope="module")
async def watched(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    data = copy_of(trained, tmp_path_factory.mktemp("texts") / "data")
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        for name in ("directory", "requests", "alerts", "translation", "repositories"):
            addresses[f"{name}_address"] = await stack.enter_async_context(a_service(name, data, **addresses))
        passing = await stack.enter_async_context(between(addresses["translation_address"]))
        addresses["translation_address"] = passing.address
        yield Watched(await stack.enter_async_context(a_gateway(data, **addresses)), passing)


async def a_talkative_request(italy: Client, hungary: Client) -> str:
    """The id of an answered request with free texts wherever there can be some."""
    questions = [{"code": "PQ1", "comment": text(COMMENT)}, {"code": "PQ2"}, {"code": "PQ3"}]
    id_ = await a_request(italy, hungary, "ACCEPTED", questions=questions, justification=text(JUSTIFICATION))
    answers = [
        {**ANSWERS[0], "comment": text("A bélyegző hiteles.", "HU")},
        {"questionCode": "PQ2", "value": {"text": text("Semmelweis Egyetem", "HU")}},
        {"questionCode": "PQ2a", "value": {"date": "2014-06-30"}},
        ANSWERS[1],
    ]
    await hungary.do("answerRequest", "request { id }", id=id_, answers=answers)
    return id_


async def test_all_texts_of_an_answer_are_one_call_however_deep_they_stand(watched: Watched, at: At) -> None:
    """A request by its id, a list of requests and an alert: their texts are there at different times."""
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    requests = [await a_talkative_request(italy, hungary) for _ in range(2)]
    watched.translation.asked.clear()
    found = await italy.ask(
        f"""query ($first: ID!, $ids: [ID!]!) {{
          request(id: $first) {{ answers {{ question {{ text }} comment {{ {READING} }} value {{ text {{ {READING} }} }} }} }}
          nodes(ids: $ids) {{ ... on Request {{ justification {{ {READING} }} responder {{ name }}
            questions {{ question {{ text }} comment {{ {READING} }} }} }} }}
          requests(list: SENT, first: 5) {{ edges {{ node {{
            requester {{ country {{ name }} }} justification {{ original text(language: FR) {{ notice }} }} }} }} }} }}""",
        first=requests[0],
        ids=requests,
    )
    assert watched.translation.calls() == {"Translate": 1}
    assert found["nodes"][1]["justification"]["text"]["details"]["status"] == "IDENTITY"
    told = {
        one["comment"]["original"]: one["comment"]["text"]["notice"]
        for one in found["request"]["answers"]
        if one["comment"]
    }
    assert told["A bélyegző hiteles."]


async def test_texts_of_entries_are_in_that_call_with_what_they_are_of(watched: Watched, at: At) -> None:
    """Each with the class that its field has, and whether it is translated at all."""
    italy = at(watched.gateway, "it-handler")
    asked = f"""query ($language: Language!) {{
      repositoryEntries(repository: "requirements", first: 3, language: $language) {{ edges {{ node {{
        id published {{ values {{ field {{ code }} value {{ text {{ dataClass {READING} }} }} }} }} }} }} }}
      own: repositoryEntries(repository: "registers", first: 3, language: FR) {{ edges {{ node {{
        translations {{ place reading {{ details {{ status reason }} }} }} }} }} }} }}"""

    async def there() -> bool | None:
        found = await italy.ask(asked, language="HU")
        return all(found[one]["edges"] for one in ("repositoryEntries", "own")) or None

    await eventually(there)
    watched.translation.asked.clear()
    found = await italy.ask(asked, language="HU")
    assert watched.translation.calls() == {"Translate": 1}
    ids = {edge["node"]["id"] for edge in found["repositoryEntries"]["edges"]}
    (call,) = watched.asked()
    about = [one for one in call.segments if one.source_id in ids]
    assert {one.context for one in about} == {"entry.published.values.value.text"}
    assert all(one.area_code for one in about)
    texts = [
        value["value"]["text"]
        for edge in found["repositoryEntries"]["edges"]
        for value in edge["node"]["published"]["values"]
        if value["value"]["text"]
    ]
    assert {one["dataClass"] for one in texts} == {"PUBLIC", "INTERNAL"}
    # A register's name stays; its conditions do not.
    stays = {one.text.as_written for one in call.segments if one.source_id not in ids}
    told = {
        (one["place"], one["reading"]["details"]["reason"] == "AS_WRITTEN")
        for edge in found["own"]["edges"]
        for one in edge["node"]["translations"]
    }
    assert stays == {True, False}
    assert ("published.values[name].value.text", True) in told
    assert ("published.values[conditions].value.text", False) in told


async def test_the_same_text_is_asked_for_once(watched: Watched, at: At) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED")
    watched.translation.asked.clear()
    await hungary.ask(
        f"query ($id: ID!) {{ a: request(id: $id) {{ justification {{ {READING} }} }} "
        f"b: request(id: $id) {{ justification {{ {READING} }} }} }}",
        id=id_,
    )
    (asked,) = watched.asked()
    assert len(asked.segments) == 1


async def test_a_text_is_sent_with_its_class_its_area_and_what_it_belongs_to(watched: Watched, at: At) -> None:
    """So that no engine sees what it may not, and what is erased is forgotten. A class that nobody gave is PERSONAL."""
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_talkative_request(italy, hungary)
    watched.translation.asked.clear()
    await hungary.ask(REQUEST, id=id_)
    (asked,) = watched.asked()
    segments = {segment.text.text: segment for segment in asked.segments}
    contexts = {
        JUSTIFICATION: "request.justification",
        COMMENT: "request.questions.comment",
        "A bélyegző hiteles.": "request.answers.comment",
        "Semmelweis Egyetem": "request.answers.value.text",
    }
    for words, context in contexts.items():
        segment = segments[words]
        assert segment.text.data_class == common_pb2.DATA_CLASS_PERSONAL, words
        assert (segment.source_id, segment.area_code) == (id_, "professional-qualifications"), words
        assert segment.context == context, words


async def test_no_text_is_sent_where_none_is_shown(watched: Watched, at: At) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_talkative_request(italy, hungary)
    watched.translation.asked.clear()
    await hungary.ask("query ($id: ID!) { request(id: $id) { justification { original } } }", id=id_)
    assert not watched.asked()


async def test_all_the_texts_of_a_request_can_be_had_in_one_field(watched: Watched, at: At) -> None:
    italy, hungary = at(watched.gateway, "it-handler"), at(watched.gateway, "hu-handler")
    id_ = await a_talkative_request(italy, hungary)
    watched.translation.asked.clear()
    found = await italy.ask(
        """query ($id: ID!) { request(id: $id) { translations(language: SV) {
          place written { original language } reading { original translation notice details { targetLanguage } } } } }""",
        id=id_,
    )
    texts = {one["place"]: one for one in found["request"]["translations"]}
    assert {place: one["written"] for place, one in texts.items()} == {
        "justification": {"original": JUSTIFICATION, "language": "IT"},
        "questions[PQ1].comment": {"original": COMMENT, "language": "IT"},
        "answers[PQ1].comment": {"original": "A bélyegző hiteles.", "language": "HU"},
        "answers[PQ2].value.text": {"original": "Semmelweis Egyetem", "language": "HU"},
    }
    assert {one["reading"]["details"]["targetLanguage"] for one in texts.values()} == {"SV"}
    assert watched.translation.calls() == {"Translate": 1}


async def test_all_the_texts_of_an_alert_can_too(watched: Watched, at: At) -> None:
    author, coordinator = at(watched.gateway, "it-alerts"), at(watched.gateway, "it-coordinator")
    id_ = await an_alert(author, coordinator, "HU")
    found = await at(watched.gateway, "hu-alerts").ask(
        "query ($id: ID!) { alert(id: $id) { translations { place reading { original notice } } } }", id=id_
    )
    texts = {one["place"]: one["reading"]["original"] for one in found["alert"]["translations"]}
    assert texts == {
        "values[subject].value.text": "Ponteggio senza parapetti",
        "values[facts].value.text": "Verificato in un'ispezione",
    }


async def test_a_service_that_hangs_costs_the_translation_and_one_wait(data: Path, at: At) -> None:
    """Readers after the first do not wait for the same silence."""
    async with AsyncExitStack() as stack:
        slow = await stack.enter_async_context(a_slow_service())
        addresses = {"translation_address": slow.address}
        for name in ("directory", "requests"):
            addresses[f"{name}_address"] = await stack.enter_async_context(a_service(name, data, **addresses))
        gateway = await stack.enter_async_context(a_gateway(data, **addresses))
        italy, hungary = at(gateway, "it-handler"), at(gateway, "hu-handler")
        id_ = await a_talkative_request(italy, hungary)
        first = (await hungary.ask(REQUEST, id=id_))["request"]
        assert slow.asked.is_set()
        slow.asked.clear()
        second = (await hungary.ask(REQUEST, id=id_))["request"]
        assert not slow.asked.is_set()
    assert first == second
    reading = first["justification"]["text"]
    assert (reading["original"], reading["translation"]) == (JUSTIFICATION, None)
    assert reading["details"] == {"status": "UNAVAILABLE", "reason": "TIMEOUT", "targetLanguage": "HU"}
    assert reading["notice"].startswith("A fordítási szolgáltatás jelenleg nem válaszol")
    # What is in the reader's language already needs nobody.
    own = first["answers"][0]["comment"]["text"]
    assert (own["original"], own["details"]["status"], own["notice"]) == ("A bélyegző hiteles.", "IDENTITY", None)


async def test_a_service_that_is_not_there_costs_no_more(data: Path, at: At) -> None:
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        for name in ("directory", "requests"):
            addresses[f"{name}_address"] = await stack.enter_async_context(a_service(name, data, **addresses))
        gateway = await stack.enter_async_context(a_gateway(data, **addresses))
        italy, hungary = at(gateway, "it-handler"), at(gateway, "hu-handler")
        id_ = await a_talkative_request(italy, hungary)
        found = (await hungary.ask(REQUEST, id=id_))["request"]
    reading = found["questions"][0]["comment"]["text"]
    assert (reading["original"], reading["details"]["reason"]) == (COMMENT, "TIMEOUT")


def test_an_answer_that_nobody_gave_says_so_in_every_language() -> None:
    segment = translation_pb2.Segment(target_language="el")
    segment.text.text, segment.text.language = "Verifica", "it"
    told = Asking().unanswered(segment, languages.ALL)
    assert set(told.notice.texts) == set(languages.ALL)
    assert len(set(told.notice.texts.values())) == len(languages.ALL)


def test_nobody_waits_longer_than_two_seconds() -> None:
    assert asking.DEADLINE_S <= 2.0


async def test_languages_to_write_in_are_those_of_both_and_then_those_of_the_recipient(as_: As) -> None:
    italy = as_("it-handler")
    found = await italy.ask(
        """query ($id: ID!, $node: ID!) { suggestedLanguages(recipient: $id)
          node(id: $node) { ... on Authority { languages suggestedLanguages } } }""",
        id=doctors("HU"),
        node=doctors("HU"),
    )
    understood, shared = found["node"]["languages"], found["node"]["suggestedLanguages"]
    assert found["suggestedLanguages"] == [*shared, *(one for one in understood if one not in shared)]
    assert set(found["suggestedLanguages"]) == set(understood)
    assert (await italy.ask('{ suggestedLanguages(recipient: "aut_0") }'))["suggestedLanguages"] == []


async def test_the_language_of_a_text_is_told_or_left_open(as_: As) -> None:
    detect = "query ($text: String!) { detectLanguage(text: $text) { language confidence } }"
    told = await as_("it-handler").ask(detect, text="Bitte übersenden Sie uns eine Kopie des Arbeitsvertrags.")
    assert told["detectLanguage"]["language"] == "DE"
    assert told["detectLanguage"]["confidence"] >= 0.8
    left = (await as_("it-handler").ask(detect, text="OK"))["detectLanguage"]
    assert left == {"language": None, "confidence": 0.0}
    found = await as_("it-handler").refused(detect, text="x" * 100_000)
    assert found == Refused("INVALID", "TOO_LONG", "text")


class Answering:
    """Answers at once, in place of the translation service, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.languages = ["it"]
        self.calls = Calls()
        self.backends: Any = None

    async def translations(self, _backends: Any, segments: Any, _languages: Any) -> list[translation_pb2.Translation]:
        self.asked += 1
        return [translation_pb2.Translation(text=one.text.text.upper()) for one in segments]


async def test_who_stops_waiting_for_a_text_stops_nobody_else() -> None:
    """The same text stands at two places of an answer, and one of them is given up."""
    answering = Answering()
    texts, ciao = Texts(answering, answering), common_pb2.FreeText(text="ciao", language="it")  # type: ignore[arg-type]
    given_up, waiting = (asyncio.gather(texts.load(ciao, "hu")) for _ in range(2))
    given_up.cancel()
    assert [one.text for one in await waiting] == ["CIAO"]
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert answering.asked == 1
    # When nobody is left, nobody is asked.
    alone = texts.load(common_pb2.FreeText(text="addio", language="it"), "hu")
    alone.cancel()
    for _ in range(3 * QUIET_TURNS):
        await asyncio.sleep(0)
    assert answering.asked == 1
