"""What those inside see of an authority is what it says, and what is asked of a part is what was written."""

from dataclasses import replace
from datetime import UTC, datetime

from chassis.aggregates import Kept
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from services.directory import wire, wire_inside
from services.directory.domain.authorities import AccessStatus
from services.directory.domain.invitations import Applicant, issued
from services.directory.reference import Reference
from tests.directory.bodies import ALERTS, an_access, an_authority
from vocabulary.participants import Status
from vocabulary.roles import LegislativeRole, WorkflowRole

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PART = replace(
    an_access(),
    status=AccessStatus.REFUSED,
    access_coordinator="aut_a",
    approval_coordinator="aut_b",
    referral_coordinator="aut_c",
    approve_outgoing=True,
    approve_reply=True,
    allocation=True,
    reason="not competent",
)


def test_nothing_of_a_part_or_of_a_registration_is_left_out() -> None:
    state = an_authority(
        status=Status.REQUESTED,
        inactive_access=(replace(PART, module="services/requests"),),
        validating_coordinator="aut_v",
        reason="merged",
        invitation=issued("x", "a@b.example", "it", NOW, number=3),
        applicant=Applicant(name="Anna", language="it", signin="i s", languages=("it", "en")),
    )
    found = wire_inside.authority(Kept("aut_1", 4, state), ())
    (part,) = found.inactive_access
    assert part == pb.ModuleAccess(
        module="services/requests",
        legislative_role=pb.LEGISLATIVE_ROLE_COMPETENT_AUTHORITY,
        workflow_roles=[pb.WORKFLOW_ROLE_ALERT_AUTHORITY],
        status=pb.ACCESS_STATUS_REFUSED,
        access_coordinator_id="aut_a",
        approval_coordinator_id="aut_b",
        referral_coordinator_id="aut_c",
        approve_outgoing=True,
        approve_reply=True,
        allocation=True,
        reason="not competent",
    )
    assert [one.module for one in found.access] == [ALERTS]
    assert (found.validating_coordinator_id, found.reason) == ("aut_v", "merged")
    assert (found.invitation.email, found.invitation.language, found.invitation.number) == ("a@b.example", "it", 3)
    assert found.applicant == pb.Applicant(name="Anna", language="it", languages=["it", "en"])
    assert "i s" not in str(found), "how somebody signs in is nobody's to read"


def test_what_everybody_sees_says_nothing_of_coordinators() -> None:
    (part,) = wire.authority(
        Kept("aut_1", 1, an_authority(access=(replace(PART, status=AccessStatus.ACTIVE),))), ()
    ).access
    assert {field.name for field, _ in part.ListFields()} == {"module", "legislative_role", "workflow_roles", "status"}


def test_what_a_change_does_not_give_stays() -> None:
    assert wire_inside.changed_access(PART, registration_pb2.ChangeAccessRequest()) == PART
    given = registration_pb2.ChangeAccessRequest(
        legislative_role=pb.LEGISLATIVE_ROLE_DIMIC,
        workflow_roles=[pb.WORKFLOW_ROLE_ALERT_COORDINATOR, pb.WORKFLOW_ROLE_ALERT_COORDINATOR],
        access_coordinator_id="aut_x",
        approval_coordinator_id="",
        approve_outgoing=False,
    )
    assert wire_inside.changed_access(PART, given) == replace(
        PART,
        legislative_role=LegislativeRole.DIMIC,
        workflow_roles=(WorkflowRole.ALERT_COORDINATOR,),
        access_coordinator="aut_x",
        approval_coordinator="",
        approve_outgoing=False,
    )


def test_an_invitee_is_told_what_the_draft_refers_to(reference: Reference) -> None:
    state = an_authority(
        status=Status.INVITED,
        concepts=("electrician",),
        access=(),
        inactive_access=(replace(PART, module="firearms/requests"), PART),
        invitation=issued("x", "a@b.example", "it", NOW),
    )
    found = wire_inside.invitation(Kept("aut_1", 1, state), None, reference, ["it"])
    assert [area.code for area in found.areas] == ["firearms", "services"]
    assert [concept.id for concept in found.concepts] == ["electrician"]
    assert dict(found.country.name.texts) == {"it": "Italia"}
    assert not found.HasField("region")
    assert not found.HasField("invited_by")
    assert all(not part.access_coordinator_id for part in found.authority.inactive_access)
