"""Numbers of the directory as clients see them."""

from typing import cast

import strawberry

from gateway.enums import AuthorityStatus, UserRole
from gateway.schema.common import GatewayInfo
from gateway.schema.search import AreaCount, CountryCount, LevelCount
from protos.directory.v1 import statistics_pb2 as pb


@strawberry.type
class StatusCount:
    status: AuthorityStatus
    count: int


@strawberry.type
class RoleCount:
    role: UserRole
    count: int


@strawberry.type(description="How many take part, where and in what. Numbers only, of what the viewer may count.")
class DirectoryStatistics:
    authorities: int = strawberry.field(description="Authorities of every status.")
    statuses: list[StatusCount]
    areas: list[AreaCount] = strawberry.field(description="Active authorities; one counts in each of its areas.")
    levels: list[LevelCount] = strawberry.field(description="Active authorities.")
    countries: list[CountryCount] = strawberry.field(description="Active authorities.")
    access_requests: int = strawberry.field(description="Requests for access to a module that wait for a decision.")
    invitations_pending: int
    invitations_expired: int
    users: int = strawberry.field(description="People who work at the active authorities.")
    roles: list[RoleCount] = strawberry.field(description="One who has several roles counts in each.")


@strawberry.type
class StatisticsQueries:
    @strawberry.field(
        description="The Commission counts everywhere, a coordinator in its areas and territory, local data administrators and "
        "supervisors their own authority."
    )
    async def directory_statistics(
        self, info: GatewayInfo, country: str | None = None, area: str | None = None
    ) -> DirectoryStatistics:
        statistics = info.context.backends.statistics
        request = pb.GetDirectoryStatisticsRequest(country=country or "", area=area or "")
        response = await statistics.call(statistics.stub.GetDirectoryStatistics, request)
        return cast("DirectoryStatistics", response.statistics)
