"""Entries as their owners write them and others approve them: what is sent, and nothing of the rules."""

from datetime import date
from typing import Any, cast

import strawberry

from gateway.schema.common import Command, FieldValueInput, GatewayInfo, command, field_values
from gateway.schema.repositories import RepositoryEntry
from protos.repositories.v1 import repositories_pb2 as pb


@strawberry.input
class CreateEntryInput(Command):
    repository: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(default_factory=list)
    valid_from: date | None = None
    valid_to: date | None = strawberry.field(default=None, description="The last day; it expires when that is over.")


@strawberry.input
class EditEntryInput(Command):
    id: strawberry.ID
    values: list[FieldValueInput] = strawberry.field(description="Replace the values as a whole.")
    reason: str | None = None
    valid_from: date | None = strawberry.field(default=None, description="Replaced as well.")
    valid_to: date | None = strawberry.field(default=None, description="The last day. Replaced as well.")


@strawberry.input
class SubmitEntryInput(Command):
    id: strawberry.ID


@strawberry.input
class ApproveEntryInput(Command):
    id: strawberry.ID


@strawberry.input
class PublishEntryInput(Command):
    id: strawberry.ID


@strawberry.input
class ArchiveEntryInput(Command):
    id: strawberry.ID


@strawberry.input
class ReturnEntryInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.input
class WithdrawEntryInput(Command):
    id: strawberry.ID
    reason: str


@strawberry.input
class RevertEntryInput(Command):
    id: strawberry.ID
    version: int = strawberry.field(description="The number of a version that was published earlier.")
    reason: str | None = None


@strawberry.input
class DeleteEntryDraftInput(Command):
    id: strawberry.ID


@strawberry.type
class CreateEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class EditEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class SubmitEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class ReturnEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class ApproveEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class PublishEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class WithdrawEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class ArchiveEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class RevertEntryPayload:
    entry: RepositoryEntry


@strawberry.type
class DeleteEntryDraftPayload:
    entry: RepositoryEntry


@strawberry.type
class RepositoriesMutations:
    @strawberry.mutation(description="A draft of the own authority, which may be incomplete.")
    async def create_entry(self, info: GatewayInfo, input: CreateEntryInput) -> CreateEntryPayload:
        message = pb.CreateEntryRequest(
            command=command(input),
            repository=input.repository,
            values=field_values(input.values),
            valid_from=_day(input.valid_from),
            valid_to=_day(input.valid_to),
        )
        return cast("CreateEntryPayload", await _done(info, "CreateEntry", message))

    @strawberry.mutation(
        description="Changes the draft; of a published entry, prepares the next version. One that waits for approval is taken back."
    )
    async def edit_entry(self, info: GatewayInfo, input: EditEntryInput) -> EditEntryPayload:
        message = pb.EditEntryRequest(
            command=command(input),
            id=input.id,
            values=field_values(input.values),
            reason=input.reason or "",
            valid_from=_day(input.valid_from),
            valid_to=_day(input.valid_to),
        )
        return cast("EditEntryPayload", await _done(info, "EditEntry", message))

    @strawberry.mutation(description="To the approver, where the repository asks for approval.")
    async def submit_entry(self, info: GatewayInfo, input: SubmitEntryInput) -> SubmitEntryPayload:
        message = pb.SubmitEntryRequest(command=command(input), id=input.id)
        return cast("SubmitEntryPayload", await _done(info, "SubmitEntry", message))

    @strawberry.mutation(
        description="For the approver: sends it back to its owner. Send the `revision` that you have read."
    )
    async def return_entry(self, info: GatewayInfo, input: ReturnEntryInput) -> ReturnEntryPayload:
        message = pb.ReturnEntryRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("ReturnEntryPayload", await _done(info, "ReturnEntry", message))

    @strawberry.mutation(
        description="For the approver, at another authority than the owner: publishes it. Send the `revision` that you have read: "
        "what was changed since is then refused, and not approved unread."
    )
    async def approve_entry(self, info: GatewayInfo, input: ApproveEntryInput) -> ApproveEntryPayload:
        message = pb.ApproveEntryRequest(command=command(input), id=input.id)
        return cast("ApproveEntryPayload", await _done(info, "ApproveEntry", message))

    @strawberry.mutation(
        description="Where no approval is asked for: readers see the draft from now on; what they saw before is an earlier version. "
        "Send the `revision` that you have read."
    )
    async def publish_entry(self, info: GatewayInfo, input: PublishEntryInput) -> PublishEntryPayload:
        message = pb.PublishEntryRequest(command=command(input), id=input.id)
        return cast("PublishEntryPayload", await _done(info, "PublishEntry", message))

    @strawberry.mutation(
        description="Readers no longer see it, and why is kept; what was published stays with its owner."
    )
    async def withdraw_entry(self, info: GatewayInfo, input: WithdrawEntryInput) -> WithdrawEntryPayload:
        message = pb.WithdrawEntryRequest(command=command(input), id=input.id, reason=input.reason)
        return cast("WithdrawEntryPayload", await _done(info, "WithdrawEntry", message))

    @strawberry.mutation(description="What was withdrawn or has expired, for its owner alone from now on.")
    async def archive_entry(self, info: GatewayInfo, input: ArchiveEntryInput) -> ArchiveEntryPayload:
        message = pb.ArchiveEntryRequest(command=command(input), id=input.id)
        return cast("ArchiveEntryPayload", await _done(info, "ArchiveEntry", message))

    @strawberry.mutation(description="Prepares a new version that says what an earlier one said.")
    async def revert_entry(self, info: GatewayInfo, input: RevertEntryInput) -> RevertEntryPayload:
        message = pb.RevertEntryRequest(
            command=command(input), id=input.id, version=input.version, reason=input.reason or ""
        )
        return cast("RevertEntryPayload", await _done(info, "RevertEntry", message))

    @strawberry.mutation(
        description="Throws away what is in preparation; of an entry that was never published, everything."
    )
    async def delete_entry_draft(self, info: GatewayInfo, input: DeleteEntryDraftInput) -> DeleteEntryDraftPayload:
        message = pb.DeleteEntryDraftRequest(command=command(input), id=input.id)
        return cast("DeleteEntryDraftPayload", await _done(info, "DeleteEntryDraft", message))


async def _done(info: GatewayInfo, method: str, message: Any) -> Any:
    repositories = info.context.backends.repositories
    return await repositories.call(getattr(repositories.stub, method), message)


def _day(given: date | None) -> str:
    return given.isoformat() if given else ""
