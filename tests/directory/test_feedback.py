"""Feedback reaches who runs the system in the writer's country, is read there alone, and is told by e-mail where that is set up."""

from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from protos.common.v1 import common_pb2
from protos.directory.v1 import feedback_pb2 as pb
from services.directory.domain.feedback import A_DAY
from services.directory.settings import DirectorySettings
from tests.cells import cell
from tests.chassis.post import a_post_office
from tests.chassis.waiting import until
from tests.directory.bodies import a_coordinator, a_registrar, an_administrator, an_authority, somebody, stored
from tests.directory.conftest import FREE_PORT, Asking, command, running
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.roles import LegislativeRole, UserRole

OFFICE = somebody("aut_office", UserRole.ALERT_HANDLER, name="two")
NIMIC = a_registrar(LegislativeRole.NIMIC)
COMMISSION = a_registrar(LegislativeRole.COMMISSION)


def text(said: str = "Il modulo è chiaro.", language: str = "it") -> common_pb2.FreeText:
    return common_pb2.FreeText(text=said, language=language)


async def send(asking: Asking, caller: Caller, **fields: Any) -> pb.Feedback:
    answer = await asking(caller, "SendFeedback", **{"command": command(), "text": text(), **fields})
    found: pb.Feedback = answer.feedback
    return found


async def read(asking: Asking, caller: Caller) -> list[pb.Feedback]:
    return list((await asking(caller, "ListFeedback", page={"first": 100})).feedback)


async def test_feedback_reaches_the_coordinator_of_the_country(small: Asking) -> None:
    first = await send(small, OFFICE, about="createAlert.typeId")
    second = await send(small, OFFICE)
    assert (first.addressee_id, first.authority_id, first.author_id) == ("aut_nimic", "aut_office", "usr_two")
    assert (await read(small, NIMIC))[:2] == [second, first]
    assert not await read(small, COMMISSION)


async def test_whoever_sends_feedback_all_day_long_goes_on_tomorrow(small: Asking) -> None:
    busy = somebody("aut_office", UserRole.VIEWER, name="busy")
    first = command()
    one = await send(small, busy, command=first)
    for _ in range(A_DAY - 1):
        await send(small, busy)
    before = await read(small, NIMIC)
    with pytest.raises(Conflict) as refused:
        await send(small, busy)
    assert refused.value.reason == "TOO_MANY"
    assert await read(small, NIMIC) == before
    assert await send(small, busy, command=first) == one
    assert (await send(small, OFFICE)).author_id == OFFICE.user_id


async def test_what_a_national_coordinator_says_reaches_the_commission(small: Asking) -> None:
    sent = await send(small, NIMIC)
    assert sent.addressee_id == "aut_eu"
    assert (await read(small, COMMISSION))[0] == sent


async def test_where_a_country_has_no_coordinator_the_commission_hears_it(small: Asking) -> None:
    sent = await send(small, somebody("aut_hungary", UserRole.VIEWER, country="HU"))
    assert sent.addressee_id == "aut_eu"


async def test_only_those_it_came_to_read_it(small: Asking) -> None:
    sent = await send(small, OFFICE)
    for name, other in {
        "who wrote it": an_administrator("aut_office"),
        "another coordinator": a_registrar(LegislativeRole.LIMIC),
        "a coordinator abroad": a_registrar(LegislativeRole.LIMIC, country="HU"),
        "the Commission": COMMISSION,
    }.items():
        with cell(name):
            assert sent not in await read(small, other)
    assert sent in await read(small, an_administrator("aut_nimic"))
    with pytest.raises(Forbidden):
        await read(small, somebody("aut_nimic", UserRole.ALERT_HANDLER, UserRole.SUPERVISOR))
    with pytest.raises(Forbidden):
        await small("alerts", "ListFeedback")


async def test_the_same_command_sends_it_once(small: Asking) -> None:
    key = command()
    sent = await send(small, OFFICE, command=key)
    assert await send(small, OFFICE, command=key) == sent
    assert (await read(small, NIMIC)).count(sent) == 1
    with pytest.raises(Conflict):
        await send(small, OFFICE, command=key, text=text("altro"))


async def test_what_cannot_be_is_refused_and_nothing_is_sent(small: Asking) -> None:
    before = await read(small, NIMIC)
    refusals: list[tuple[dict[str, Any], str, str]] = [
        ({"text": text("  ")}, "text.text", "EMPTY"),
        ({"text": text("a" * 4_001)}, "text.text", "TOO_LONG"),
        ({"text": text(language="xx")}, "text.language", "UNKNOWN_LANGUAGE"),
        ({"about": "createAlert.nothing"}, "about", "UNKNOWN_VALUE"),
        ({"about": f"{'x' * 100_000}.justification"}, "about", "UNKNOWN_VALUE"),
        ({"command": common_pb2.Command()}, "idempotencyKey", "IDEMPOTENCY_KEY"),
    ]
    for fields, field, reason in refusals:
        with cell(field, reason):
            with pytest.raises(Invalid) as refused:
                await send(small, OFFICE, **fields)
            assert (refused.value.field, refused.value.reason) == (field, reason)
    for caller in (somebody("aut_suspended", UserRole.VIEWER), somebody("aut_gone", UserRole.VIEWER)):
        with cell(caller.authority_id), pytest.raises(Forbidden):
            await send(small, caller)
    with pytest.raises(Forbidden):
        await small("alerts", "SendFeedback", command=command(), text=text())
    assert await read(small, NIMIC) == before


async def test_pages_have_no_gap(small: Asking) -> None:
    for number in range(3):
        await send(small, OFFICE, text=text(f"numero {number}"))
    whole, found, after = await read(small, NIMIC), [], ""
    while True:
        page = await small(NIMIC, "ListFeedback", page={"first": 2, "after": after})
        found += list(page.feedback)
        if not page.page_info.has_next_page:
            break
        after = page.page_info.cursors[-1]
    assert found == whole


async def test_it_is_told_by_e_mail_with_a_link_and_nothing_of_what_it_says(tmp_path: Path) -> None:
    async with a_post_office() as post:
        settings = DirectorySettings(
            data_dir=tmp_path,
            listen_address=FREE_PORT,
            smtp_url=f"smtp://127.0.0.1:{post.port}",
            mail_from="imi@imi.example",
            public_url="https://imi.example",
        )
        bodies = {"aut_nimic": a_coordinator(LegislativeRole.NIMIC), "aut_office": an_authority()}
        await stored(settings, bodies, {})
        async with running(settings) as asking:
            await send(asking, OFFICE, text=text("segreto"))

            async def came() -> bool:
                return bool(post.came)

            await until(came)
    (mail,) = post.came
    assert mail["Subject"] == "IMI: nuovo riscontro"
    assert mail["To"] == bodies["aut_nimic"].contact.email
    content = mail.get_content()
    assert "https://imi.example/feedback" in content
    assert "segreto" not in content
