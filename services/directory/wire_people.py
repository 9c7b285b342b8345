"""People, what was done to them, and numbers ↔ protobuf, and nothing else."""

from collections.abc import Iterable, Sequence

from chassis.wire import EnumOnWire, few, timestamp
from protos.directory.v1 import directory_pb2, people_pb2, search_pb2, statistics_pb2
from services.directory.domain.history import Change, Command
from services.directory.domain.statistics import Statistics
from services.directory.domain.users import ADMINISTRATOR, RoleInModule
from services.directory.wire import LEVEL, STATUS, USER_ROLE
from vocabulary.refusals import Invalid

COMMAND = EnumOnWire(Command, directory_pb2.DirectoryCommand)


def roles_from(messages: Sequence[directory_pb2.RoleInModule], *, at: str) -> tuple[RoleInModule, ...]:
    """The roles in modules that *messages* write; raises Invalid for that of the administrator, which is said elsewhere."""
    found = []
    for index, message in enumerate(few(messages, at=at)):
        role = USER_ROLE.from_wire(message.role, field=f"{at}[{index}].role")
        if role is ADMINISTRATOR.role:
            raise Invalid(
                "say by `administrator` who administers the authority",
                field=f"{at}[{index}].role",
                reason="ADMINISTRATOR",
            )
        found.append(RoleInModule(module=message.module, role=role))
    return tuple(found)


def change(change: Change, user_name: str, subject_name: str) -> people_pb2.DirectoryChange:
    return people_pb2.DirectoryChange(
        at=timestamp(change.at),
        command=COMMAND.to_wire(change.command),
        user_id=change.user_id,
        user_name=user_name,
        authority_id=change.authority_id,
        subject_id=change.subject_id,
        subject_name=subject_name,
        fields=change.fields,
        reason=change.reason,
    )


def statistics(counted: Statistics) -> statistics_pb2.DirectoryStatistics:
    def counts(found: Iterable[tuple[str, int]]) -> list[search_pb2.Count]:
        return [search_pb2.Count(value=value, count=count) for value, count in found]

    return statistics_pb2.DirectoryStatistics(
        authorities=counted.authorities,
        statuses=[
            statistics_pb2.StatusCount(status=STATUS.to_wire(status), count=count)
            for status, count in counted.statuses.items()
        ],
        areas=counts(counted.areas.items()),
        levels=[
            search_pb2.LevelCount(level=LEVEL.to_wire(level), count=count) for level, count in counted.levels.items()
        ],
        countries=counts(counted.countries.items()),
        access_requests=counted.access_requests,
        invitations_pending=counted.invitations_pending,
        invitations_expired=counted.invitations_expired,
        users=counted.users,
        roles=[
            statistics_pb2.RoleCount(role=USER_ROLE.to_wire(role), count=count) for role, count in counted.roles.items()
        ],
    )
