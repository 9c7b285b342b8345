"""Publishing repositories while the system runs: for the Commission."""

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from protos.repositories.v1 import definitions_pb2
from services.repositories.domain.definitions import Definition
from services.repositories.domain.publishing import check_definition, check_next
from services.repositories.rpc.commands import Commands
from services.repositories.wire_definitions import definition_from
from vocabulary.refusals import Forbidden

AT = "definition"


class Publishing(Commands):
    async def PublishDefinition(
        self, request: definitions_pb2.PublishDefinitionRequest, context: Call
    ) -> definitions_pb2.PublishDefinitionResponse:
        caller = current_person()
        if not caller.is_commission():
            raise Forbidden("repositories are defined by the Commission")
        command = CommandKey.of(request, caller)
        definition = definition_from(request.definition, at=AT)
        check_definition(definition, at=AT)
        await self._require_known(definition)
        await self._definitions.refresh()
        # One that is there already is refused, or answered as before, where it is stored.
        if definition.id not in {one.id for one in self._definitions.all_versions()}:
            check_next(definition, self._definitions.values(), at=AT)
        return await self._definitions.publish(definition, command, caller.user_id, self._now(), self._renewed)

    async def _require_known(self, definition: Definition) -> None:
        """Raises Invalid naming an area or an authority of *definition* that does not exist."""
        if definition.area:
            await self._subjects.require_area(definition.area, field=f"{AT}.areaCode")
        places = {
            f"{AT}.fields[{index}].audience": definition.rule(field.code).audience
            for index, field in enumerate(definition.fields)
        }
        for at, audience in {f"{AT}.audience": definition.audience, **places}.items():
            if audience and audience.authorities:
                await self._references.require_authorities(audience.authorities, field=f"{at}.authorityIds")
