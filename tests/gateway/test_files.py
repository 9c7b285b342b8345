"""Files in and out over HTTP."""

import hashlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.gateway.clients import Client, Data, Refused, refusal
from tests.gateway.exchanges import ANSWERS, PDF, a_draft, a_request

As = Callable[[str], Client]
LIMIT = 25 * 1024 * 1024
FORM = {"x-requested-with": "imi"}


async def sent(client: Client, content: bytes = PDF, name: str = "laurea.pdf", kind: str = "") -> httpx.Response:
    """The answer to a raw upload."""
    headers = {**client.headers, **({"content-type": kind} if kind else {})}
    return await client.http.post(f"{client.url}/files", params={"name": name}, content=content, headers=headers)


async def sent_as_form(client: Client, part: Any, field: str = "file", **headers: str) -> httpx.Response:
    """The answer to an upload as a browser's form makes it."""
    return await client.http.post(
        f"{client.url}/files", files={field: part}, headers={**client.headers, **FORM, **headers}
    )


async def download(client: Client, id_: str) -> httpx.Response:
    return await client.http.get(f"{client.url}/files/{id_}", headers=client.headers)


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
async def test_a_file_is_taken_and_given_back_as_it_was(as_: As, as_form: bool) -> None:
    client = as_("it-handler")
    if as_form:
        response = await sent_as_form(client, ("laurea.pdf", PDF, "application/pdf"))
    else:
        response = await sent(client, kind="application/pdf")
    assert response.status_code == 201
    described = response.json()
    assert response.headers["location"] == f"/files/{described['id']}"
    assert described.pop("id").startswith("fil_")
    assert described == {
        "name": "laurea.pdf",
        "mediaType": "application/pdf",
        "sizeBytes": len(PDF),
        "sha256": hashlib.sha256(PDF).hexdigest(),
        "language": None,
        "scan": {"state": "NOT_SCANNED", "at": None},
    }
    back = await client.http.get(f"{client.url}{response.headers['location']}", headers=client.headers)
    assert (back.status_code, back.content) == (200, PDF)


async def test_a_download_is_never_shown_as_a_page_of_ours(as_: As) -> None:
    client = as_("it-handler")
    id_ = (await sent(client, b"3 < 4", 'diplôme "1"; x=ÿ.txt')).json()["id"]
    headers = (await download(client, id_)).headers
    assert headers["content-disposition"] == ("attachment; filename*=UTF-8''dipl%C3%B4me%20%221%22%3B%20x%3D%C3%BF.txt")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"].startswith("text/plain")
    assert headers["content-length"] == "5"


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
async def test_a_file_has_at_most_25_mb(as_: As, as_form: bool) -> None:
    client = as_("it-handler")

    async def upload(size: int) -> httpx.Response:
        content = b"a" * size
        return await (sent_as_form(client, ("a.txt", content)) if as_form else sent(client, content, "a.txt"))

    whole = await upload(LIMIT)
    assert (whole.status_code, whole.json()["sizeBytes"]) == (201, LIMIT)
    response = await upload(LIMIT + (2**21 if as_form else 1))
    assert response.status_code == 400
    assert refusal(response) == Refused("INVALID", "FILE_TOO_LARGE", "file")


@pytest.mark.parametrize(
    ("content", "kind", "refused"),
    [
        (b"<html><script>alert(1)</script>", "application/pdf", Refused("INVALID", "FILE_TYPE", "file")),
        (b"MZ\x90\x00" + b"\x00" * 60, "application/octet-stream", Refused("INVALID", "FILE_TYPE", "file")),
        (b"just text", "application/pdf", Refused("INVALID", "FILE_TYPE_MISMATCH", "file")),
        (PDF, "image/png", Refused("INVALID", "FILE_TYPE_MISMATCH", "file")),
        (b"", "application/pdf", Refused("INVALID", "EMPTY", "file")),
    ],
)
@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
async def test_a_file_is_what_it_says_it_is(
    as_: As, content: bytes, kind: str, refused: Refused, as_form: bool
) -> None:
    client = as_("it-handler")
    if as_form:
        response = await sent_as_form(client, ("laurea.pdf", content, kind))
    else:
        response = await sent(client, content, kind=kind)
    assert (response.status_code, refusal(response)) == (400, refused)


@pytest.mark.parametrize(
    ("name", "reason"), [("", "EMPTY"), ("..", "EMPTY"), ("a\r\nx: y", "FILE_NAME"), ("x" * 201, "FILE_NAME")]
)
async def test_a_file_needs_a_name(as_: As, name: str, reason: str) -> None:
    response = await sent(as_("it-handler"), name=name)
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", reason, "name"))


@pytest.mark.parametrize("name", ["../../etc/cron.d/x.pdf", "..\\..\\x.pdf", "/x.pdf", "C:\\x.pdf", "a/../x.pdf"])
@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
async def test_a_name_leads_nowhere(as_: As, name: str, as_form: bool) -> None:
    client = as_("it-handler")
    response = await (sent_as_form(client, (name, PDF)) if as_form else sent(client, name=name))
    assert (response.status_code, response.json()["name"]) == (201, "x.pdf")


async def test_a_form_that_any_page_could_send_is_refused(as_: As) -> None:
    client = as_("it-handler")
    response = await client.http.post(f"{client.url}/files", files={"file": ("a.pdf", PDF)}, headers=client.headers)
    assert (response.status_code, refusal(response).reason) == (400, "HEADER")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"no form at all", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
    ],
)
async def test_a_broken_form_is_refused(as_: As, content: bytes, kind: str) -> None:
    client = as_("it-handler")
    headers = {**client.headers, **FORM, "content-type": kind}
    response = await client.http.post(f"{client.url}/files", content=content, headers=headers)
    assert response.status_code == 400
    assert (refusal(response).code, refusal(response).field) == ("INVALID", "file")


@pytest.mark.parametrize("part", [("a.pdf", PDF), (None, "text")])
async def test_a_form_without_a_file_is_refused(as_: As, part: Any) -> None:
    response = await sent_as_form(as_("it-handler"), part, field="file" if part[0] is None else "other")
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", "MISSING_FIELD", "file"))


@pytest.mark.parametrize("path", ["fil_0", "..%2F..%2Fkeys", "%00", "x" * 2000, "*"])
async def test_a_file_that_is_not_there_is_not_found(as_: As, path: str) -> None:
    response = await download(as_("it-handler"), path)
    assert response.status_code == 404


async def test_a_file_is_for_its_authority_until_it_is_sent_along(as_: As) -> None:
    italy, hungary, france = as_("it-handler"), as_("hu-handler"), as_("fr-alerts")
    id_ = (await sent(italy)).json()["id"]
    draft = a_draft(questions=[{"code": "PQ1", "fileIds": [id_]}])
    made = await italy.do("createRequest", "request { id questions { files { id name url sha256 } } }", draft=draft)
    assert made["questions"] == [
        {
            "files": [
                {"id": id_, "name": "laurea.pdf", "url": f"/files/{id_}", "sha256": hashlib.sha256(PDF).hexdigest()}
            ]
        }
    ]
    assert (await download(hungary, id_)).status_code == 404
    await italy.do("sendRequest", "request { id }", id=made["id"])
    await hungary.do("acceptRequest", "request { id }", id=made["id"])
    assert (await download(hungary, id_)).content == PDF
    for stranger in (france, as_("it-alerts")):
        response = await download(stranger, id_)
        assert (response.status_code, refusal(response)) == (404, Refused("NOT_FOUND", "NOT_FOUND", "id"))


async def test_an_answer_can_be_a_file(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED", questions=[{"code": "PQ1"}, {"code": "PQ8"}])
    certificate = (await sent(hungary, name="igazolás.pdf")).json()["id"]
    answers: list[Data] = [ANSWERS[0], {"questionCode": "PQ8", "value": {"files": [certificate]}}]
    await hungary.do("answerRequest", "request { id }", id=id_, answers=answers)
    found = await italy.ask(
        "query ($id: ID!) { request(id: $id) { answers { value { files { name url } } } } }", id=id_
    )
    (file,) = found["request"]["answers"][1]["value"]["files"]
    assert file == {"name": "igazolás.pdf", "url": f"/files/{certificate}"}
    assert (await download(italy, certificate)).content == PDF


async def test_nobody_attaches_the_file_of_another(as_: As) -> None:
    id_ = (await sent(as_("hu-handler"))).json()["id"]
    found = await as_("it-handler").cannot("createRequest", draft=a_draft(fileIds=[id_]))
    assert (found.code, found.field) == ("INVALID", "draft.fileIds[0]")


@pytest.mark.parametrize("as_form", [False, True], ids=["raw", "form"])
async def test_the_language_of_a_file_can_be_declared(as_: As, as_form: bool) -> None:
    client = as_("it-handler")

    async def upload(language: str) -> httpx.Response:
        url = f"{client.url}/files"
        if as_form:
            form = {"file": ("laurea.pdf", PDF)}
            headers = {**client.headers, **FORM}
            return await client.http.post(url, files=form, data={"language": language}, headers=headers)
        params = {"name": "laurea.pdf", "language": language}
        return await client.http.post(url, params=params, content=PDF, headers=client.headers)

    assert (await upload("it-IT")).json()["language"] == "it"
    response = await upload("tlh")
    assert (response.status_code, refusal(response)) == (400, Refused("INVALID", "UNKNOWN_LANGUAGE", "language"))


async def test_a_file_says_its_language_and_that_it_was_not_scanned(as_: As) -> None:
    """To those who may read it."""
    italy = as_("it-handler")
    params = {"name": "laurea.pdf", "language": "it"}
    id_ = (await italy.http.post(f"{italy.url}/files", params=params, content=PDF, headers=italy.headers)).json()["id"]
    made = await italy.do(
        "createRequest", "request { files { language scan { state at } } }", draft=a_draft(fileIds=[id_])
    )
    assert made["files"] == [{"language": "IT", "scan": {"state": "NOT_SCANNED", "at": None}}]
