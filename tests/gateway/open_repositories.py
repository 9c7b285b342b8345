"""A repository that everybody reads, published while the system runs; and entries of it."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from tests.builders import QUALIFICATIONS
from tests.gateway.clients import Client, Data, eventually
from vocabulary import languages

As = Callable[[str], Client]


def everywhere(text: str) -> list[Data]:
    """*text* in every language, told apart by the language's code."""
    return [{"language": code.upper(), "text": f"{text} ({code})"} for code in languages.ALL]


def field(code: str, type_: str, **changed: Any) -> Data:
    return {"code": code, "label": everywhere(code), "type": type_, **changed}


FIELDS = (
    field("name", "TEXT", mandatory=True, searchable=True),
    field("subject", "CONCEPT", searchable=True),
    field("kind", "SINGLE", choices=[{"code": code, "label": everywhere(code)} for code in ("BIG", "SMALL")]),
    field("opened", "DATE"),
    field("fee", "NUMBER"),
    field("site", "LINK"),
    field("note", "TEXT", searchable=True, audience={"visibility": "ALL_IMI"}),
    field("inspector", "SINGLE", choiceList="risk-level", audience={"visibility": "MODULE"}),
)


async def a_repository(as_: As, *, fields: Sequence[Data] = FIELDS, visibility: str = "PUBLIC") -> str:
    """The code of a new repository of the Commission's, in which editors of qualifications write."""
    code = f"open-{uuid.uuid4().hex[:8]}"
    definition = {
        "code": code,
        "version": 1,
        "title": everywhere("Open register"),
        "description": everywhere("What everybody may know"),
        "legalBasis": everywhere("Some act"),
        "area": QUALIFICATIONS,
        "audience": {"visibility": visibility},
        "fields": list(fields),
    }
    await as_("commission").do("publishRepository", "repository { code }", definition=definition)
    return code


def text(words: str, language: str = "IT") -> Data:
    return {"text": {"text": words, "language": language}}


async def an_entry(as_: As, repository: str, name: str, *, user: str = "it-handler", **values: Data) -> str:
    """The id of a published entry, which the index knows."""
    client = as_(user)
    given = [{"code": code, "value": value} for code, value in {"name": text(name), **values}.items()]
    made = await client.do("createEntry", "entry { id }", repository=repository, values=given)
    await client.do("publishEntry", "entry { id }", id=made["id"])

    async def found() -> bool | None:
        asked = "query ($r: ID!) { repositoryEntries(repository: $r, first: 100) { edges { node { id } } } }"
        edges = (await client.ask(asked, r=repository))["repositoryEntries"]["edges"]
        return any(edge["node"]["id"] == made["id"] for edge in edges) or None

    await eventually(found)
    return str(made["id"])
