"""A file registers what is new, edits what differs, leaves the rest alone, and refuses row by row, in its own words."""

import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.caller import Caller
from engines.documents import open_documents
from protos.directory.v1 import directory_pb2
from services.directory import storage
from tests.directory.bodies import a_registrar, an_administrator, somebody
from tests.directory.bulk_driver import (
    CHANGED,
    CREATED,
    JSON,
    NIMIC,
    UNCHANGED,
    Bulk,
    a_directory,
    a_file,
    a_row,
    reasons,
)
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole


@pytest.fixture(scope="module")
async def bulk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bulk]:
    async with a_directory(tmp_path_factory.mktemp("bulk")) as found:
        yield found


async def kept(bulk: Bulk, id_: str) -> Any:
    """The authority as it is stored."""
    settings = bulk.asking.settings
    async with open_documents(settings.documents("directory"), storage.COLLECTIONS) as documents:
        document = await documents.get(storage.AUTHORITIES, id_)
    assert document is not None
    return document.body["state"]


async def test_a_file_registers_what_is_new_and_sent_again_changes_nothing(bulk: Bulk) -> None:
    file = a_file(a_row("A1"), a_row("A2", languages="it"))
    first = await bulk.send(file)
    assert first.outcomes == ["CREATED", "CREATED"]
    assert first.counts == (2, 2, 0, 0, 0)
    assert [(row.row, row.line, row.external_id, row.name) for row in first.rows] == [
        (1, 2, "A1", "Ufficio A1"),
        (2, 3, "A2", "Ufficio A2"),
    ]
    made = await bulk.asking.read(*(row.authority_id for row in first.rows))
    assert [dict(one.official_name.texts) for one in made] == [{"it": "Ufficio A1"}, {"it": "Ufficio A2"}]
    assert (made[0].status, made[0].country_code) == (directory_pb2.AUTHORITY_STATUS_ACTIVE, "IT")
    again = await bulk.send(file)
    assert again.outcomes == ["UNCHANGED", "UNCHANGED"]
    assert [row.authority_id for row in again.rows] == [row.authority_id for row in first.rows]
    assert await bulk.asking.read(*(row.authority_id for row in first.rows)) == made


async def test_what_is_registered_is_as_a_coordinator_registers_it_and_is_remembered(bulk: Bulk) -> None:
    (row,) = (await bulk.send(a_file(a_row("B1")))).rows
    state = await kept(bulk, row.authority_id)
    assert (state["status"], state["external_id"], state["validating_coordinator"]) == ("ACTIVE", "B1", "aut_nimic")
    assert [part["access_coordinator"] for part in state["access"]] == ["aut_nimic"]
    await bulk.send(a_file(a_row("B1", town="Milano")))
    state = await kept(bulk, row.authority_id)
    history = [(one["command"], one["user_id"], one["authority_id"]) for one in state["history"]]
    assert history == [("REGISTER", NIMIC.user_id, "aut_nimic"), ("EDIT", NIMIC.user_id, "aut_nimic")]
    assert list(state["history"][1]["fields"]) == ["contact"]


async def test_a_row_that_differs_changes_just_that(bulk: Bulk) -> None:
    await bulk.send(a_file(a_row("C1")))
    changed = a_row(
        "C1",
        level="REGIONAL",
        region="it-62",
        languages="it fr",
        town="Milano",
        concepts="",
        official_name__it="Ufficio cambiato",
        informal_name__en="",
    )
    (row,) = (await bulk.send(a_file(changed))).rows
    assert row.outcome == CHANGED
    assert set(row.changed) == {
        "level",
        "region",
        "languages",
        "town",
        "concepts",
        "official_name.it",
        "informal_name.en",
    }
    (now,) = await bulk.asking.read(row.authority_id)
    assert (now.region_code, list(now.languages), now.contact.town) == ("IT-62", ["it", "fr"], "Milano")
    assert (now.contact.email, list(now.concept_ids)) == ("imi@nuovo.example", [])
    assert (dict(now.official_name.texts), dict(now.informal_name.texts)) == ({"it": "Ufficio cambiato"}, {})


async def test_what_the_file_has_no_column_for_stays(bulk: Bulk) -> None:
    await bulk.send(a_file(a_row("D1")))
    (row,) = (await bulk.send("external_id,phone\nD1,+39 011 555\n")).rows
    assert (row.outcome, list(row.changed)) == (CHANGED, ["phone"])
    (now,) = await bulk.asking.read(row.authority_id)
    assert (now.contact.phone, now.contact.town, len(now.access)) == ("+39 011 555", "Torino", 1)
    (row,) = (await bulk.send(json.dumps({"external_id": "D1", "town": "Asti", "phone": None}), JSON)).rows
    assert (row.outcome, list(row.changed)) == (CHANGED, ["phone", "town"])


async def test_one_that_no_import_registered_goes_by_the_directorys_own_id(bulk: Bulk) -> None:
    report = await bulk.send("external_id,town\naut_office,Siena\naut_dimic,Roma\n")
    assert report.outcomes == ["CHANGED", "UNCHANGED"]
    assert [row.authority_id for row in report.rows] == ["aut_office", "aut_dimic"]


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"external_id": ""}, "EMPTY", "external_id"),
        ({"external_id": "x" * 101}, "EXTERNAL_ID", "external_id"),
        ({"external_id": "aut_nobody"}, "UNKNOWN_AUTHORITY", "external_id"),
        ({"external_id": "aut_hungary"}, "UNKNOWN_AUTHORITY", "external_id"),
        ({"level": "PLANETARY"}, "UNKNOWN_VALUE", "level"),
        ({"level": ""}, "UNKNOWN_VALUE", "level"),
        ({"level": "UNION"}, "LEVEL", "level"),
        ({"level": "REGIONAL"}, "REGION", "region"),
        ({"region": "IT-62"}, "REGION", "region"),
        ({"level": "REGIONAL", "region": "IT-0"}, "UNKNOWN_REGION", "region"),
        ({"level": "REGIONAL", "region": "HU-BU"}, "REGION", "region"),
        ({"languages": ""}, "EMPTY", "languages"),
        ({"languages": "it tlh"}, "UNKNOWN_LANGUAGE", "languages"),
        ({"email": "imi"}, "NOT_AN_EMAIL", "email"),
        ({"email": "ämter@amt.example"}, "NOT_AN_EMAIL", "email"),
        ({"town": "x" * 10_000}, "TOO_LONG", "town"),
        ({"concepts": "doctor wizard"}, "UNKNOWN_CONCEPT", "concepts"),
        ({"official_name.it": ""}, "EMPTY", "official_name"),
        ({"official_name.it": "x" * 301}, "TOO_LONG", "official_name.it"),
        ({"informal_name.en": "x" * 301}, "TOO_LONG", "informal_name.en"),
        ({"modules.services/alerts": ""}, "EMPTY", "modules"),
        ({"modules.services/alerts": "ALERT_AUTHORITY"}, "UNKNOWN_VALUE", "modules.services/alerts"),
        ({"modules.services/alerts": "CA CA"}, "UNKNOWN_VALUE", "modules.services/alerts"),
        ({"modules.services/alerts": "CA REQUEST_PARTNER"}, "WORKFLOW_ROLE", "modules.services/alerts"),
        ({"modules.services/alerts": "COMMISSION"}, "FORBIDDEN", ""),
        ({"modules.services/alerts": "SDIMIC"}, "LEGISLATIVE_ROLE", "modules.services/alerts"),
        ({"modules.services/alerts": "NIMIC REQUEST_PARTNER"}, "FORBIDDEN", "modules.services/alerts"),
        ({"modules.services/alerts": "LIMIC"}, "POST_TAKEN", "modules.services/alerts"),
        ({"modules.firearms/requests": "CA"}, "FORBIDDEN", "modules.firearms/requests"),
        ({"country": "HU"}, "FORBIDDEN", "country"),
        ({"country": "GR"}, "UNKNOWN_COUNTRY", "country"),
        ({"country": "EU"}, "LEVEL", "level"),
        ({"status": "SUSPENDED"}, "STATUS", "status"),
    ],
)
@pytest.mark.parametrize("dry", [False, True], ids=["real", "dry"])
async def test_what_is_wrong_with_a_new_row_is_refused_by_its_column_and_the_others_are_done(
    bulk: Bulk, changed: dict[str, str], reason: str, field: str, dry: bool
) -> None:
    keys = [str(uuid.uuid4()) for _ in range(3)]
    wrong = {**a_row(keys[1]), **changed}
    empty = dict.fromkeys(wrong.keys() - a_row().keys(), "")
    first, last = ({**a_row(keys[0]), **empty}, {**a_row(keys[2]), **empty})
    ordered = [{name: row[name] for name in wrong} for row in (first, wrong, last)]
    report = await bulk.send(a_file(*ordered), dry_run=dry)
    assert report.refusals == [(2, reason, field)]
    assert report.counts == (3, 2, 0, 0, 1)
    refused = report.rows[1]
    assert refused.refusal.message
    assert await bulk.asking.read(refused.authority_id) == (
        await bulk.asking.read("aut_hungary") if changed.get("external_id") == "aut_hungary" else []
    )
    others = await bulk.asking.read(*(row.authority_id for row in (report.rows[0], report.rows[2])))
    assert len(others) == (0 if dry else 2)


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        ({"external_id": "aut_nimic", "town": "Roma"}, "FORBIDDEN", "external_id"),
        ({"external_id": "aut_nimic", "town": "Milano"}, "FORBIDDEN", "external_id"),
        ({"external_id": "aut_suspended", "town": "Milano"}, "TRANSITION", ""),
        ({"external_id": "aut_applicant", "town": "Milano"}, "TRANSITION", ""),
        ({"external_id": "F1", "status": "SUSPENDED"}, "STATUS", "status"),
        ({"external_id": "F1", "country": "HU"}, "FORBIDDEN", "country"),
        ({"external_id": "F1", "modules.services/alerts": ""}, "ACCESS", "modules.services/alerts"),
        ({"external_id": "F1", "modules.services/alerts": "CA"}, "ACCESS", "modules.services/alerts"),
        (
            {"external_id": "F1", "modules.services/alerts": "DIMIC ALERT_AUTHORITY"},
            "ACCESS",
            "modules.services/alerts",
        ),
        ({"external_id": "F1", "modules.services/requests": "CA"}, "ACCESS", "modules.services/requests"),
        ({"external_id": "F1", "official_name.it": ""}, "EMPTY", "official_name"),
        ({"external_id": "F1", "languages": ""}, "EMPTY", "languages"),
        ({"external_id": "F1", "email": "x"}, "NOT_AN_EMAIL", "email"),
    ],
)
@pytest.mark.parametrize("dry", [False, True], ids=["real", "dry"])
async def test_what_an_import_may_not_change_is_refused_and_nothing_of_the_row_is_done(
    bulk: Bulk, row: dict[str, str], reason: str, field: str, dry: bool
) -> None:
    await bulk.send(a_file(a_row("F1")))
    before = await bulk.asking.read("aut_nimic", "aut_suspended", "aut_applicant")
    report = await bulk.send(a_file({**row, "phone": "1"}), dry_run=dry)
    assert report.refusals == [(1, reason, field)]
    (office,) = await bulk.asking.read(report.rows[0].authority_id)
    assert office.contact.phone == ""
    assert await bulk.asking.read("aut_nimic", "aut_suspended", "aut_applicant") == before


async def test_an_authority_moves_nowhere_where_a_coordinator_of_its_part_does_not_stand_above_it(bulk: Bulk) -> None:
    lazio = a_row("M1", level="REGIONAL", region="IT-62")
    ((made,), moved) = ((await bulk.send(a_file(lazio))).rows, a_file({**lazio, "region": "IT-25"}))
    office = {"id": made.authority_id, "module": "services/alerts"}
    await bulk.asking.do(NIMIC, "ChangeAccess", access_coordinator_id="aut_sdimic", **office)
    for content in (moved, a_file({**lazio, "level": "NATIONAL", "region": ""})):
        for dry in (True, False):
            assert (await bulk.send(content, dry_run=dry)).refusals == [(1, "UNKNOWN_COORDINATOR", "region")]
    (now,) = await bulk.asking.read(made.authority_id)
    assert now.region_code == "IT-62"
    await bulk.asking.do(NIMIC, "ChangeAccess", access_coordinator_id="aut_nimic", **office)
    assert (await bulk.send(moved)).outcomes == ["CHANGED"]


async def test_rows_about_one_authority_are_refused_but_the_first(bulk: Bulk) -> None:
    (made,) = (await bulk.send(a_file(a_row("G1")))).rows
    again = f"external_id,town\nG1,Asti\nG1,Asti\n{made.authority_id},Bari\n G1 ,Bari\nG2\u0301,x\nG2\u0301,x\n"
    report = await bulk.send(again)
    assert report.outcomes == ["CHANGED", "REFUSED", "REFUSED", "REFUSED", "REFUSED", "REFUSED"]
    assert report.refusals[:3] == [(number, "REPEATED", "external_id") for number in (2, 3, 4)]
    assert report.refusals[4] == (6, "REPEATED", "external_id")
    assert "row 1" in report.rows[1].refusal.message


async def test_a_key_is_the_same_however_its_letters_are_composed(bulk: Bulk) -> None:
    composed, decomposed = "\u00c91", "E\u03011"
    (made,) = (await bulk.send(a_file(a_row(composed)))).rows
    (found,) = (await bulk.send(a_file(a_row(decomposed, official_name__it="Ufficio \u00c91")))).rows
    assert found.authority_id == made.authority_id


async def test_the_order_of_the_file_decides_who_has_a_post_of_which_there_is_one(bulk: Bulk) -> None:
    place = {"level": "REGIONAL", "region": "IT-25", "modules__services__alerts": "", "concepts": ""}
    rows = [a_row(f"H{number}", **place) for number in range(40)]
    for row in rows:
        row["modules.services/alerts"] = "LIMIC ALERT_COORDINATOR"
        del row["modules.services.alerts"]
    foreseen = await bulk.send(a_file(*rows), dry_run=True)
    report = await bulk.send(a_file(*rows))
    assert report.outcomes == ["CREATED"] + ["REFUSED"] * 39
    assert set(reasons(report)) == {"POST_TAKEN"}
    assert "LIMIC of services:IT-25" in report.rows[1].refusal.message
    assert report.rows == foreseen.rows


async def test_a_post_that_a_row_leaves_is_free_for_the_next(bulk: Bulk) -> None:
    limic = {"modules.services/alerts": "LIMIC ALERT_COORDINATOR"}
    await bulk.send(a_file({**a_row("I1", level="REGIONAL", region="IT-36"), **limic}))
    moved = {**a_row("I1", level="REGIONAL", region="IT-42"), **limic}
    taken = {**a_row("I2", level="REGIONAL", region="IT-42"), **limic}
    follows = {**a_row("I3", level="REGIONAL", region="IT-36"), **limic}
    foreseen = await bulk.send(a_file(moved, taken, follows), dry_run=True)
    report = await bulk.send(a_file(moved, taken, follows))
    assert report.outcomes == ["CHANGED", "REFUSED", "CREATED"]
    assert report.rows == foreseen.rows


async def test_under_the_same_key_an_import_gives_its_first_answer_and_under_another_what_is_left_to_do(
    bulk: Bulk,
) -> None:
    await bulk.send(a_file(a_row("J1")))
    file = a_file(a_row("J1", town="Asti"), a_row("J2"))
    first = await bulk.send(file, key="once")
    again = await bulk.send(file, key="once")
    assert first.outcomes == again.outcomes == ["CHANGED", "CREATED"]
    assert first.rows == again.rows
    assert (await bulk.send(file, key="twice")).outcomes == ["UNCHANGED", "UNCHANGED"]
    state = await kept(bulk, first.rows[1].authority_id)
    assert len(state["history"]) == 1
    reused = await bulk.send(a_file(a_row("J1", town="Bari"), a_row("J2")), key="once")
    assert reused.refusals == [(1, "IDEMPOTENCY_KEY_REUSED", "idempotencyKey")]


ROLES = [(role, user_role) for role in LegislativeRole for user_role in (UserRole.COORDINATOR, UserRole.VIEWER)]


@pytest.mark.parametrize(("role", "user_role"), ROLES)
async def test_only_a_coordinator_at_the_national_coordinator_imports_and_exports(
    bulk: Bulk, role: LegislativeRole, user_role: UserRole
) -> None:
    caller = a_registrar(role, user_role, name=user_role)
    file = a_file(a_row(f"K{role}{user_role}"))
    if (role, user_role) == (LegislativeRole.NIMIC, UserRole.COORDINATOR):
        assert (await bulk.send(file, caller=caller)).outcomes == ["CREATED"]
        assert (await bulk.fetch(caller))[1]
        return
    for dry in (False, True):
        with pytest.raises(Forbidden):
            await bulk.send(file, caller=caller, dry_run=dry)
    with pytest.raises(Forbidden):
        await bulk.fetch(caller)
    assert (await bulk.send(file, dry_run=True)).outcomes == ["CREATED"], "nothing was registered"


@pytest.mark.parametrize(
    "caller",
    [
        an_administrator("aut_nimic"),
        somebody("aut_nimic", UserRole.COORDINATOR, module="firearms/requests"),
        somebody("aut_gone", UserRole.COORDINATOR),
        a_registrar(LegislativeRole.NIMIC, country="HU"),
        "gateway",
        "requests",
    ],
)
async def test_nobody_else_does(bulk: Bulk, caller: Caller | str) -> None:
    with pytest.raises(Forbidden):
        await bulk.send(a_file(a_row("L1")), caller=caller)
    with pytest.raises(Forbidden):
        await bulk.fetch(caller)


@pytest.mark.parametrize(
    ("header", "field", "reason"),
    [
        ({"format_": 0}, "format", "UNKNOWN_VALUE"),
        ({"format_": 7}, "format", "UNKNOWN_VALUE"),
        ({"key": "x" * 129}, "idempotencyKey", "IDEMPOTENCY_KEY"),
        ({"language": "tlh"}, "language", "UNKNOWN_LANGUAGE"),
    ],
)
async def test_a_header_that_is_not_one_is_refused(bulk: Bulk, header: Any, field: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        await bulk.send(a_file(a_row("M1")), **header)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_the_report_names_an_authority_in_the_language_asked_for(bulk: Bulk) -> None:
    file = a_file(a_row("N1"))
    assert (await bulk.send(file, language="en", dry_run=True)).rows[0].name == "Office N1"
    assert (await bulk.send(file, language="it", dry_run=True)).rows[0].name == "Ufficio N1"
    assert (await bulk.send(file, dry_run=True)).rows[0].name == "Ufficio N1", "in their own, unless told otherwise"
    assert (await bulk.send("external_id\nN1\n", dry_run=True)).rows[0].name == ""


async def test_what_a_refusal_quotes_of_a_long_cell_ends_early(bulk: Bulk) -> None:
    (row,) = (await bulk.send(a_file(a_row("O1", level="x" * 10_000)))).rows
    assert (row.refusal.reason, len(row.refusal.message)) == ("UNKNOWN_VALUE", 500)


async def test_a_file_of_no_rows_has_a_summary(bulk: Bulk) -> None:
    assert (await bulk.send("external_id\n")).counts == (0, 0, 0, 0, 0)
    assert (await bulk.send("", JSON)).counts == (0, 0, 0, 0, 0)


async def test_json_lines_do_the_same(bulk: Bulk) -> None:
    body = {
        "external_id": "P1",
        "level": "NATIONAL",
        "languages": ["it"],
        "official_name": {"it": "Ufficio P1"},
        "modules": {"services/alerts": ["COMPETENT_AUTHORITY", "ALERT_AUTHORITY"]},
    }
    report = await bulk.send(
        f"{json.dumps(body)}\nno json\n{json.dumps({**body, 'external_id': 'P2', 'level': 1})}", JSON
    )
    assert report.rows[0].outcome == CREATED
    assert report.refusals == [(2, "JSON", ""), (3, "WRONG_TYPE", "level")]
    csv = a_file(
        {"external_id": "P1", "modules.services/alerts": "ca alert_authority", "official_name.it": "Ufficio P1"}
    )
    assert [row.outcome for row in (await bulk.send(csv)).rows] == [UNCHANGED]
