"""GraphQL in, e-mail out: each side is told by e-mail what the other has done, and reads it behind the link."""

from pathlib import Path

import httpx
import pytest

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.chassis.post import a_post_office
from tests.chassis.waiting import until
from tests.gateway.clients import Client
from tests.gateway.exchanges import a_draft

PUBLIC = "https://imi.example"


async def test_an_authority_is_told_by_e_mail_that_it_has_been_asked_and_that_it_has_been_answered(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_post_office() as office, httpx.AsyncClient(timeout=60) as http:
        monkeypatch.setenv("SMTP_URL", f"smtp://127.0.0.1:{office.port}")
        monkeypatch.setenv("MAIL_FROM", "imi@imi.example")
        monkeypatch.setenv("PUBLIC_URL", PUBLIC)
        async with system(data, port=0) as url:
            tokens = DevelopmentTokens(KeyRing(data / "keys"))
            italy, hungary = (Client(http, url, tokens.issue(user)) for user in ("it-handler", "hu-handler"))

            async def came(count: int) -> bool:
                return len(office.came) >= count

            made = await italy.do("createRequest", "request { id number }", draft=a_draft())
            await italy.do("sendRequest", "request { status }", id=made["id"])
            await until(lambda: came(1))
            (asked,) = office.came
            assert asked["Content-Language"] == "hu"
            assert made["number"] in asked["Subject"]
            assert "Eszter" not in asked.get_content()
            (link,) = [line for line in asked.get_content().splitlines() if line.startswith(f"{PUBLIC}/requests/")]
            id_ = link.rpartition("/")[2]
            seen = (await hungary.ask("query ($id: ID!) { request(id: $id) { number status } }", id=id_))["request"]
            assert seen == {"number": made["number"], "status": "SENT"}
            await hungary.do("acceptRequest", "request { status }", id=id_)
            await until(lambda: came(2))
    accepted = office.came[1]
    assert (len(office.came), accepted["Content-Language"]) == (2, "it")
    assert accepted["To"] != asked["To"]
    assert made["number"] in accepted["Subject"]
