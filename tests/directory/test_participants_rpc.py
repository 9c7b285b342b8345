"""What other services copy of the directory: all of it in one order, or those with a part in a module; for services only."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.caller import Caller
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import participants_pb2 as pb
from services.directory.domain.authorities import AccessStatus, Authority, ModuleAccess
from services.directory.settings import DirectorySettings
from tests.builders import a_handler
from tests.directory.bodies import ALERTS, an_access, an_authority, in_languages, stored
from tests.directory.conftest import FREE_PORT, Asking, running
from vocabulary.participants import Status
from vocabulary.refusals import Forbidden, Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole

AUTHORITY = directory_pb2.WORKFLOW_ROLE_ALERT_AUTHORITY
COORDINATOR = directory_pb2.WORKFLOW_ROLE_ALERT_COORDINATOR
WHOLE = an_authority(
    "Ufficio intero",
    informal_name={"en": "Whole office", "hu": "Egész hivatal"},
    concepts=("electrician", "plumber"),
    validating_coordinator="aut_nimic",
    access=(
        ModuleAccess(
            module="services/requests",
            legislative_role=LegislativeRole.COMPETENT_AUTHORITY,
            workflow_roles=(WorkflowRole.REQUEST_PARTNER,),
            access_coordinator="aut_access",
            approval_coordinator="aut_approval",
            referral_coordinator="aut_referral",
            approve_outgoing=True,
            approve_reply=True,
            allocation=True,
        ),
        an_access(),
    ),
    inactive_access=(replace(an_access("services/repository"), status=AccessStatus.REQUESTED),),
)
BODIES: dict[str, Authority] = {
    "aut_a": WHOLE,
    "aut_b": an_authority("Világítótorony", country="HU"),
    "aut_c": an_authority("Faro", access=(an_access(ALERTS, LegislativeRole.LIMIC, WorkflowRole.ALERT_COORDINATOR),)),
    **{f"aut_{status.lower()}": an_authority(status, status=status) for status in Status},
}


@pytest.fixture(scope="module")
async def copied(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """A directory with an authority of every status."""
    settings = DirectorySettings(data_dir=tmp_path_factory.mktemp("copied"), listen_address=FREE_PORT)
    await stored(settings, BODIES)
    async with running(settings) as found:
        yield found


async def pages(asking: Asking, caller: str = "alerts", **fields: Any) -> list[list[str]]:
    """The ids of each page, to the last."""
    found: list[list[str]] = []
    after = ""
    while True:
        answer = await asking(caller, "ListParticipants", after=after, **fields)
        found.append([one.id for one in answer.participants])
        if not answer.next:
            return found
        after = answer.next


@pytest.mark.parametrize("limit", [0, 1, 4, 9, 500])
async def test_all_are_listed_once_page_by_page_in_the_order_of_their_ids(copied: Asking, limit: int) -> None:
    found = await pages(copied, limit=limit)
    assert [id_ for page in found for id_ in page] == sorted(BODIES)
    assert all(len(page) == limit for page in found[:-1])
    assert found[-1]


async def test_who_is_registered_behind_the_last_page_comes_with_the_next(tmp_path: Path) -> None:
    settings = DirectorySettings(data_dir=tmp_path, listen_address=FREE_PORT)
    await stored(settings, {"aut_a": WHOLE, "aut_c": WHOLE})
    async with running(settings) as asking:
        first = await asking("alerts", "ListParticipants", limit=1)
        await stored(settings, {"aut_b": WHOLE})
        second = await asking("alerts", "ListParticipants", limit=2, after=first.next)
    assert [one.id for one in second.participants] == ["aut_b", "aut_c"]
    assert not second.next


async def test_what_is_told_is_what_decides_and_nothing_personal(copied: Asking) -> None:
    (found,) = (await copied("requests", "BatchGetParticipants", ids=["aut_a"])).participants
    assert found == pb.Participant(
        id="aut_a",
        revision=1,
        country_code="IT",
        level=directory_pb2.AUTHORITY_LEVEL_NATIONAL,
        status=directory_pb2.AUTHORITY_STATUS_ACTIVE,
        official_name=in_languages(it="Ufficio intero"),
        informal_name=in_languages(en="Whole office", hu="Egész hivatal"),
        languages=["it", "en"],
        concept_ids=["electrician", "plumber"],
        validating_coordinator_id="aut_nimic",
        parts=[
            pb.ParticipantPart(
                module="services/requests",
                legislative_role=directory_pb2.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY,
                workflow_roles=[directory_pb2.WORKFLOW_ROLE_REQUEST_PARTNER],
                access_coordinator_id="aut_access",
                approval_coordinator_id="aut_approval",
                referral_coordinator_id="aut_referral",
                approve_outgoing=True,
                approve_reply=True,
                allocation=True,
            ),
            pb.ParticipantPart(
                module=ALERTS,
                legislative_role=directory_pb2.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY,
                workflow_roles=[AUTHORITY],
            ),
        ],
    )
    assert "email" not in str(pb.DESCRIPTOR)


async def test_a_batch_leaves_out_what_does_not_exist_and_keeps_the_order(copied: Asking) -> None:
    ids = ["aut_c", "aut_nobody", "aut_a", "", "aut_c"]
    found = (await copied("repositories", "BatchGetParticipants", ids=ids)).participants
    assert [one.id for one in found] == ["aut_c", "aut_a"]
    assert not (await copied("repositories", "BatchGetParticipants")).participants


async def test_only_who_is_active_and_has_the_part_is_listed_for_a_module(copied: Asking) -> None:
    for fields, expected in (
        ({"workflow_roles": [AUTHORITY]}, ["aut_a", "aut_active", "aut_b"]),
        ({"workflow_roles": [COORDINATOR]}, ["aut_c"]),
        ({"workflow_roles": [AUTHORITY, COORDINATOR], "countries": ["IT"]}, ["aut_a", "aut_active", "aut_c"]),
        ({"workflow_roles": [AUTHORITY], "countries": ["HU", "FR"]}, ["aut_b"]),
        ({"workflow_roles": [AUTHORITY], "countries": ["MT"]}, []),
    ):
        for limit in (1, 2, 0):
            found = await pages(copied, module=ALERTS, limit=limit, **fields)
            assert [id_ for page in found for id_ in page] == expected
    assert await pages(copied, module="services/repository", workflow_roles=[AUTHORITY]) == [[]]


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"limit": -1}, "limit", "PAGE_SIZE"),
        ({"limit": 501}, "limit", "PAGE_SIZE"),
        ({"workflow_roles": [AUTHORITY]}, "module", "MISSING_FIELD"),
        ({"countries": ["IT"]}, "module", "MISSING_FIELD"),
        ({"module": ALERTS}, "workflowRoles", "MISSING_FIELD"),
        ({"module": ALERTS, "workflow_roles": [AUTHORITY, 0]}, "workflowRoles[1]", "UNKNOWN_VALUE"),
        (
            {"module": ALERTS, "workflow_roles": [AUTHORITY], "countries": ["IT", "XX"]},
            "countries[1]",
            "UNKNOWN_COUNTRY",
        ),
        ({"module": ALERTS, "workflow_roles": [AUTHORITY] * 1_001}, "workflowRoles", "TOO_MANY"),
        ({"module": ALERTS, "workflow_roles": [AUTHORITY], "countries": ["IT"] * 1_001}, "countries", "TOO_MANY"),
    ],
)
async def test_an_unfit_question_is_refused_by_name(
    copied: Asking, fields: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await copied("alerts", "ListParticipants", **fields)
    assert (refused.value.field, refused.value.reason) == (field, reason)


async def test_a_batch_is_limited(copied: Asking) -> None:
    with pytest.raises(Invalid) as refused:
        await copied("alerts", "BatchGetParticipants", ids=[f"aut_{n}" for n in range(1_001)])
    assert (refused.value.field, refused.value.reason) == ("ids", "TOO_MANY")


@pytest.mark.parametrize("method", ["ListParticipants", "BatchGetParticipants"])
@pytest.mark.parametrize("caller", [a_handler("IT"), "gateway", "translation", "directory"])
async def test_nobody_else_may_copy_the_directory(copied: Asking, caller: Caller | str, method: str) -> None:
    with pytest.raises(Forbidden):
        await copied(caller, method)


async def test_every_part_in_the_training_data_is_found(asking: Asking, training: dict[str, Authority]) -> None:
    expected = {
        id_
        for id_, one in training.items()
        for access in one.access
        if access.module == ALERTS and WorkflowRole.ALERT_COORDINATOR in access.workflow_roles
    }
    found = await pages(asking, module=ALERTS, workflow_roles=[COORDINATOR])
    assert {id_ for page in found for id_ in page} == expected
