"""An authority comes to take part, in one role or several, and leaves again, as those who look after it see it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from chassis.keys import KeyRing
from deploy.embedded import system
from gateway.tokens import DevelopmentTokens
from tests.builders import REQUESTS
from tests.gateway.clients import TIMEOUT_S, Client, Data, Refused, eventually
from tests.gateway.exchanges import a_draft

AUTHORITY = """query ($id: ID!) { authority(id: $id) {
    status name actions access { module status legislativeRole actions accessCoordinator { name } } } }"""
INVITATION = """query ($code: String!) { invitation(code: $code, language: DE) {
    authority { name status access { module } } country { name } areas { name } invitedBy { name } expiresAt } }"""
COORDINATED = """query ($list: CoordinationList!) { authoritiesToCoordinate(list: $list, first: 100) {
    edges { node { id } } } }"""
SEARCH = """query ($text: String!) { searchAuthorities(text: $text, language: DE, filter: {countries: ["DE"]}, first: 20) {
    edges { node { id } } } }"""
VIEWER = "{ viewer { name roles { module role } authority { id } } }"
UNKNOWN = Refused("UNAUTHENTICATED", "UNKNOWN_USER")
NO_INVITATION = Refused("NOT_FOUND", "INVITATION", "code")
TAKEN = Refused("CONFLICT", "POST_TAKEN", "authority.access")


def an_authority(name: str, *access: tuple[str, str, str], **changed: Any) -> Data:
    """What a coordinator says of a national authority in Germany: its parts are a module, a legislative and a workflow role."""
    return {
        "country": "DE",
        "level": "NATIONAL",
        "officialName": [{"language": "DE", "text": name}],
        "languages": ["DE", "EN"],
        "contact": {"email": "imi@leuchtturm.example", "town": "Kiel"},
        "access": [{"module": one, "legislativeRole": role, "workflowRoles": [does]} for one, role, does in access],
        **changed,
    }


ALERTS = ("services/alerts", "COMPETENT_AUTHORITY", "ALERT_AUTHORITY")
DOCTORS = (REQUESTS, "COMPETENT_AUTHORITY", "REQUEST_PARTNER")
LIMIC = ("services/alerts", "LIMIC", "ALERT_COORDINATOR")


@asynccontextmanager
async def a_system(data: Path) -> AsyncIterator[Callable[[str], Client]]:
    """A system, and a way to sign anybody in to it: the directory may never have heard of them."""
    async with system(data, port=0) as url, httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        tokens = DevelopmentTokens(KeyRing(data / "keys"))
        yield lambda user: Client(http, url, tokens.issue(user) if user else "")


async def on_list(client: Client, which: str) -> list[str]:
    found = (await client.ask(COORDINATED, list=which))["authoritiesToCoordinate"]["edges"]
    return [edge["node"]["id"] for edge in found]


async def found_by_name(client: Client, name: str) -> list[str]:
    edges = (await client.ask(SEARCH, text=name))["searchAuthorities"]["edges"]
    return [edge["node"]["id"] for edge in edges]


async def parts_of(client: Client, id_: str) -> Data:
    access = (await client.ask(AUTHORITY, id=id_))["authority"]["access"]
    return {part["module"]: part for part in access}


async def test_an_authority_is_invited_registers_is_validated_and_takes_a_part_in_another_area(data: Path) -> None:
    """Only who was invited registers, its coordinator validates it, and it may have another role in each area (rows 1, 2, 5)."""
    async with a_system(data) as as_:
        nimic, italy, anna, otto = as_("de-nimic"), as_("it-handler"), as_("anna"), as_("otto")
        applicant = {"name": "Anna Leuchtturm", "language": "DE", "languages": ["DE", "FR"]}

        # Nobody registers uninvited, and nobody invites who does not coordinate.
        for client, refusal in ((anna, UNKNOWN), (italy, Refused("FORBIDDEN", "FORBIDDEN"))):
            assert await client.cannot("registerAuthority", authority=an_authority("Leuchtturmamt", ALERTS)) == refusal
            draft = {"authority": an_authority("Leuchtturmamt", ALERTS), "email": "a@b.example", "language": "DE"}
            assert await client.cannot("inviteAuthority", **draft) == refusal
        guessed = "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH"
        assert await anna.cannot("registerByInvitation", code=guessed, applicant=applicant) == NO_INVITATION

        given = await nimic.do(
            "inviteAuthority",
            "invitation { code expiresAt authority { id status } }",
            authority=an_authority("Leuchtturmamt", ALERTS),
            email="anna@leuchtturm.example",
            language="DE",
        )
        code, id_ = given["code"], given["authority"]["id"]
        assert given["authority"]["status"] == "INVITED"
        assert id_ in await on_list(nimic, "INVITED")
        assert (await italy.ask(AUTHORITY, id=id_))["authority"] is None, "it is nobody else's business yet"

        # The invitee is nobody's user: they see the invitation, accept it, and see nothing else.
        shown = (await anna.ask(INVITATION, code=code.lower()))["invitation"]
        assert shown["authority"] == {"name": "Leuchtturmamt", "status": "INVITED", "access": [{"module": ALERTS[0]}]}
        assert shown["country"] == {"name": "Deutschland"}
        assert shown["invitedBy"]["name"]
        assert (await as_("").refused(INVITATION, code=code)).code == "UNAUTHENTICATED"
        for document in (VIEWER, "{ countries { code } }", "{ helpdesks { contact { email } } }"):
            assert await anna.refused(document) == UNKNOWN
        assert (await anna.http.get(f"{anna.url}/files/fil_0", headers=anna.headers)).status_code == 401
        refused = await anna.cannot("registerByInvitation", code=code, applicant=applicant, languages=[])
        assert refused == Refused("INVALID", "EMPTY", "languages")
        registered = await anna.do(
            "registerByInvitation",
            "authority { id status languages contact { email } }",
            code=code,
            applicant=applicant,
            languages=["DE", "FR"],
        )
        assert registered == {
            "id": id_,
            "status": "REQUESTED",
            "languages": ["DE", "FR"],
            "contact": {"email": "imi@leuchtturm.example"},
        }
        assert await otto.cannot("registerByInvitation", code=code, applicant=applicant) == NO_INVITATION
        assert await otto.refused(INVITATION, code=code) == NO_INVITATION
        assert await anna.refused(VIEWER) == UNKNOWN

        assert id_ in await on_list(nimic, "REQUESTED")
        assert await italy.cannot("validateAuthority", id=id_) == Refused("NOT_FOUND", "NOT_FOUND", "id")
        validated = await nimic.do("validateAuthority", "authority { status actions }", id=id_)
        assert validated["status"] == "ACTIVE"
        assert "SUSPEND" in validated["actions"]
        assert (await anna.ask(VIEWER))["viewer"] == {
            "name": "Anna Leuchtturm",
            "roles": [{"module": "", "role": "LOCAL_DATA_ADMINISTRATOR"}],
            "authority": {"id": id_},
        }

        async def listed() -> bool | None:
            return id_ in await found_by_name(italy, "Leuchtturmamt") or None

        assert await eventually(listed)

        # It takes part in another area in another role, by leave of its coordinator and not by its own.
        module = "firearms/requests"
        asked = {"module": module, "legislativeRole": "DIMIC", "workflowRoles": ["REQUEST_PARTNER"]}
        await anna.do("requestAccess", "authority { id }", id=id_, **asked)
        assert id_ in await on_list(nimic, "ACCESS_REQUESTED")
        assert (await parts_of(anna, id_))[module]["status"] == "REQUESTED"
        assert module not in await parts_of(italy, id_)
        assert (await anna.cannot("grantAccess", id=id_, module=module)).code == "FORBIDDEN"
        assert set((await parts_of(nimic, id_))[module]["actions"]) == {"GRANT_ACCESS", "REFUSE_ACCESS"}
        await nimic.do("grantAccess", "authority { id }", id=id_, module=module)
        roles = {name: part["legislativeRole"] for name, part in (await parts_of(italy, id_)).items()}
        assert roles == {ALERTS[0]: "COMPETENT_AUTHORITY", module: "DIMIC"}
        assert id_ not in await on_list(nimic, "ACCESS_REQUESTED")


async def test_a_country_has_one_national_coordinator_and_an_area_one_coordinator_of_its_own(data: Path) -> None:
    """A second National IMI Coordinator, or a second coordinator of an area in the same territory, is refused (rows 3, 4)."""
    async with a_system(data) as as_:
        commission, registrar, nimic = as_("commission"), as_("eu-registrar"), as_("de-nimic")
        national = an_authority("Zweite Koordinierung", ("services/alerts", "NIMIC", "ALERT_AUTHORITY"))
        assert (await commission.cannot("registerAuthority", authority=national)).code == "FORBIDDEN"
        assert (await nimic.cannot("registerAuthority", authority=national)).code == "FORBIDDEN"
        assert await registrar.cannot("registerAuthority", authority=national) == TAKEN
        invited = await registrar.do(
            "inviteAuthority",
            "invitation { code authority { id } }",
            authority=national,
            email="zweite@koordinierung.example",
            language="DE",
        )
        applicant = {"name": "Otto", "language": "DE"}
        await as_("otto").do("registerByInvitation", "authority { id }", code=invited["code"], applicant=applicant)
        id_ = invited["authority"]["id"]
        assert await registrar.cannot("validateAuthority", id=id_) == Refused("CONFLICT", "POST_TAKEN", "id")
        helpdesks = (await nimic.ask("{ helpdesks { authority { country { code } } } }"))["helpdesks"]
        assert sum(one["authority"]["country"]["code"] == "DE" for one in helpdesks) == 1

        assert await nimic.cannot("registerAuthority", authority=an_authority("Zweite", LIMIC)) == TAKEN
        bavaria = {"level": "REGIONAL", "region": "DE-BY"}
        first = an_authority("Bayerische Koordinierung", LIMIC, **bavaria)
        assert await nimic.do("registerAuthority", "authority { id }", authority=first)
        again = an_authority("Noch eine bayerische Koordinierung", LIMIC, **bavaria)
        assert await nimic.cannot("registerAuthority", authority=again) == TAKEN


async def test_whoever_is_suspended_is_not_found_and_is_deregistered_only_when_nothing_is_open(data: Path) -> None:
    """Who is suspended is in no search; who has open cases is not deregistered (rows 10, 12)."""
    async with a_system(data) as as_:
        nimic, italy = as_("de-nimic"), as_("it-handler")
        name = "Nebelhornkammer"
        made = await nimic.do("registerAuthority", "authority { id status }", authority=an_authority(name, DOCTORS))
        id_ = made["id"]
        assert made["status"] == "ACTIVE"

        async def listed() -> bool | None:
            return id_ in await found_by_name(italy, name) or None

        assert await eventually(listed)
        open_, late = [
            (await italy.do("createRequest", "request { id }", draft=a_draft(responderId=id_)))["id"] for _ in range(2)
        ]
        await italy.do("sendRequest", "request { id }", id=open_)
        assert (await nimic.cannot("deregisterAuthority", id=id_)) == Refused("CONFLICT", "TRANSITION")

        await nimic.do("suspendAuthority", "authority { id }", id=id_, reason="It is merged with another.")
        assert id_ not in await found_by_name(italy, name)
        seen = (await italy.ask(AUTHORITY, id=id_))["authority"]
        assert (seen["name"], seen["status"], seen["access"], seen["actions"]) == (name, "SUSPENDED", [], [])
        refused = await italy.cannot("sendRequest", id=late)
        assert (refused.code, refused.field) == ("INVALID", "draft.responderId")
        assert await nimic.cannot("deregisterAuthority", id=id_) == Refused("CONFLICT", "OPEN_EXCHANGES", "id")
        assert id_ in await on_list(nimic, "SUSPENDED")

        await italy.do("withdrawRequest", "request { id status }", id=open_)
        gone = await nimic.do("deregisterAuthority", "authority { status actions }", id=id_)
        assert gone == {"status": "DEREGISTERED", "actions": []}
        assert await nimic.cannot("reinstateAuthority", id=id_) == Refused("CONFLICT", "TRANSITION")
        assert id_ not in await found_by_name(italy, name)
        assert (await italy.ask(AUTHORITY, id=id_))["authority"]["name"] == name
