"""Who receives alerts: the directory knows which authorities coordinate and take part where."""

from collections.abc import Sequence

from chassis.calls import Peer
from chassis.references import References
from protos.directory.v1 import directory_pb2 as pb
from protos.directory.v1.directory_pb2_grpc import DirectoryServiceStub
from services.alerts.domain.alerts import TOLD_LIMIT
from vocabulary.refusals import Conflict, Invalid

_TAKING_PART = frozenset({pb.WORKFLOW_ROLE_ALERT_AUTHORITY, pb.WORKFLOW_ROLE_ALERT_COORDINATOR})


class Recipients:
    """Asks the directory. Raises Unavailable while it is away."""

    def __init__(self, peer: Peer, directory: DirectoryServiceStub) -> None:
        self._peer = peer
        self._directory = directory
        self._references = References(peer, directory)

    async def coordinators(self, module: str, countries: Sequence[str], *, besides: str = "") -> dict[str, list[str]]:
        """Who coordinates alerts of *module* in each of *countries*, without *besides*: the postboxes of the countries.

        Where there is nobody else, it is the National IMI Coordinator; where there is none either, nobody.
        """
        found: dict[str, list[str]] = {country: [] for country in countries}
        if not countries:
            return found
        request = pb.ListParticipantsRequest(
            module=module, workflow_roles=[pb.WORKFLOW_ROLE_ALERT_COORDINATOR], countries=countries
        )
        answer = await self._peer.call(self._directory.ListParticipants, request)
        for one in answer.participants:
            if one.authority_id != besides:
                found[one.country_code].append(one.authority_id)
        if not all(found.values()):
            national = await self._national()
            for country, ids in found.items():
                if not ids and country in national and national[country] != besides:
                    ids.append(national[country])
        return found

    async def _national(self) -> dict[str, str]:
        answer = await self._peer.call(self._directory.ListHelpdesks, pb.ListHelpdesksRequest())
        return {one.country_code: one.authority_id for one in answer.helpdesks}

    async def require_own_coordinator(self, module: str, country: str, author_id: str) -> None:
        """Raises Conflict if *country* has nobody who could approve an alert of *author_id*."""
        if not (await self.coordinators(module, [country], besides=author_id))[country]:
            raise Conflict(
                f"{country} has no other alert coordinator for {module} yet; ask the Commission's helpdesk",
                reason="NO_COORDINATOR",
            )

    async def require_coordinators(self, module: str, countries: Sequence[str]) -> None:
        """Raises Invalid naming the country in which nobody would receive an alert."""
        found = await self.coordinators(module, countries)
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
        found = await self._references.authorities(dict.fromkeys(ids))
        for index, id_ in enumerate(ids):
            one = found.get(id_)
            if (
                one is None
                or one.country_code != country
                or one.status != pb.AUTHORITY_STATUS_ACTIVE
                or not any(held.module == module and _TAKING_PART & {*held.workflow_roles} for held in one.access)
            ):
                raise Invalid(
                    f"{id_!r} is no active authority of {country} that takes part in {module}",
                    field=f"authorityIds[{index}]",
                    reason="UNKNOWN_AUTHORITY",
                )
