"""Who a request may go to, and which coordinators are asked about it: as the directory has it at the moment of the command."""

from collections.abc import Sequence
from dataclasses import replace

from chassis.calls import Peer
from chassis.participants import Participants
from protos.directory.v1 import directory_pb2
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.requests.domain.exchange import Partner, Settings
from services.requests.domain.lifecycle import WRITERS
from services.requests.domain.parties import COUNTRY_COORDINATORS
from vocabulary.participants import Part, Participant
from vocabulary.refusals import Conflict, Forbidden, Invalid
from vocabulary.roles import REQUESTS, LegislativeRole, UserRole, WorkflowRole, module


class Coordinators:
    """Asks the directory what the law needs to be true now: that an authority takes part, who approves, who decides."""

    def __init__(self, participants: Participants, peer: Peer, directory: DirectoryServiceStub) -> None:
        self._participants = participants
        self._peer = peer
        self._directory = directory

    async def partner(self, id_: str, area: str, *, at: str) -> Partner:
        """The authority *id_*; raises Invalid naming *at* unless it is active and answers requests about *area*."""
        found = (await self._participants.now([id_])).get(id_)
        part = found.part(module(area, REQUESTS)) if found else None
        if found is None or part is None or WorkflowRole.REQUEST_PARTNER not in part.workflow_roles:
            raise Invalid(
                f"no active authority {id_!r} answers requests about {area}", field=at, reason="UNKNOWN_AUTHORITY"
            )
        return Partner(
            id=id_,
            country=found.country,
            region=found.region,
            central=part.legislative_role in COUNTRY_COORDINATORS,
            settings=_settings(part),
        )

    async def own(self, id_: str, area: str) -> Settings:
        """What the acting authority has settled for its requests about *area*, with an approval coordinator that can approve.

        Raises Forbidden if it takes part no more: then nobody could say whether what it does needs an approval.
        """
        part = await self._part(id_, area)
        if part is None:
            raise Forbidden(f"your authority takes no part in requests about {area}")
        settings = _settings(part)
        needed = settings.approve_outgoing or settings.approve_reply
        if needed and not await self._part(settings.approval_coordinator, area):
            return replace(settings, approval_coordinator="")
        return settings

    async def _part(self, id_: str, area: str) -> Part | None:
        """The part that *id_* has in the requests about *area*, if it is active."""
        found = (await self._participants.now([id_])).get(id_) if id_ else None
        return found.part(module(area, REQUESTS)) if found else None

    async def referral(self, authority_id: str, area: str, country: str) -> str:
        """The coordinator who is asked about a referral on the side of *authority_id*; raises Conflict if there is none.

        It is another authority: the one that is named, or the coordinator of the area in its country, or that of the country.
        """
        wanted = module(area, REQUESTS)
        part = await self._part(authority_id, area)
        named = part.referral_coordinator if part else ""
        if named not in ("", authority_id) and await self._part(named, area):
            return named
        there = await self._participants.taking_part_now(
            WorkflowRole.REQUEST_PARTNER, module=wanted, countries=[country]
        )
        for role in COUNTRY_COORDINATORS:
            for one in there:
                if one.id != authority_id and _is(one, role, wanted):
                    return one.id
        raise Conflict(f"there is no referral coordinator for {area} in {country}", reason="NO_REFERRAL_COORDINATOR")

    async def require_area(self, code: str, *, at: str) -> None:
        """Raises Invalid naming *at* unless *code* is an area of legislation in which requests are exchanged."""
        request = directory_pb2.BatchGetAreasRequest(ids=[code], languages=["en"])
        found = (await self._peer.call(self._directory.BatchGetAreas, request)).areas
        if not any(module(code, REQUESTS) in area.modules for area in found):
            raise Invalid(f"no requests are exchanged about {code!r}", field=at, reason="UNKNOWN_AREA")

    async def check_handlers(self, user_ids: Sequence[str], authority_id: str, area: str) -> None:
        """Raises Invalid naming the person who does not work on the requests of *authority_id* about *area*."""
        request = directory_pb2.BatchGetUsersRequest(ids=user_ids)
        found = {one.id: one for one in (await self._peer.call(self._directory.BatchGetUsers, request)).users}
        for index, id_ in enumerate(user_ids):
            user = found.get(id_)
            if user is None or user.authority_id != authority_id or not _writes(user, area):
                raise Invalid(
                    "this is nobody who works on requests at your authority",
                    field=f"userIds[{index}]",
                    reason="UNKNOWN_USER",
                )


def _settings(part: Part) -> Settings:
    return Settings(
        approval_coordinator=part.approval_coordinator,
        referral_coordinator=part.referral_coordinator,
        approve_outgoing=part.approve_outgoing,
        approve_reply=part.approve_reply,
        allocation=part.allocation,
    )


def _is(one: Participant, role: LegislativeRole, wanted: str) -> bool:
    part = one.part(wanted)
    return part is not None and part.legislative_role is role


def _writes(user: directory_pb2.User, area: str) -> bool:
    names = {f"USER_ROLE_{role}": role for role in UserRole}
    held = {
        names.get(directory_pb2.UserRole.Name(one.role))
        for one in user.roles
        if one.module in ("*", module(area, REQUESTS))
    }
    return user.active and bool(held & WRITERS)
