"""Reading: requests by id, what can be done with them, families, lists, what was scanned, question sets."""

from chassis.audit import noting
from chassis.caller import current_person
from chassis.server import Call
from chassis.wire import batch, wanted_languages
from engines.documents import AnyOf
from protos.requests.v1 import requests_pb2 as pb
from services.requests import wire, wire_questions
from services.requests.domain.actions import possibilities
from services.requests.domain.publishing import QUESTIONS_LIMIT
from services.requests.readers import actor
from services.requests.rpc.commands import Commands, shown, visible
from vocabulary.audit import Part

# Each split leaves at least one question, so a family has no more members than its set has questions.
FAMILY_LIMIT = QUESTIONS_LIMIT


class Reading(Commands):
    async def BatchGetRequests(self, request: pb.BatchGetRequestsRequest, context: Call) -> pb.BatchGetRequestsResponse:
        caller = current_person()
        asked = batch(request.ids)
        found = visible(await self._requests.get_many(asked), caller)
        noting.withheld(asked, (kept.id for kept in found))
        return pb.BatchGetRequestsResponse(requests=[shown(kept, caller) for kept in found])

    async def BatchGetActions(self, request: pb.BatchGetActionsRequest, context: Call) -> pb.BatchGetActionsResponse:
        caller = current_person()
        found = visible(await self._requests.get_many(batch(request.ids)), caller)
        return pb.BatchGetActionsResponse(
            actions=[
                pb.RequestActions(
                    id=kept.id,
                    actions=[
                        wire.possibility(one)
                        for one in possibilities(kept.state, actor(caller, kept.state.area, self._now()))
                    ],
                )
                for kept in found
            ]
        )

    async def BatchGetFamilies(self, request: pb.BatchGetFamiliesRequest, context: Call) -> pb.BatchGetFamiliesResponse:
        caller = current_person()
        wanted = [id_ for id_ in batch(request.ids) if id_]
        where = {"family": AnyOf(wanted)}
        found = await self._requests.find(where, limit=FAMILY_LIMIT * len(wanted)) if wanted else []
        members = sorted(visible(found, caller), key=lambda kept: (kept.state.created_at, kept.id))
        return pb.BatchGetFamiliesResponse(
            families=[
                pb.Family(id=id_, requests=[shown(kept, caller) for kept in members if kept.state.family == id_])
                for id_ in wanted
                if any(kept.state.family == id_ for kept in members)
            ]
        )

    async def BatchGetFileScans(
        self, request: pb.BatchGetFileScansRequest, context: Call
    ) -> pb.BatchGetFileScansResponse:
        found = await self._attachments.scans(batch(request.ids), current_person())
        return pb.BatchGetFileScansResponse(scans=[wire.file_scan(id_, *said) for id_, said in found.items()])

    async def BatchGetQuestionSets(
        self, request: pb.BatchGetQuestionSetsRequest, context: Call
    ) -> pb.BatchGetQuestionSetsResponse:
        wanted = wanted_languages(request.languages)
        ids = batch(request.ids)
        await self._question_sets.ensure(ids)
        found = [self._question_sets[id_] for id_ in ids if id_ in self._question_sets]
        return pb.BatchGetQuestionSetsResponse(
            question_sets=[wire_questions.question_set(one, wanted) for one in found]
        )

    async def ListQuestionSets(self, request: pb.ListQuestionSetsRequest, context: Call) -> pb.ListQuestionSetsResponse:
        wanted = wanted_languages(request.languages)
        found = [one for one in self._question_sets.values() if request.area in ("", one.area)]
        return pb.ListQuestionSetsResponse(question_sets=[wire_questions.question_set(one, wanted) for one in found])

    async def ListRequests(self, request: pb.ListRequestsRequest, context: Call) -> pb.ListRequestsResponse:
        caller = current_person()
        found, page_info = await self._lists.page(request, caller)
        return pb.ListRequestsResponse(
            requests=[shown(kept, caller, Part.LISTED) for kept in visible(found, caller)], page_info=page_info
        )
