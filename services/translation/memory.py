"""The translation memory in the store: recalling what was approved, keeping what is, files in and out."""

from collections.abc import Callable, Sequence

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.lists import page, sortable
from engines.documents import AlreadyExists, Condition
from protos.common.v1 import common_pb2
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation.domain import memory as rules
from services.translation.domain.memory import Entry
from services.translation.domain.translations import Reason, Segment, Translation
from vocabulary import ids, pages
from vocabulary.refusals import Conflict, NotFound

EXPORTED_AT_ONCE = 2_000
READ_AT_ONCE = 500


class Memory:
    """Reviewed translations, by source text, pair of languages and place."""

    def __init__(self, entries: Aggregates[Entry], imports: Aggregates[dict[str, int]]) -> None:
        self._entries = entries
        self._imports = imports

    async def recall(self, segments: Sequence[Segment]) -> list[Translation | Reason]:
        """A link of the chain: what the memory has for each of *segments*, nearest to its place."""
        candidates = [rules.candidates(one) for one in segments]
        wanted = list(dict.fromkeys(id_ for ids_ in candidates for id_ in ids_))
        found = {kept.id: kept.state for kept in await self._entries.get_many(wanted) if kept.state.reviewed}
        return [
            rules.recalled(segment, next((found[id_] for id_ in ids_ if id_ in found), None))
            for segment, ids_ in zip(segments, candidates, strict=True)
        ]

    async def keep(self, new: Entry, command: CommandKey) -> pb.ApproveTranslationResponse:
        """Make *new* the current translation of its source text; the earlier ones stay as history."""
        await self._refuse_reused(command, new.id)
        try:
            if await self._entries.get(new.id) is None:
                return await self._entries.create(new.id, command, new, [_approved(new)], _answer)
            return await self._change(new, command)
        except (AlreadyExists, Conflict) as lost:
            if isinstance(lost, Conflict) and lost.reason != "ALREADY_EXISTS":
                raise
            # Another command was faster: with this key, or with this source text.
            await self._refuse_reused(command, new.id)
            return await self._change(new, command)

    async def delete(self, id_: str, command: CommandKey, allow: Callable[[Entry], None]) -> pb.DeleteMemoryResponse:
        """Take an entry out, with its history; *allow* raises Forbidden for who may not."""

        async def gone(before: Kept[Entry]) -> tuple[Entry, Sequence[events_pb2.TranslationDeleted]]:
            allow(before.state)
            return rules.deleted(before.state), [events_pb2.TranslationDeleted(memory_id=id_)]

        return await self._entries.change(
            id_, command, gone, lambda kept: pb.DeleteMemoryResponse(memory_id=kept.id), pb.DeleteMemoryResponse,
            forget=True,
        )  # fmt: skip

    async def page(
        self, source: str, target: str, asked: common_pb2.Page
    ) -> tuple[Sequence[Kept[Entry]], common_pb2.PageInfo]:
        """One page of what there is, newest first; an empty language is any."""
        return await page(
            self._entries,
            _where(source, target),
            asked,
            kind="memory",
            sort="at",
            position=lambda entry: sortable(entry.current.at),
        )

    async def take_over(self, new: Sequence[Entry], command: CommandKey) -> pb.ImportMemoryResponse:
        """Have what came in a file; the same command again gives the first answer."""
        id_ = command.new_id(ids.MEMORY)
        earlier = await self._imports.answered(id_, command, pb.ImportMemoryResponse)
        if earlier is not None:
            return earlier
        by_id = {entry.id: entry for entry in new}
        there: dict[str, Kept[Entry]] = {}
        for chunk in _chunks(list(by_id), READ_AT_ONCE):
            there |= {kept.id: kept for kept in await self._entries.get_many(chunk)}
        fresh = [(one, entry, [_approved(entry)]) for one, entry in by_id.items() if one not in there]
        added = changed = 0
        for start in range(0, len(fresh), READ_AT_ONCE):
            added += await self._entries.load(fresh[start : start + READ_AT_ONCE])
        for one, kept in there.items():
            if rules.imported(kept.state, by_id[one]) is not None:
                was_there = bool(kept.state.reviewed)
                await self._import(by_id[one], command)
                added, changed = added + (not was_there), changed + was_there
        counts = {"new": added, "changed": changed, "unchanged": len(by_id) - added - changed}
        return await self._imports.create(id_, command, counts, [], lambda kept: pb.ImportMemoryResponse(**kept.state))

    async def export(self, source: str, target: str, after: str) -> tuple[list[Entry], str]:
        """As many entries as a file holds, and where the next file begins; empty if there is none."""
        position = None
        if after:
            value, id_ = pages.position(after, "memory-file", (str, str))
            position = (str(value), str(id_))
        found = await self._entries.find(_where(source, target), sort="at", after=position, limit=EXPORTED_AT_ONCE + 1)
        shown = found[:EXPORTED_AT_ONCE]
        if len(found) == len(shown):
            return [kept.state for kept in shown], ""
        last = shown[-1]
        return [kept.state for kept in shown], pages.cursor("memory-file", sortable(last.state.current.at), last.id)

    async def get(self, id_: str) -> Kept[Entry]:
        """The entry; raises NotFound."""
        kept = await self._entries.get(id_)
        if kept is None:
            raise NotFound(f"there is no translation {id_!r}", field="id")
        return kept

    async def _import(self, new: Entry, command: CommandKey) -> None:
        async def revise(before: Kept[Entry]) -> tuple[Entry, Sequence[events_pb2.TranslationApproved]]:
            after = rules.imported(before.state, new)
            return after or before.state, [_approved(new)] if after else []

        key = CommandKey(key=new.current.approval, fingerprint=command.fingerprint, expected_revision=None)
        await self._entries.change(new.id, key, revise, _answer, pb.ApproveTranslationResponse)

    async def _change(self, new: Entry, command: CommandKey) -> pb.ApproveTranslationResponse:
        async def revise(before: Kept[Entry]) -> tuple[Entry, Sequence[events_pb2.TranslationApproved]]:
            return rules.revise(before.state, new), [_approved(new)]

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


def _where(source: str, target: str) -> dict[str, Condition]:
    where: dict[str, Condition] = {"kept": True}
    if source:
        where["source"] = source
    if target:
        where["target"] = target
    return where


def _chunks(all_: Sequence[str], size: int) -> list[Sequence[str]]:
    return [all_[start : start + size] for start in range(0, len(all_), size)]


def _approved(new: Entry) -> events_pb2.TranslationApproved:
    return events_pb2.TranslationApproved(
        memory_id=new.id, source_language=new.source.language, target_language=new.target_language
    )


def _answer(kept: Kept[Entry]) -> pb.ApproveTranslationResponse:
    return pb.ApproveTranslationResponse(memory_id=kept.id)
