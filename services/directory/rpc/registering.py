"""RegistrationService: who takes part, from the registration to the end of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from google.protobuf.message import Message

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import localized_from
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb
from protos.directory.v1.events_pb2 import ApplicantRejected
from protos.directory.v1.registration_pb2_grpc import RegistrationServiceServicer
from services.directory import wire
from services.directory.applicants import Applicants
from services.directory.domain import applying, authorities, direct, registration
from services.directory.domain.authorities import Authority
from services.directory.domain.history import Command
from services.directory.exchanges import OpenExchanges
from services.directory.rpc.acting import person
from services.directory.rpc.changing import Acting, Changing, Decide
from services.directory.rpc.coordinating import CoordinationLists
from services.directory.rpc.recording import check_references
from vocabulary import ids
from vocabulary.refusals import Refusal

Answer = TypeVar("Answer", bound=Message)
Corrections = pb.EditAuthorityRequest | pb.RegisterByInvitationRequest


class RegistrationRpc(RegistrationServiceServicer):
    def __init__(self, changing: Changing, applicants: Applicants, exchanges: OpenExchanges) -> None:
        self._changing = changing
        self._applicants = applicants
        self._exchanges = exchanges
        self._lists = CoordinationLists(changing.authorities, changing.showing)

    async def RegisterAuthority(
        self, request: pb.RegisterAuthorityRequest, context: Call
    ) -> pb.RegisterAuthorityResponse:
        caller = current_person()
        key = CommandKey.of(request, caller)
        changing, id_ = self._changing, key.new_id(ids.AUTHORITY)
        # Before anything is looked up that may have changed since.
        made = await changing.authorities.answered(id_, key, pb.RegisterAuthorityResponse)
        if made is not None:
            return made
        new = authorities.check(wire.authority_from(request.authority, at="authority"))
        by = await person(caller, changing.authorities)
        check_references(changing.reference, new, at="authority.")
        new = direct.registered(new, by, changing.showing.territories(new))
        return await changing.create(
            id_,
            key,
            new,
            Command.REGISTER,
            caller,
            lambda kept: pb.RegisterAuthorityResponse(authority=changing.showing.answered(by, kept)),
        )

    async def EditAuthority(self, request: pb.EditAuthorityRequest, context: Call) -> pb.EditAuthorityResponse:
        async def edited(acting: Acting) -> Authority:
            before = acting.before.state
            status = registration.step(before.status, Command.EDIT, acting.of)
            after = replace(corrected(before, request), status=status)
            if request.concept_ids or request.no_concepts:
                after = replace(after, concepts=tuple(dict.fromkeys(request.concept_ids)))
            after = authorities.check(after, at="")
            check_references(self._changing.reference, after, at="")
            return after

        return await self._changing.change(
            request, Command.EDIT, edited, _answer(pb.EditAuthorityResponse), pb.EditAuthorityResponse
        )

    async def ValidateAuthority(
        self, request: pb.ValidateAuthorityRequest, context: Call
    ) -> pb.ValidateAuthorityResponse:
        async def validated(acting: Acting) -> Authority:
            before = acting.before
            applicant = before.state.applicant
            administrator = applying.first_user_id(before.id, applicant) if applicant else ""
            after = applying.validated(before.state, acting.by, acting.of, acting.territories, administrator)
            if applicant:
                # Before the authority is active: one whose administrator cannot sign in would be nobody's.
                await self._applicants.make_user(before.id, applicant)
            return after

        try:
            return await self._changing.change(
                request,
                Command.VALIDATE,
                validated,
                _answer(pb.ValidateAuthorityResponse),
                pb.ValidateAuthorityResponse,
            )
        except Refusal:
            # Somebody else may have rejected it in between.
            await self._applicants.release_rejected(request.id)
            raise

    async def RejectAuthority(self, request: pb.RejectAuthorityRequest, context: Call) -> pb.RejectAuthorityResponse:
        async def rejected(acting: Acting) -> Authority:
            return applying.rejected(acting.before.state, acting.of, request.reason)

        return await self._changing.change(
            request,
            Command.REJECT,
            rejected,
            _answer(pb.RejectAuthorityResponse),
            pb.RejectAuthorityResponse,
            events=[ApplicantRejected(authority_id=request.id)],
        )

    async def SuspendAuthority(self, request: pb.SuspendAuthorityRequest, context: Call) -> pb.SuspendAuthorityResponse:
        async def suspended(acting: Acting) -> Authority:
            before = acting.before.state
            status = registration.step(before.status, Command.SUSPEND, acting.of, request.reason)
            return replace(before, status=status, reason=request.reason.strip())

        return await self._changing.change(
            request, Command.SUSPEND, suspended, _answer(pb.SuspendAuthorityResponse), pb.SuspendAuthorityResponse
        )

    async def ReinstateAuthority(
        self, request: pb.ReinstateAuthorityRequest, context: Call
    ) -> pb.ReinstateAuthorityResponse:
        return await self._changing.change(
            request,
            Command.REINSTATE,
            _stepped(Command.REINSTATE),
            _answer(pb.ReinstateAuthorityResponse),
            pb.ReinstateAuthorityResponse,
        )

    async def DeregisterAuthority(
        self, request: pb.DeregisterAuthorityRequest, context: Call
    ) -> pb.DeregisterAuthorityResponse:
        async def deregistered(acting: Acting) -> Authority:
            after = await _stepped(Command.DEREGISTER)(acting)
            # It is suspended, so what is counted grows no more.
            registration.require_nothing_open(await self._exchanges.count(acting.before.id))
            return after

        return await self._changing.change(
            request,
            Command.DEREGISTER,
            deregistered,
            _answer(pb.DeregisterAuthorityResponse),
            pb.DeregisterAuthorityResponse,
        )

    async def ListAuthoritiesToCoordinate(
        self, request: pb.ListAuthoritiesToCoordinateRequest, context: Call
    ) -> pb.ListAuthoritiesToCoordinateResponse:
        by = await person(current_person(), self._changing.authorities)
        return await self._lists.page(request, by)


def corrected(before: Authority, request: Corrections) -> Authority:
    """*before* with the parts that *request* gives; what is absent stays. Raises Invalid for what the wire can tell is wrong."""
    after = before
    if request.HasField("contact"):
        after = replace(after, contact=wire.contact_from(request.contact))
    if request.HasField("informal_name"):
        limit = authorities.NAME_LIMIT
        after = replace(after, informal_name=localized_from(request.informal_name, at="informalName", limit=limit))
    if request.HasField("description"):
        limit = authorities.DESCRIPTION_LIMIT
        after = replace(after, description=localized_from(request.description, at="description", limit=limit))
    if request.languages or request.no_languages:
        after = replace(after, languages=tuple(request.languages))
    return after


def _stepped(command: Command) -> Decide:
    """What only moves an authority on, and leaves nothing of why it stood still."""

    async def stepped(acting: Acting) -> Authority:
        before = acting.before.state
        return replace(before, status=registration.step(before.status, command, acting.of), reason="")

    return stepped


def _answer(kind: Callable[..., Answer]) -> Callable[[directory_pb2.Authority], Answer]:
    return lambda authority: kind(authority=authority)
