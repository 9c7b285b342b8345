"""The authorities of a country in and out over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.limits.imports import AT_ONCE
from tests.cells import cell
from tests.chassis.waiting import until
from tests.gateway.clients import Client, Refused, key, lines, refusal
from tests.gateway.lines import WITHIN_S, Line
from tests.gateway.running import Running, a_gateway, a_service

As = Callable[[str], Client]
At = Callable[[Running, str], Client]
COLUMNS = "external_id;level;languages;official_name.de;informal_name.en;modules.services/requests"
ROWS = ["GW-1;NATIONAL;de en;Amt Eins;Office one;CA REQUEST_PARTNER", "GW-2;PLANETARY;de;Amt Zwei;;CA REQUEST_PARTNER"]
FILE = "\n".join([COLUMNS, *ROWS]) + "\n"


async def sent(
    client: Client, content: Any = FILE, headers: dict[str, str] | None = None, **asked: str
) -> httpx.Response:
    return await client.http.post(
        f"{client.url}/directory/import",
        params={"format": "csv", **asked},
        content=content,
        headers={**client.headers, **(headers or {})},
    )


async def fetched(client: Client, **asked: Any) -> httpx.Response:
    return await client.http.get(
        f"{client.url}/directory/export", params={"format": "csv", **asked}, headers=client.headers
    )


async def test_each_row_is_answered_with_a_line_and_the_last_line_sums_up(as_: As) -> None:
    coordinator = as_("de-nimic")
    first, second, summary = lines(await sent(coordinator, dryRun="true", language="EN"))
    made = first.pop("authorityId")
    assert first == {"row": 1, "line": 2, "externalId": "GW-1", "name": "Office one", "outcome": "CREATED"}
    assert second["outcome"] == "REFUSED"
    assert second["error"]["extensions"] == {"code": "INVALID", "reason": "UNKNOWN_VALUE", "field": "level"}
    assert second["error"]["message"].startswith("'PLANETARY' is not one of NATIONAL")
    counts = {"rows": 2, "created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert summary == {"summary": {**counts, "dryRun": True}}
    document = "query ($id: ID!) { authority(id: $id) { id name country { code } } }"
    assert (await coordinator.ask(document, id=made))["authority"] is None
    *_, summary = lines(await sent(coordinator))
    assert summary == {"summary": {**counts, "dryRun": False}}
    found = (await coordinator.ask(document, id=made))["authority"]
    assert (found["id"], found["country"]) == (made, {"code": "DE"})
    first, *_ = lines(await sent(coordinator, FILE.replace("de en", "de")))
    assert (first["outcome"], first["changed"]) == ("CHANGED", ["languages"])


async def test_an_export_is_an_attachment_that_can_be_sent_back(as_: As) -> None:
    coordinator = as_("de-nimic")
    for format_, media_type in (("csv", "text/csv; charset=utf-8; header=present"), ("jsonl", "application/x-ndjson")):
        response = await fetched(coordinator, format=format_)
        assert response.status_code == 200
        assert response.headers["content-type"] == media_type
        assert response.headers["content-disposition"] == f'attachment; filename="authorities-DE.{format_}"'
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        *rows, summary = lines(await sent(coordinator, response.content, format=format_))
        assert summary["summary"]["unchanged"] == summary["summary"]["rows"] > 40
        assert {row["outcome"] for row in rows if "row" in row} == {"UNCHANGED"}
    assert (await fetched(coordinator, separator=",")).text.startswith("\ufeffexternal_id,status,")
    narrow = await fetched(coordinator, format="jsonl", areaCodes=["firearms"], statuses=["ACTIVE"])
    assert 0 < len(narrow.text.splitlines()) < summary["summary"]["rows"]


async def test_under_the_same_key_the_answer_is_the_first_one(as_: As) -> None:
    coordinator = as_("de-nimic")
    file = f"{COLUMNS}\nGW-3;NATIONAL;de;Amt Drei;;CA REQUEST_PARTNER\n"
    once = {"idempotency-key": key()}
    answers = [lines(await sent(coordinator, file, headers)) for headers in (once, once, {})]
    assert [answer[0]["outcome"] for answer in answers] == ["CREATED", "CREATED", "UNCHANGED"]


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"format": "xlsx"}, Refused("INVALID", "UNKNOWN_VALUE", "format")),
        ({"format": ""}, Refused("INVALID", "UNKNOWN_VALUE", "format")),
        ({"dryRun": "yes"}, Refused("INVALID", "UNKNOWN_VALUE", "dryRun")),
        ({"language": "tlh"}, Refused("INVALID", "UNKNOWN_LANGUAGE", "language")),
    ],
)
async def test_what_is_asked_for_wrongly_is_refused_by_name(as_: As, asked: dict[str, str], refused: Refused) -> None:
    response = await sent(as_("de-nimic"), FILE, None, **asked)
    assert (response.status_code, refusal(response)) == (400, refused)


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"format": "xlsx"}, Refused("INVALID", "UNKNOWN_VALUE", "format")),
        ({"separator": "|"}, Refused("INVALID", "SEPARATOR", "separator")),
        ({"statuses": ["ACTIVE", "GONE"]}, Refused("INVALID", "UNKNOWN_VALUE", "statuses[1]")),
        ({"areaCodes": ["wizardry"]}, Refused("INVALID", "UNKNOWN_AREA", "areaCodes[0]")),
    ],
)
async def test_so_it_is_of_an_export(as_: As, asked: dict[str, Any], refused: Refused) -> None:
    response = await fetched(as_("de-nimic"), **asked)
    assert (response.status_code, refusal(response)) == (400, refused)


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        ("", Refused("INVALID", "EMPTY", "file")),
        ("external_id;wizardry\n", Refused("INVALID", "UNKNOWN_COLUMN", "wizardry")),
        ("level\n", Refused("INVALID", "MISSING_COLUMN", "external_id")),
    ],
)
async def test_a_file_without_the_right_columns_is_refused_as_a_whole(as_: As, content: str, refused: Refused) -> None:
    response = await sent(as_("de-nimic"), content)
    assert (response.status_code, refusal(response)) == (400, refused)


@pytest.mark.parametrize("user", ["it-coordinator", "it-handler", "commission"])
async def test_it_is_for_the_national_coordinator(as_: As, user: str) -> None:
    for response in (await sent(as_(user)), await fetched(as_(user))):
        assert (response.status_code, refusal(response).code) == (403, "FORBIDDEN")


async def test_nobody_is_let_in_without_a_sign_in(as_: As) -> None:
    nobody = as_("")
    forged = Client(nobody.http, nobody.url, "x.y.z")
    for client in (nobody, forged):
        for response in (await sent(client), await fetched(client)):
            assert response.status_code == 401
            assert refusal(response).code == "UNAUTHENTICATED"


async def test_a_file_that_is_too_large_is_refused_and_the_disk_is_not_filled(as_: As) -> None:
    async def content() -> AsyncIterator[bytes]:
        for _ in range(65):
            yield b" " * (1 << 20)

    response = await sent(as_("de-nimic"), content(), format="jsonl")
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", "FILE_TOO_LARGE", "file"))


@asynccontextmanager
async def begun(client: Client, path: str = "/directory/import?format=csv") -> AsyncIterator[Line]:
    """An import of which the first letters have been sent, and no more are."""
    at = urlsplit(client.url)
    line = Line(*await asyncio.open_connection(at.hostname, at.port))
    head = {"host": "here", "content-length": "1000000", **client.headers}
    fields = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    await line.say(f"POST {path} HTTP/1.1\r\n{fields}\r\nexternal_id".encode())
    try:
        async with asyncio.timeout(WITHIN_S):
            yield line
    finally:
        line.leave()


async def test_who_may_not_import_is_refused_before_the_file_is_there(as_: As) -> None:
    for path in ("/directory/import?format=csv", "/requests/import", "/repositories/registers/import?format=csv"):
        with cell(path):
            async with begun(as_("commission"), path) as line:
                status, body = await line.answer()
                assert (status, Refused.of(json.loads(body)["errors"][0]).code) == (403, "FORBIDDEN")


async def test_one_person_has_few_imports_under_way_at_a_time(as_: As) -> None:
    coordinator = as_("de-nimic")

    async def is_refused() -> bool:
        return (await sent(coordinator, dryRun="true")).status_code == 429

    async def is_taken() -> bool:
        return (await sent(coordinator, dryRun="true")).status_code == 200

    async with AsyncExitStack() as others:
        for _ in range(AT_ONCE - 1):
            await others.enter_async_context(begun(coordinator))
        async with begun(coordinator):
            await until(is_refused)
            response = await sent(coordinator)
            assert (refusal(response).code, response.headers["retry-after"]) == ("RATE_LIMITED", "10")
            assert (await sent(as_("it-alerts"))).status_code == 403, "others have their own"
        await until(is_taken)


async def test_what_ends_an_import_midway_is_its_last_line(as_: As) -> None:
    answer = lines(await sent(as_("de-nimic"), b"{}\n" * 10_001, format="jsonl"))
    *rows, last = answer
    assert Refused.of(last["errors"][0]) == Refused("INVALID", "TOO_MANY_ROWS", "file")
    assert len([row for row in rows if "row" in row]) == 10_000
    progress = [row["progress"] for row in rows if "progress" in row]
    assert [one["rows"] for one in progress] == list(range(500, 10_001, 500))


async def test_a_directory_that_is_away_is_said_to_be_away(data: Path, at: At) -> None:
    async with a_service("directory", data) as directory, a_gateway(data, directory_address=directory) as gateway:
        client = at(gateway, "de-nimic")
        assert (await client.answer("{ viewer { name } }"))["data"]
    async with a_gateway(data) as gateway:
        response = await sent(at(gateway, "de-nimic"))
        assert (response.status_code, refusal(response).code) == (503, "UNAVAILABLE")
