"""In which language a reader is answered, and that services are asked for no more languages than that takes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import QueryParams

from chassis.caller import DEVELOPMENT_ISSUER
from chassis.outbox import Outbox
from chassis.process import clock
from engines.documents import open_documents
from engines.events import open_events
from gateway.context import Context
from gateway.public_entries import language_of
from protos.directory.v1 import directory_pb2
from services.directory import storage
from services.directory.domain.users import User, signin
from services.directory.settings import DirectorySettings
from tests.builders import doctors
from tests.gateway.clients import Client
from tests.gateway.running import Between, Running, a_gateway, a_service, between, copy_of
from vocabulary import languages

At = Callable[[Running, str], Client]
ENGLISH, ITALIAN, FRENCH, GERMAN = "Public documents", "Documenti pubblici", "Documents publics", "Öffentliche Urkunden"
UNSET = "somebody"
NOBODY: Any = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A system whose directory is asked through `directory`, which remembers what it was asked."""

    gateway: Running
    directory: Between


@pytest.fixture(scope="module")
async def watched(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    data = copy_of(trained, tmp_path_factory.mktemp("languages") / "data")
    await _load_somebody(data)
    async with (
        a_service("directory", data) as address,
        between(address) as passing,
        a_gateway(data, directory_address=passing.address) as gateway,
    ):
        yield Watched(gateway, passing)


async def _load_somebody(data: Path) -> None:
    """Somebody who has not set a language."""
    user = User(authority_id=doctors("IT"), name="Somebody", language="", signin=signin(DEVELOPMENT_ISSUER, UNSET))
    settings = DirectorySettings(data_dir=data)
    async with (
        open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents,
        open_events(settings.events) as events,
    ):
        await storage.users(documents, Outbox("directory", documents, events, clock)).load([("usr_0", user, [])])


def test_of_a_header_its_beginning_is_read_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text of an answer asks for it, and a client may write as much into it as into any header."""
    read: list[str] = []

    def counted(said: str) -> str | None:
        read.append(said)
        return best(said)

    best = languages.preferred
    monkeypatch.setattr(languages, "preferred", counted)
    said = "xx," * 20 + "fi," + "it;q=0.5," * 10_000
    context = Context(NOBODY, None, said)
    assert [context.language for _ in range(100)] == ["fi"] * 100
    assert language_of(QueryParams(""), said) == "fi"
    (found,) = read
    assert len(found) <= 1_000


async def name_of(client: Client, document: str, headers: dict[str, str] | None = None) -> str:
    """How the area of public documents is called in an answer."""
    response = await client.post(document, None, **(headers or {}))
    (found,) = [area["name"] for area in response.json()["data"]["areas"] if area["code"] == "public-documents"]
    return str(found)


AREAS = "{ areas { code name } }"


async def test_the_argument_comes_first(watched: Watched, at: At) -> None:
    client = at(watched.gateway, "it-handler")
    found = await name_of(client, "{ areas(language: DE) { code name } }", {"accept-language": "fr"})
    assert found == GERMAN


async def test_the_readers_own_setting_comes_second(watched: Watched, at: At) -> None:
    found = await name_of(at(watched.gateway, "it-handler"), AREAS, {"accept-language": "fr"})
    assert found == ITALIAN


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ("fr", FRENCH),
        ("fr-BE, en;q=0.5", FRENCH),
        ("xx, de;q=0.7, fr;q=0.9", FRENCH),
        ("xx", ENGLISH),
        ("", ENGLISH),
        (";;;q=,", ENGLISH),
    ],
)
async def test_what_the_browser_accepts_comes_third_and_then_english(
    watched: Watched, at: At, accepted: str, name: str
) -> None:
    assert await name_of(at(watched.gateway, UNSET), AREAS, {"accept-language": accepted}) == name


async def test_null_is_no_language(watched: Watched, at: At) -> None:
    client = at(watched.gateway, "it-handler")
    assert await name_of(client, "{ areas(language: null) { code name(language: null) } }") == ITALIAN


async def test_every_field_can_be_in_a_language_of_its_own(watched: Watched, at: At) -> None:
    answer = await at(watched.gateway, "it-handler").ask(
        "{ areas(language: DE) { code name fr: name(language: FR) en: name(language: EN) } }"
    )
    assert answer["areas"][4] == {"code": "public-documents", "name": GERMAN, "fr": FRENCH, "en": ENGLISH}


async def test_two_root_fields_can_be_in_two_languages(watched: Watched, at: At) -> None:
    """What one of them says is not what the other one shows, nor what they link to."""
    answer = await at(watched.gateway, "it-handler").ask(
        """query ($id: ID!, $second: Language) {
          first: authority(id: $id, language: DE) { country { name } concepts { label } }
          second: authority(id: $id, language: $second) { country { name } concepts { label } }
          third: authority(id: $id) { country { name } }
        }""",
        id=doctors("IT"),
        second="FR",
    )
    assert [answer[root]["country"]["name"] for root in ("first", "second", "third")] == ["Italien", "Italie", "Italia"]
    assert "Arzt" in answer["first"]["concepts"][0]["label"]
    assert "decin" in answer["second"]["concepts"][0]["label"].replace("é", "e")


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (AREAS, ["it"]),
        ("{ areas(language: DE) { code name } }", ["de", "it"]),
        ("{ areas { name(language: FR) concepts { label(language: EL) } } }", ["el", "fr", "it"]),
        ("query ($a: Language = SV) { areas { name(language: $a) } }", ["it", "sv"]),
        ("{ areas { ...A } } fragment A on Area { name(language: MT) }", ["it", "mt"]),
    ],
)
async def test_services_are_asked_for_the_languages_that_are_shown(
    watched: Watched, at: At, document: str, wanted: list[str]
) -> None:
    watched.directory.asked.clear()
    await at(watched.gateway, "it-handler").ask(document)
    (asked,) = watched.directory.messages("ListAreas", directory_pb2.ListAreasRequest)
    assert list(asked.languages) == wanted
    for linked in watched.directory.messages("BatchGetConcepts", directory_pb2.BatchGetConceptsRequest):
        assert list(linked.languages) == wanted


async def test_a_language_in_a_variable_is_asked_for(watched: Watched, at: At) -> None:
    watched.directory.asked.clear()
    answer = await at(watched.gateway, "it-handler").ask(
        "query ($language: Language) { areas { name(language: $language) } }", language="DE"
    )
    assert answer["areas"][4] == {"name": GERMAN}
    (asked,) = watched.directory.messages("ListAreas", directory_pb2.ListAreasRequest)
    assert list(asked.languages) == ["de", "it"]


async def test_nobody_is_answered_by_what_they_accept(watched: Watched, http: httpx.AsyncClient, at: At) -> None:
    """Without a sign-in there is nothing to read, but a refusal is no reason to forget whom one talks to."""
    response = await at(watched.gateway, "").post("{ viewer { name } }", None, **{"accept-language": "fr"})
    assert response.json() == {"data": {"viewer": None}}
