"""Reading: alerts by id, what can be done with them, lists, types."""

from collections.abc import Sequence

from chassis import lists
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.server import Call
from chassis.wire import batch, wanted_languages
from engines.documents import AnyOf, Condition, Scalar
from protos.alerts.v1 import alerts_pb2 as pb
from services.alerts import storage, wire
from services.alerts.domain.actions import possibilities
from services.alerts.domain.filters import require_few
from services.alerts.domain.views import view
from services.alerts.readers import party, reads
from services.alerts.rpc.commands import Commands
from vocabulary import countries
from vocabulary.audit import Part
from vocabulary.refusals import Invalid


class Reading(Commands):
    async def BatchGetAlerts(self, request: pb.BatchGetAlertsRequest, context: Call) -> pb.BatchGetAlertsResponse:
        caller = current_person()
        asked = batch(request.ids)
        found = self._shown(await self._alerts.get_many(asked), caller)
        noting.withheld(asked, (one.id for one in found))
        return pb.BatchGetAlertsResponse(alerts=found)

    async def BatchGetAlertTypes(
        self, request: pb.BatchGetAlertTypesRequest, context: Call
    ) -> pb.BatchGetAlertTypesResponse:
        wanted = wanted_languages(request.languages)
        found = [self._types[id_] for id_ in batch(request.ids) if id_ in self._types]
        return pb.BatchGetAlertTypesResponse(alert_types=[wire.alert_type(one, wanted) for one in found])

    async def ListAlertTypes(self, request: pb.ListAlertTypesRequest, context: Call) -> pb.ListAlertTypesResponse:
        wanted = wanted_languages(request.languages)
        return pb.ListAlertTypesResponse(alert_types=[wire.alert_type(one, wanted) for one in self._types.values()])

    async def BatchGetActions(self, request: pb.BatchGetActionsRequest, context: Call) -> pb.BatchGetActionsResponse:
        caller = current_person()
        answer = pb.BatchGetActionsResponse()
        for kept in await self._alerts.get_many(batch(request.ids)):
            who = party(caller, kept.state.area, self._now())
            if view(kept.state, who) is not None:
                found = possibilities(kept.state, self._types[kept.state.type_id], who)
                answer.actions.add(id=kept.id, actions=map(wire.possibility, found))
        return answer

    async def ListAlerts(self, request: pb.ListAlertsRequest, context: Call) -> pb.ListAlertsResponse:
        caller = current_person()
        found, page_info = await lists.page(
            self._alerts,
            self._where(request.filter, caller),
            request.page,
            kind="alerts",
            sort="changed_at",
            position=lambda alert: lists.sortable(alert.changed_at),
        )
        return pb.ListAlertsResponse(alerts=self._shown(found, caller, Part.LISTED), page_info=page_info)

    def _where(self, narrowed: pb.AlertFilter, caller: Caller) -> dict[str, Condition]:
        areas = {kind.area for kind in self._types.values()}
        parties = {area: party(caller, area, self._now()) for area in areas}
        readers = [key for area, who in parties.items() if reads(who) for key in storage.readable(who, area)]
        where: dict[str, Condition] = {"readers": AnyOf(readers)}
        for name in ("types", "statuses", "areas", "severities", "countries"):
            require_few(getattr(narrowed, name), at=f"filter.{name}")
        if narrowed.types:
            where["type"] = _any_of(
                [id_ for index, name in enumerate(narrowed.types) for id_ in self._ids(name, index)]
            )
        if narrowed.statuses:
            where["status"] = _any_of(
                [
                    wire.STATUS.from_wire(status, field=f"filter.statuses[{index}]")
                    for index, status in enumerate(narrowed.statuses)
                ]
            )
        if narrowed.areas:
            where["area"] = _any_of(self._areas(narrowed.areas))
        if narrowed.severities:
            where["severity"] = _any_of(
                [
                    wire.SEVERITY.from_wire(severity, field=f"filter.severities[{index}]")
                    for index, severity in enumerate(narrowed.severities)
                ]
            )
        if narrowed.countries:
            where["country"] = _any_of(
                [
                    countries.require(code, field=f"filter.countries[{index}]")
                    for index, code in enumerate(narrowed.countries)
                ]
            )
        return where

    def _areas(self, asked: Sequence[str]) -> list[str]:
        known = {kind.area for kind in self._types.values()}
        for index, area in enumerate(asked):
            if area not in known:
                raise Invalid(
                    f"there are no alerts about {area!r}", field=f"filter.areas[{index}]", reason="UNKNOWN_AREA"
                )
        return list(asked)

    def _ids(self, name: str, index: int) -> list[str]:
        found = [kind.id for kind in self._types.values() if name in (kind.id, kind.code)]
        if not found:
            raise Invalid(
                f"there is no alert type {name!r}", field=f"filter.types[{index}]", reason="UNKNOWN_ALERT_TYPE"
            )
        return found


def _any_of(asked: Sequence[Scalar]) -> AnyOf:
    """Each value once, however often it was asked for: a store takes no more than there are."""
    return AnyOf(list(dict.fromkeys(asked)))
