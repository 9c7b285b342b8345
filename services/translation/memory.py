"""The translation memory in the store: recalling what was approved, and keeping what is."""

from collections.abc import Sequence

from chassis.aggregates import Aggregates, CommandKey, Kept
from engines.documents import AlreadyExists
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation.domain import memory as rules
from services.translation.domain.memory import Entry
from services.translation.domain.translations import Reason, Segment, Translation, recalled
from vocabulary.refusals import Conflict


class Memory:
    """Reviewed translations, by source text and pair of languages."""

    def __init__(self, entries: Aggregates[Entry]) -> None:
        self._entries = entries

    async def recall(self, segments: Sequence[Segment]) -> list[Translation | Reason]:
        """A link of the chain: what the memory has for each of *segments*."""
        ids = [rules.memory_id(one.text, one.source_language, one.target_language) for one in segments]
        found = {kept.id: kept.state for kept in await self._entries.get_many(list(dict.fromkeys(ids)))}
        return [recalled(segment, found.get(id_)) for segment, id_ in zip(segments, ids, strict=True)]

    async def keep(self, new: Entry, command: CommandKey) -> pb.ApproveTranslationResponse:
        """Make *new* the current translation of its source text; the earlier ones stay as history."""
        await self._refuse_reused(command, new.id)
        try:
            if await self._entries.get(new.id) is None:
                return await self._entries.create(new.id, command, new, [_event(new)], _answer)
            return await self._change(new, command)
        except (AlreadyExists, Conflict) as lost:
            if isinstance(lost, Conflict) and lost.reason != "ALREADY_EXISTS":
                raise
            # Another command was faster: with this key, or with this source text.
            await self._refuse_reused(command, new.id)
            return await self._change(new, command)

    async def _change(self, new: Entry, command: CommandKey) -> pb.ApproveTranslationResponse:
        async def revise(before: Kept[Entry]) -> tuple[Entry, Sequence[events_pb2.TranslationApproved]]:
            return rules.revise(before.state, new), [_event(new)]

        return await self._entries.change(new.id, command, revise, _answer, pb.ApproveTranslationResponse)

    async def _refuse_reused(self, command: CommandKey, id_: str) -> None:
        """Raises Conflict if the key has approved something about another source text, where its answer is stored."""
        found = await self._entries.find({"approvals": command.key}, limit=1)
        if found and found[0].id != id_:
            raise Conflict(
                "this idempotency key was used for a different command; make a new one for each intended effect",
                field="idempotencyKey",
                reason="IDEMPOTENCY_KEY_REUSED",
            )


def _event(new: Entry) -> events_pb2.TranslationApproved:
    return events_pb2.TranslationApproved(
        memory_id=new.id, source_language=new.source.language, target_language=new.current.text.language
    )


def _answer(kept: Kept[Entry]) -> pb.ApproveTranslationResponse:
    return pb.ApproveTranslationResponse(memory_id=kept.id)
