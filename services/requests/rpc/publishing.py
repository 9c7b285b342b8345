"""Publishing question sets while the system runs: for the Commission."""

import asyncio
from functools import partial

from chassis.aggregates import CommandKey
from chassis.caller import current_person
from chassis.server import Call
from protos.requests.v1 import publishing_pb2 as pb
from services.requests.domain.publishing import check_next, check_set
from services.requests.rpc.commands import Commands
from services.requests.wire_questions import question_set_from
from vocabulary.refusals import Forbidden

AT = "questionSet"


class Publishing(Commands):
    async def PublishQuestionSet(
        self, request: pb.PublishQuestionSetRequest, context: Call
    ) -> pb.PublishQuestionSetResponse:
        caller = current_person()
        if not caller.is_commission():
            raise Forbidden("question sets are published by the Commission")
        command = CommandKey.of(request, caller)
        questions = question_set_from(request.question_set, at=AT)
        # Conditions are tried out, which may take a second.
        await asyncio.to_thread(partial(check_set, questions, at=AT))
        await self._coordinators.require_area(questions.area, at=f"{AT}.areaCode")
        await self._question_sets.refresh()
        # One that is there already is refused, or answered as before, where it is stored.
        if questions.id not in self._question_sets:
            check_next(questions, self._question_sets.values(), at=AT)
        return await self._question_sets.publish(questions, command, caller.user_id, self._now())
