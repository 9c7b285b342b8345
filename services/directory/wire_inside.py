"""Authorities as those inside see them ↔ protobuf: registration, parts of every status, coordinators."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from chassis.aggregates import Kept
from chassis.wire import EnumOnWire, few, timestamp
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1 import registration_pb2
from services.directory import wire
from services.directory.domain.authorities import AccessStatus, Authority, ModuleAccess
from services.directory.domain.history import Command
from services.directory.domain.invitations import Applicant, Invitation
from services.directory.reference import Reference
from vocabulary.roles import WorkflowRole

# What a change of a part may give.
_GIVEN: tuple[Any, ...] = (
    "access_coordinator_id",
    "approval_coordinator_id",
    "referral_coordinator_id",
    "approve_outgoing",
    "approve_reply",
    "allocation",
)
COMMAND = EnumOnWire(Command, pb.DirectoryCommand)


def authority(kept: Kept[Authority], wanted: Collection[str]) -> pb.Authority:
    """Everything but what the reader may do with it."""
    state = kept.state
    found = wire.authority(kept, wanted)
    found.ClearField("access")
    found.access.extend(map(module_access, state.access))
    found.inactive_access.extend(map(module_access, state.inactive_access))
    found.validating_coordinator_id = state.validating_coordinator
    found.reason = state.reason
    if state.invitation:
        found.invitation.CopyFrom(invitation_state(state.invitation))
    if state.applicant:
        found.applicant.CopyFrom(applicant(state.applicant))
    return found


def module_access(access: ModuleAccess) -> pb.ModuleAccess:
    found = wire.module_access(access)
    found.access_coordinator_id = access.access_coordinator
    found.approval_coordinator_id = access.approval_coordinator
    found.referral_coordinator_id = access.referral_coordinator
    found.approve_outgoing = access.approve_outgoing
    found.approve_reply = access.approve_reply
    found.allocation = access.allocation
    found.reason = access.reason
    return found


def invitation_state(invitation: Invitation) -> pb.InvitationState:
    return pb.InvitationState(
        email=invitation.email,
        language=invitation.language,
        expires_at=timestamp(invitation.expires_at),
        number=invitation.number,
    )


def applicant(applicant: Applicant) -> pb.Applicant:
    return pb.Applicant(name=applicant.name, language=applicant.language, languages=applicant.languages)


def invitation(
    kept: Kept[Authority], invited_by: Kept[Authority] | None, reference: Reference, wanted: Collection[str]
) -> registration_pb2.Invitation:
    """What the invitee sees: the draft with the parts it is invited to and all it refers to, and who invites."""
    draft = kept.state
    assert draft.invitation is not None, "only what somebody is invited to is shown so"
    shown = wire.authority(kept, wanted)
    shown.inactive_access.extend(map(wire.module_access, draft.inactive_access))
    areas = dict.fromkeys(access.area for access in draft.inactive_access)
    return registration_pb2.Invitation(
        authority=shown,
        language=draft.invitation.language,
        expires_at=timestamp(draft.invitation.expires_at),
        invited_by=wire.authority(invited_by, wanted) if invited_by else None,
        country=wire.country(reference.countries[draft.country], wanted),
        region=wire.region(reference.regions[draft.region], wanted) if draft.region else None,
        areas=[wire.area(reference.areas[area], wanted) for area in areas],
        concepts=[wire.concept(reference.concepts[concept], wanted) for concept in draft.concepts],
    )


def asked_access(message: registration_pb2.RequestAccessRequest) -> ModuleAccess:
    """The part that a request for access asks for."""
    return ModuleAccess(
        module=message.module,
        legislative_role=wire.LEGISLATIVE_ROLE.from_wire(message.legislative_role, field="legislativeRole"),
        workflow_roles=workflow_roles_from(message.workflow_roles),
        status=AccessStatus.REQUESTED,
        access_coordinator=message.access_coordinator_id,
    )


def changed_access(before: ModuleAccess, message: registration_pb2.ChangeAccessRequest) -> ModuleAccess:
    """*before* with what *message* gives; what is absent stays."""
    given: dict[str, Any] = {
        name.removesuffix("_id"): getattr(message, name) for name in _GIVEN if message.HasField(name)
    }
    if message.legislative_role:
        role = wire.LEGISLATIVE_ROLE.from_wire(message.legislative_role, field="legislativeRole")
        given["legislative_role"] = role
    if message.workflow_roles or message.no_workflow_roles:
        given["workflow_roles"] = workflow_roles_from(message.workflow_roles)
    return replace(before, **given)


def workflow_roles_from(given: Sequence[int]) -> tuple[WorkflowRole, ...]:
    listed = enumerate(few(given, at="workflowRoles"))
    roles = (wire.WORKFLOW_ROLE.from_wire(role, field=f"workflowRoles[{index}]") for index, role in listed)
    return tuple(dict.fromkeys(roles))
