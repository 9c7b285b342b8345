"""RegistrationService: who may take part, and who works for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.wire import localized_from
from protos.directory.v1 import events_pb2
from protos.directory.v1 import registration_pb2 as pb
from protos.directory.v1.registration_pb2_grpc import RegistrationServiceServicer
from services.directory import wire
from services.directory.domain import authorities, coordination, history, registration
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.rpc.acting import person
from vocabulary import ids
from vocabulary.refusals import Conflict, Invalid


class RegistrationRpc(RegistrationServiceServicer):
    def __init__(self, reference: Reference, authorities: Aggregates[Authority], now: Callable[[], datetime]) -> None:
        self._reference = reference
        self._authorities = authorities
        self._now = now

    async def RegisterAuthority(
        self, request: pb.RegisterAuthorityRequest, context: Call
    ) -> pb.RegisterAuthorityResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        new = authorities.check(wire.authority_from(request.authority, at="authority"))
        by = await person(caller, self._authorities)
        self._check_references(new, at="authority.")
        actor = coordination.registrar(new, by, self._reference.territories(new.country, new.region))
        status = registration.step(None, history.Command.REGISTER, {actor})
        new = replace(
            new,
            status=status,
            validating_coordinator=caller.authority_id,
            access=tuple(replace(access, access_coordinator=caller.authority_id) for access in new.access),
        )
        new = self._recorded(None, new, history.Command.REGISTER, caller)
        id_ = command.new_id(ids.AUTHORITY)
        event = events_pb2.AuthorityChanged(authority_id=id_, revision=1, country_code=new.country)
        try:
            return await self._authorities.create(
                id_,
                command,
                new,
                [event],
                lambda kept: pb.RegisterAuthorityResponse(authority=wire.authority(kept, ())),
            )
        except Conflict as conflict:
            if conflict.reason != "ALREADY_EXISTS":
                raise
            taken = " or ".join(post.replace(":", " of ", 1) for post in new.posts)
            raise Conflict(f"there is a {taken} already", field="authority.access", reason="POST_TAKEN") from conflict

    async def EditAuthority(self, request: pb.EditAuthorityRequest, context: Call) -> pb.EditAuthorityResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        by = await person(caller, self._authorities)

        async def decide(before: Kept[Authority]) -> tuple[Authority, Sequence[events_pb2.AuthorityChanged]]:
            lies_in = self._reference.territories(before.state.country, before.state.region)
            of = coordination.actors(by, before.id, before.state, lies_in)
            status = registration.step(before.state.status, history.Command.EDIT, of)
            after = authorities.check(replace(self._edited(before.state, request), status=status), at="")
            self._check_references(after, at="")
            after = self._recorded(before.state, after, history.Command.EDIT, caller)
            event = events_pb2.AuthorityChanged(
                authority_id=before.id, revision=before.revision + 1, country_code=after.country
            )
            return after, [event]

        return await self._authorities.change(
            request.id,
            command,
            decide,
            lambda kept: pb.EditAuthorityResponse(authority=wire.authority(kept, ())),
            pb.EditAuthorityResponse,
        )

    def _recorded(
        self, before: Authority | None, after: Authority, command: history.Command, caller: Caller
    ) -> Authority:
        """*after*, which remembers what was changed, when and by whom."""
        change = history.Change(
            at=self._now(),
            command=command,
            user_id=caller.user_id,
            authority_id=caller.authority_id,
            fields=history.changed_fields(before, after),
        )
        return replace(after, history=(*after.history, change))

    def _edited(self, before: Authority, request: pb.EditAuthorityRequest) -> Authority:
        after = before
        if request.HasField("contact"):
            after = replace(after, contact=wire.contact_from(request.contact))
        if request.HasField("informal_name"):
            limit = authorities.NAME_LIMIT
            after = replace(after, informal_name=localized_from(request.informal_name, at="informalName", limit=limit))
        if request.HasField("description"):
            limit = authorities.DESCRIPTION_LIMIT
            after = replace(after, description=localized_from(request.description, at="description", limit=limit))
        if request.languages:
            after = replace(after, languages=tuple(request.languages))
        if request.concept_ids:
            after = replace(after, concepts=tuple(dict.fromkeys(request.concept_ids)))
        return after

    def _check_references(self, authority: Authority, *, at: str) -> None:
        for index, concept in enumerate(authority.concepts):
            self._reference.require_concept(concept, field=f"{at}concepts[{index}]")
        for index, access in enumerate(authority.access):
            self._reference.require_module(access.module, field=f"{at}access[{index}].module")
        if authority.region:
            self._reference.require_region(authority.region, field=f"{at}region")
            if self._reference.regions[authority.region].country != authority.country:
                raise Invalid("the region is in another country", field=f"{at}region", reason="REGION")
