"""InvitationService: who is invited, what they see, and how they register."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import GATEWAY, Caller, current_person, require_service
from chassis.server import Call
from chassis.wire import localized_from, wanted_languages
from protos.directory.v1 import directory_pb2
from protos.directory.v1 import registration_pb2 as pb
from protos.directory.v1.registration_pb2_grpc import InvitationServiceServicer
from services.directory import wire, wire_inside
from services.directory.applicants import Applicants, taken
from services.directory.domain import applying, authorities, users
from services.directory.domain.authorities import NAME_LIMIT, Authority
from services.directory.domain.history import Command
from services.directory.domain.invitations import Applicant, code, code_hash, issued
from services.directory.domain.users import User
from services.directory.rpc.acting import person
from services.directory.rpc.changing import Acting, Changing
from services.directory.rpc.recording import changed, check_mailbox, check_references, recorded
from services.directory.rpc.registering import corrected
from vocabulary import ids
from vocabulary.refusals import Conflict


class InvitationRpc(InvitationServiceServicer):
    """*secret* is what codes are made with: the same in all replicas, and known to nobody else."""

    def __init__(self, changing: Changing, applicants: Applicants, secret: bytes) -> None:
        self._changing = changing
        self._applicants = applicants
        self._secret = secret

    @property
    def _authorities(self) -> Aggregates[Authority]:
        return self._changing.authorities

    @property
    def _now(self) -> Callable[[], datetime]:
        return self._changing.now

    async def InviteAuthority(self, request: pb.InviteAuthorityRequest, context: Call) -> pb.InviteAuthorityResponse:
        caller = current_person()
        key = CommandKey.of(request, caller)
        changing, id_ = self._changing, key.new_id(ids.AUTHORITY)
        # Before anything is looked up that may have changed since.
        made = await changing.authorities.answered(id_, key, pb.InviteAuthorityResponse)
        if made is not None:
            self._reveal(made.invitation)
            return made
        new = authorities.check(wire.authority_from(request.authority, at="authority"))
        email, language = applying.require_invitee(request.email, request.language)
        by = await person(caller, self._authorities)
        check_references(changing.reference, new, at="authority.")
        invitation = issued(code(self._secret, id_, 1), email, language, self._now())
        new = applying.invited(new, by, changing.showing.territories(new), invitation)
        answer = await changing.create(
            id_,
            key,
            new,
            Command.INVITE,
            caller,
            lambda kept: pb.InviteAuthorityResponse(invitation=_issued(changing.showing.answered(by, kept))),
        )
        self._reveal(answer.invitation)
        return answer

    async def RenewInvitation(self, request: pb.RenewInvitationRequest, context: Call) -> pb.RenewInvitationResponse:
        async def renewed(acting: Acting) -> Authority:
            before = acting.before
            return applying.renewed(
                before.state,
                acting.of,
                lambda number: code(self._secret, before.id, number),
                request.email,
                request.language,
                self._now(),
            )

        answer = await self._changing.change(
            request,
            Command.RENEW_INVITATION,
            renewed,
            lambda authority: pb.RenewInvitationResponse(invitation=_issued(authority)),
            pb.RenewInvitationResponse,
        )
        self._reveal(answer.invitation)
        return answer

    async def WithdrawInvitation(
        self, request: pb.WithdrawInvitationRequest, context: Call
    ) -> pb.WithdrawInvitationResponse:
        async def withdrawn(acting: Acting) -> Authority:
            return applying.withdrawn(acting.before.state, acting.of, request.reason)

        return await self._changing.change(
            request,
            Command.WITHDRAW_INVITATION,
            withdrawn,
            lambda authority: pb.WithdrawInvitationResponse(authority=authority),
            pb.WithdrawInvitationResponse,
        )

    async def GetInvitation(self, request: pb.GetInvitationRequest, context: Call) -> pb.GetInvitationResponse:
        require_service(GATEWAY)
        wanted, given = wanted_languages(request.languages), code_hash(request.code)
        kept = await self._invited(given)
        if not applying.is_open(kept.state, given, self._now()):
            raise applying.not_open()
        invited_by = await self._authorities.get(kept.state.validating_coordinator)
        return pb.GetInvitationResponse(
            invitation=wire_inside.invitation(kept, invited_by, self._changing.reference, wanted)
        )

    async def RegisterByInvitation(
        self, request: pb.RegisterByInvitationRequest, context: Call
    ) -> pb.RegisterByInvitationResponse:
        require_service(GATEWAY)
        given, signin = code_hash(request.code), users.check_signin(request.issuer, request.subject, at="")
        # Keys are the invitee's own, as those of users are theirs.
        key = CommandKey.of(request, Caller(user_id=signin))
        kept = await self._invited(given)

        async def decide(before: Kept[Authority]) -> tuple[Authority, Sequence[Message]]:
            if not applying.is_open(before.state, given, self._now()):
                raise applying.not_open()
            await self._applicants.require_free(signin)
            after = applying.applied(self._corrected(before.state, request), self._applicant(before, request, signin))
            after = recorded(before.state, after, Command.REGISTER_BY_INVITATION, Caller(), self._now())
            return after, [changed(before.id, before.revision + 1, after)]

        try:
            return await self._authorities.change(
                kept.id,
                key,
                decide,
                lambda after: pb.RegisterByInvitationResponse(authority=wire_inside.authority(after, ())),
                pb.RegisterByInvitationResponse,
            )
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            raise taken() from conflict

    async def _invited(self, given: str) -> Kept[Authority]:
        """The authority that a code with this hash is, or was, of."""
        found = await self._authorities.find({"invitation": given}, limit=1)
        if not found:
            raise applying.not_open()
        return found[0]

    def _corrected(self, draft: Authority, request: pb.RegisterByInvitationRequest) -> Authority:
        after = corrected(draft, request)
        if request.HasField("official_name"):
            name = localized_from(request.official_name, at="officialName", limit=NAME_LIMIT)
            after = replace(after, official_name=name)
        after = authorities.check(after, at="")
        check_mailbox(after, at="")
        return after

    def _applicant(self, before: Kept[Authority], request: pb.RegisterByInvitationRequest, signin: str) -> Applicant:
        given = request.applicant
        understood = tuple(given.languages)
        asked = User(
            authority_id=before.id, name=given.name, language=given.language, signin=signin, languages=understood
        )
        one = users.check(asked, before.state, at="applicant.")
        return Applicant(name=one.name, language=one.language, signin=signin, languages=one.languages)

    def _reveal(self, invitation: pb.IssuedInvitation) -> None:
        """Say the code, which is in no stored answer."""
        of = invitation.authority
        invitation.code = code(self._secret, of.id, of.invitation.number)


def _issued(authority: directory_pb2.Authority) -> pb.IssuedInvitation:
    return pb.IssuedInvitation(expires_at=authority.invitation.expires_at, authority=authority)
