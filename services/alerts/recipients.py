"""Who receives alerts: which authorities coordinate and take part where."""

from collections.abc import Iterable, Mapping, Sequence

from chassis.calls import Peer
from chassis.participants import Participants
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.domain.alerts import TOLD_LIMIT
from vocabulary.participants import Participant
from vocabulary.refusals import Conflict, Invalid
from vocabulary.roles import LegislativeRole, WorkflowRole

_TAKING_PART = frozenset({WorkflowRole.ALERT_AUTHORITY, WorkflowRole.ALERT_COORDINATOR})


class Recipients:
    """Deliveries go by the service's own copy of the directory. Commands ask the directory, which is then kept: whoever an alert
    was sent to is in the copy when it is delivered. Raises Unavailable while what is asked is away.
    """

    def __init__(self, participants: Participants, peer: Peer, directory: DirectoryServiceStub) -> None:
        self._participants = participants
        self._peer = peer
        self._directory = directory

    async def coordinators(self, module: str, countries: Sequence[str], *, besides: str = "") -> dict[str, list[str]]:
        """Who coordinates alerts of *module* in each of *countries*, without *besides*: the postboxes of the countries.

        Where there is nobody else, it is the National IMI Coordinator; where there is none either, nobody.
        """
        if not countries:
            return {}
        role = WorkflowRole.ALERT_COORDINATOR
        listed = await self._participants.taking_part(role, module=module, countries=countries)
        found = _by_country(countries, listed, besides)
        if alone := _without(found):
            national = await self._participants.taking_part(LegislativeRole.NIMIC, countries=alone)
            found |= _by_country(alone, national, besides)
        return found

    async def nationals(self, countries: Sequence[str]) -> list[Participant]:
        """The National IMI Coordinators of *countries*, those that have one."""
        if not countries:
            return []
        return await self._participants.taking_part(LegislativeRole.NIMIC, countries=countries)

    async def _coordinators_now(
        self, module: str, countries: Sequence[str], *, besides: str = ""
    ) -> dict[str, list[str]]:
        """As `coordinators`, asked of the directory at this moment."""
        if not countries:
            return {}
        role = WorkflowRole.ALERT_COORDINATOR
        listed = await self._participants.taking_part_now(role, module=module, countries=countries)
        found = _by_country(countries, listed, besides)
        if alone := _without(found):
            answer = await self._peer.call(self._directory.ListHelpdesks, pb.ListHelpdesksRequest())
            ids = [one.authority_id for one in answer.helpdesks if one.country_code in alone]
            national = (await self._participants.now(ids)).values()
            found |= _by_country(alone, [one for one in national if one.has(LegislativeRole.NIMIC)], besides)
        return found

    async def require_own_coordinator(self, module: str, country: str, author_id: str) -> None:
        """Raises Conflict if *country* has nobody who could approve an alert of *author_id*."""
        if not (await self._coordinators_now(module, [country], besides=author_id))[country]:
            raise Conflict(
                f"{country} has no other alert coordinator for {module} yet; ask the Commission's helpdesk",
                reason="NO_COORDINATOR",
            )

    async def require_coordinators(self, module: str, countries: Sequence[str]) -> None:
        """Raises Invalid naming the country in which nobody would receive an alert."""
        found = await self._coordinators_now(module, countries)
        for index, country in enumerate(countries):
            if not found[country]:
                raise Invalid(
                    f"{country} has no alert coordinator for {module}, so nobody there would receive the alert",
                    field=f"countries[{index}]",
                    reason="NO_COORDINATOR",
                )

    async def require_authorities(self, module: str, country: str, ids: Sequence[str]) -> None:
        """Raises Invalid naming the one of *ids* that is no active authority of *country* with a part in *module*."""
        if len(ids) > TOLD_LIMIT:
            raise Invalid(f"at most {TOLD_LIMIT} authorities at a time", field="authorityIds", reason="TOO_MANY")
        found = await self._participants.now(list(dict.fromkeys(ids)))
        for index, id_ in enumerate(ids):
            one = found.get(id_)
            part = one.part(module) if one and one.country == country else None
            if part is None or not _TAKING_PART.intersection(part.workflow_roles):
                raise Invalid(
                    f"{id_!r} is no active authority of {country} that takes part in {module}",
                    field=f"authorityIds[{index}]",
                    reason="UNKNOWN_AUTHORITY",
                )


def _by_country(countries: Iterable[str], participants: Iterable[Participant], besides: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {country: [] for country in countries}
    for one in participants:
        if one.id != besides:
            found[one.country].append(one.id)
    return found


def _without(found: Mapping[str, Sequence[str]]) -> list[str]:
    """The countries in which there is nobody."""
    return [country for country, ids in found.items() if not ids]
