"""Information repositories from outside: one made by configuration, one read by each as far as they may, one gone back to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import doctors
from tests.gateway.clients import WEBSOCKET, Client, Data, Refused, eventually, key, within
from tests.gateway.exchanges import text
from tests.gateway.running import copy_of
from tests.journeys.staging import Stage, a_stage
from vocabulary import languages

FIELDS = "values { field { code label } value { text { original } date choices { label } areas { code } } }"
READ = f"""query ($id: ID!) {{ repositoryEntry(id: $id) {{
  id status revision published {{ number schemaVersion validTo {FIELDS} }} draft {{ number }}
  earlier {{ number schemaVersion {FIELDS} }} actions {{ action possible reason }} }} }}"""
EVERYBODY = ("it-alerts", "it-coordinator", "hu-alerts", "fr-alerts", "hu-handler", "commission", "it-admin")


@pytest.fixture(scope="module")
async def stage(trained: Path, tmp_path_factory: pytest.TempPathFactory, engines: None) -> AsyncIterator[Stage]:
    async with a_stage(copy_of(trained, tmp_path_factory.mktemp("repositories") / "data")) as stage:
        yield stage


def in_all(words: str) -> list[Data]:
    return [{"language": code.upper(), "text": f"{words} ({code})"} for code in languages.OFFICIAL]


def a_field(code: str, kind: str, **more: Any) -> Data:
    return {"code": code, "label": in_all(code), "type": kind, **more}


def a_definition(code: str, *fields: Data, **changed: Any) -> Data:
    return {
        "code": code,
        "version": 1,
        "title": in_all(code),
        "description": in_all(f"About {code}"),
        "legalBasis": in_all("Directive 2006/123/EC"),
        "area": "services",
        "audience": {"visibility": "ALL_IMI"},
        "fields": list(fields),
        **changed,
    }


def values(**said: Any) -> list[Data]:
    return [{"code": code, "value": value} for code, value in said.items()]


async def published(client: Client, repository: str, said: list[Data], **more: Any) -> str:
    made = await client.do("createEntry", "entry { id }", repository=repository, values=said, **more)
    await client.do("publishEntry", "entry { status }", id=made["id"])
    return str(made["id"])


async def read(client: Client, id_: str) -> Data | None:
    found: Data | None = (await client.ask(READ, id=id_))["repositoryEntry"]
    return found


def said(version: Data) -> dict[str, str]:
    """What the texts and dates of a version say, by field."""
    found = {one["field"]["code"]: one["value"] for one in version["values"]}
    return {code: (value["text"] or {}).get("original") or value["date"] for code, value in found.items()}


async def test_the_commission_makes_a_repository_by_configuration_and_it_is_used_at_once(stage: Stage) -> None:
    """No code, no restart: defined, written in, found in another language, and changed without touching what was written (row 41)."""
    commission, italy, hungary = (stage.as_(user) for user in ("commission", "it-alerts", "hu-alerts"))
    fields = (
        a_field("name", "TEXT", mandatory=True, searchable=True),
        a_field("since", "DATE"),
        a_field(
            "kind",
            "SINGLE",
            choices=[{"code": "A", "label": in_all("First")}, {"code": "B", "label": in_all("Second")}],
        ),
    )
    definition = a_definition("landmarks", *fields)
    lacking = a_definition("landmarks", *fields, title=in_all("x")[1:])
    assert await commission.cannot("publishRepository", definition=lacking) == Refused(
        "INVALID", "MISSING_LANGUAGE", "definition.title.bg"
    )
    assert (await italy.cannot("publishRepository", definition=definition)).code == "FORBIDDEN"
    made = await commission.do("publishRepository", "repository { code schemaVersion title }", definition=definition)
    assert made == {"code": "landmarks", "schemaVersion": 1, "title": "landmarks (en)"}

    id_ = await published(italy, "landmarks", values(name={"text": text("Faro di Genova")}, kind={"codes": ["A"]}))
    seen = await read(hungary, id_)
    assert seen
    shown = {one["field"]["label"]: one["value"] for one in seen["published"]["values"]}
    assert shown["name (hu)"]["text"]["original"] == "Faro di Genova"
    assert shown["kind (hu)"]["choices"] == [{"label": "First (hu)"}]

    async def found() -> bool | None:
        page = await hungary.ask(
            '{ repositoryEntries(repository: "landmarks", text: "faro") { totalCount edges { node { id } } } }'
        )
        return [edge["node"]["id"] for edge in page["repositoryEntries"]["edges"]] == [id_] or None

    assert await eventually(found)

    renamed = a_definition("landmarks", fields[0], a_field("built", "NUMBER", mandatory=True), version=2)
    await commission.do("publishRepository", "repository { schemaVersion }", definition=renamed)
    assert await read(hungary, id_) == seen
    refused = await italy.cannot(
        "editEntry", id=id_, values=values(name={"text": text("Lanterna")}, since={"date": "1543-01-01"})
    )
    assert refused == Refused("INVALID", "UNKNOWN_FIELD", "values[1].code")


async def test_each_reads_of_an_entry_what_is_for_them(stage: Stage) -> None:
    """Fields for all, for those who deal with services, for one's own country, for a role: to others they are not there (row 42)."""
    commission, italy = stage.as_("commission"), stage.as_("it-alerts")
    module, country = {"visibility": "MODULE"}, {"visibility": "COUNTRY"}
    role = {"visibility": "ROLE", "roles": ["COORDINATOR"]}
    fields = (
        a_field("title", "TEXT", mandatory=True),
        a_field("inside", "TEXT", audience=module),
        a_field("home", "TEXT", audience=country),
        a_field("desk", "TEXT", audience=role),
        a_field("person", "TEXT", personal=True),
    )
    kept = {"erasedAfterMonths": 12}
    wider = a_definition("layers", a_field("title", "TEXT", audience={"visibility": "PUBLIC"}), retention=kept)
    assert await commission.cannot("publishRepository", definition=wider) == Refused(
        "INVALID", "WIDER_THAN_REPOSITORY", "definition.fields[0].audience"
    )
    await commission.do(
        "publishRepository", "repository { code }", definition=a_definition("layers", *fields, retention=kept)
    )
    whole = {one["code"]: {"text": text(one["code"].upper())} for one in fields}
    id_ = await published(italy, "layers", values(**whole))
    await italy.do("editEntry", "entry { id }", id=id_, values=values(**{**whole, "home": {"text": text("HOME TWO")}}))
    await italy.do("publishEntry", "entry { id }", id=id_)
    expected = {
        "it-alerts": {"title", "inside", "home", "desk", "person"},
        # Its owner's country, and a coordinator.
        "it-coordinator": {"title", "inside", "home", "desk", "person"},
        "hu-alerts": {"title", "inside", "desk", "person"},
        "fr-alerts": {"title", "inside", "person"},
        # Signed in, but no part in services.
        "hu-handler": {"title", "person"},
        "it-admin": {"title", "person"},
        "commission": {"title", "inside"},
    }
    assert set(expected) == {"it-alerts", *EVERYBODY}
    diff = "query ($id: ID!) { diff(entry: $id, from: 1, to: 2) { differences { field { code } after { text { original } } } } }"
    page = f'{{ repositoryEntries(repository: "layers") {{ edges {{ node {{ published {{ {FIELDS} }} }} }} }} }}'
    for user, codes in expected.items():
        client = stage.as_(user)
        seen = await read(client, id_)
        assert seen
        assert set(said(seen["published"])) == codes, user
        compared = (await client.ask(diff, id=id_))["diff"]["differences"]
        personal = [] if user == "it-alerts" or "person" not in codes else ["person"]
        home = ["home"] if "home" in codes else []
        assert [one["field"]["code"] for one in compared] == [*home, *personal], user
        listed = await client.ask(page)
        for edge in listed["repositoryEntries"]["edges"]:
            assert set(said(edge["node"]["published"])) == codes, user


async def test_versions_are_kept_compared_and_gone_back_to(stage: Stage) -> None:
    """Readers stay on a version until the next is published; the owner goes back to an earlier one by a new one (row 43)."""
    italy, hungary = stage.as_("it-alerts"), stage.as_("hu-alerts")
    words = ("Limite di cinque", "Limite di dieci", "Limite di tre")
    content = [
        values(
            **{
                "activity": {"references": ["construction"]},
                "applies-to": {"codes": ["ESTABLISHMENT"]},
                "requirement": {"codes": ["QUANTITATIVE"]},
                "interest": {"codes": ["WORKERS"]},
                "content": {"text": text(one)},
            }
        )
        for one in words
    ]
    id_ = await published(italy, "requirements", content[0])
    for number in (1, 2):
        await italy.do("editEntry", "entry { id }", id=id_, values=content[number], reason="correzione")
        seen = await read(hungary, id_)
        assert seen
        assert (seen["published"]["number"], seen["draft"], seen["revision"]) == (number, None, number)
        await italy.do("publishEntry", "entry { id }", id=id_)
    compared = await hungary.ask(
        """query ($id: ID!) { diff(entry: $id, from: 1, to: 3, language: IT) { from to differences {
             field { code label } before { text { original } } after { text { original } } } } }""",
        id=id_,
    )
    (difference,) = compared["diff"]["differences"]
    assert difference["field"] == {"code": "content", "label": "Contenuto della misura"}
    assert (difference["before"]["text"]["original"], difference["after"]["text"]["original"]) == (words[0], words[2])
    assert (await hungary.cannot("revertEntry", id=id_, version=1)).code == "FORBIDDEN"
    assert await italy.cannot("revertEntry", id=id_, version=9) == Refused("INVALID", "UNKNOWN_VERSION", "version")
    revision = (await italy.ask("query ($id: ID!) { repositoryEntry(id: $id) { revision } }", id=id_))[
        "repositoryEntry"
    ]["revision"]
    stale = await italy.cannot("revertEntry", id=id_, version=1, revision=revision - 1)
    assert (stale.code, stale.reason) == ("CONFLICT", "STALE_REVISION")
    draft = await italy.do(
        "revertEntry",
        "entry { draft { number revertsTo reason } }",
        id=id_,
        version=1,
        revision=revision,
        reason="errore",
    )
    assert draft == {"draft": {"number": 4, "revertsTo": 1, "reason": "errore"}}
    await italy.do("publishEntry", "entry { id }", id=id_)
    versions = await hungary.ask(
        f"query ($id: ID!) {{ entryVersions(id: $id) {{ edges {{ node {{ number {FIELDS} }} }} }} }}", id=id_
    )
    told = [(edge["node"]["number"], said(edge["node"])["content"]) for edge in versions["entryVersions"]["edges"]]
    assert told == [(4, words[0]), (3, words[2]), (2, words[1]), (1, words[0])]


async def test_a_derogation_is_listed_when_a_coordinator_has_approved_it_and_who_follows_hears_of_it(
    stage: Stage,
) -> None:
    italy, coordinator, france = (stage.as_(user) for user in ("it-alerts", "it-coordinator", "fr-alerts"))
    content = values(
        activity={"references": ["construction"]},
        provider={"text": text("SECRET Ditta Rossi")},
        establishment={"references": ["FR"]},
        measure={"text": text("Sospensione dei lavori")},
        reasons={"text": text("SECRET pericolo di crollo")},
        urgent={"codes": ["NO"]},
        decided={"date": "2026-11-02"},
    )
    follow = (
        'subscription { repositoryChanges(repository: "derogations") { cursor change { kind version entry { id } } } }'
    )
    async with france.listening(WEBSOCKET, follow) as changes:
        await within(changes)
        made = await italy.do("createEntry", "entry { id }", repository="derogations", values=content)
        id_ = made["id"]
        assert (await italy.cannot("publishEntry", id=id_)).reason == "OTHER_REPOSITORY"
        await italy.do("submitEntry", "entry { status }", id=id_)
        assert (await italy.cannot("approveEntry", id=id_)).code == "FORBIDDEN"
        assert await read(france, id_) is None
        pending = await coordinator.ask(
            '{ pendingEntries(repository: "derogations") { edges { node { id revision } } } }'
        )
        read_at = {edge["node"]["id"]: edge["node"]["revision"] for edge in pending["pendingEntries"]["edges"]}[id_]
        await italy.do("editEntry", "entry { status }", id=id_, values=content, reason="corretto")
        await italy.do("submitEntry", "entry { status }", id=id_)
        stale = await coordinator.cannot("approveEntry", id=id_, revision=read_at)
        assert (stale.code, stale.reason) == ("CONFLICT", "STALE_REVISION")
        await coordinator.do("approveEntry", "entry { status }", id=id_, revision=read_at + 2)
        while not (item := (await within(changes))["data"]["repositoryChanges"])["change"]:
            pass
        assert item["change"] == {"kind": "ADDED", "version": 1, "entry": {"id": id_}}
    for user, sees in (("fr-alerts", True), ("hu-handler", False), ("commission", False)):
        seen = await read(stage.as_(user), id_)
        assert ("SECRET" in repr(seen)) is sees, user
    await italy.do("withdrawEntry", "entry { status }", id=id_, reason="misura cessata")
    assert await read(france, id_) is None
    again = await italy.do("archiveEntry", "entry { status history { action reason } }", id=id_)
    assert again["status"] == "ARCHIVED"
    assert [one["action"] for one in again["history"]] == [
        *("CREATE", "SUBMIT", "EDIT", "SUBMIT", "APPROVE", "WITHDRAW", "ARCHIVE")
    ]


async def test_a_professional_card_and_its_files_are_read_by_the_host_that_it_names_and_by_nobody_else(
    stage: Stage,
) -> None:
    italy = stage.as_("it-handler")
    pdf = b"%PDF-1.7 diploma"
    sent = await italy.http.post(f"{italy.url}/repositories/files?name=diploma.pdf", content=pdf, headers=italy.headers)
    assert sent.status_code == 201, sent.text
    file = sent.json()
    assert sent.headers["location"] == f"/repositories/files/{file['id']}"
    content = values(
        **{
            "number": {"text": text("SECRET-IT-0001")},
            "family-name": {"text": text("SECRET-Rossi")},
            "given-names": {"text": text("SECRET-Maria")},
            "birth": {"date": "1980-02-29"},
            "profession": {"references": ["doctor"]},
            "use": {"codes": ["SERVICES"]},
            "host": {"references": [doctors("HU")]},
            "issued": {"date": "2026-11-02"},
            "documents": {"files": [file["id"]]},
        }
    )
    outsiders = ("hu-nurses", "hu-alerts", "fr-alerts", "de-nimic", "commission", "it-alerts", "it-admin")
    listed = (
        '{ repositoryEntries(repository: "professional-cards", text: "SECRET") { totalCount edges { node { id } } } }'
    )
    id_ = await published(italy, "professional-cards", content, validTo="2099-12-31")
    host = await read(stage.as_("hu-handler"), id_)
    assert host
    assert said(host["published"])["family-name"] == "SECRET-Rossi"

    async def downloaded(user: str) -> int:
        client = stage.as_(user)
        return (await client.http.get(f"{client.url}{sent.headers['location']}", headers=client.headers)).status_code

    assert await downloaded("hu-handler") == 200
    told = await stage.as_("hu-handler").ask(
        """query ($id: ID!) { repositoryEntry(id: $id) { published { values { value { files { name url scan { state } } } } } } }""",
        id=id_,
    )
    (files,) = [
        one["value"]["files"] for one in told["repositoryEntry"]["published"]["values"] if one["value"]["files"]
    ]
    assert files == [{"name": "diploma.pdf", "url": sent.headers["location"], "scan": {"state": "NOT_SCANNED"}}]

    async def found() -> bool | None:
        page = (await stage.as_("hu-handler").ask(listed))["repositoryEntries"]
        return id_ in [edge["node"]["id"] for edge in page["edges"]] or None

    assert await eventually(found)
    for user in outsiders:
        client = stage.as_(user)
        assert await read(client, id_) is None, user
        assert await downloaded(user) == 404, user
        page = await client.ask(listed)
        assert page["repositoryEntries"] == {"totalCount": 0, "edges": []}, user
        hidden = await client.refused("query ($id: ID!) { diff(entry: $id, from: 1, to: 1) { to } }", id=id_)
        assert hidden == Refused("NOT_FOUND", "NOT_FOUND", "id"), user
    draft = await italy.do(
        "createEntry", "entry { id }", repository="professional-cards", values=[], idempotencyKey=key()
    )
    gone = await italy.do("deleteEntryDraft", "entry { status draft { number } }", id=draft["id"])
    assert gone == {"status": "DELETED", "draft": None}
    assert await read(italy, draft["id"]) is None
