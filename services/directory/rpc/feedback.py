"""FeedbackService: what people say of the system, and who reads it."""

from collections.abc import Callable
from datetime import datetime

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.audit import noting
from chassis.caller import current_person
from chassis.lists import page, sortable
from chassis.server import Call
from chassis.wire import free_text, free_text_from, timestamp
from engines.documents import Condition, Range
from protos.directory.v1 import feedback_pb2 as pb
from protos.directory.v1.events_pb2 import FeedbackSent
from protos.directory.v1.feedback_pb2_grpc import FeedbackServiceServicer
from services.directory.desks import Desks
from services.directory.domain.authorities import Authority
from services.directory.domain.feedback import A_DAY, DAY, Feedback, require_reader, require_unhurried, write
from services.directory.guidance import Guidance
from services.directory.rpc.acting import person
from vocabulary import ids
from vocabulary.audit import Kind, Part
from vocabulary.refusals import Invalid, NotFound


class FeedbackRpc(FeedbackServiceServicer):
    def __init__(
        self,
        authorities: Aggregates[Authority],
        feedback: Aggregates[Feedback],
        guidance: Guidance,
        now: Callable[[], datetime],
    ) -> None:
        self._authorities = authorities
        self._feedback = feedback
        self._guidance = guidance
        self._desks = Desks(authorities)
        self._now = now

    async def SendFeedback(self, request: pb.SendFeedbackRequest, context: Call) -> pb.SendFeedbackResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        id_ = command.new_id(ids.FEEDBACK)
        # Before it is looked up who hears it, which may have changed since.
        answer = await self._feedback.answered(id_, command, pb.SendFeedbackResponse)
        if answer is not None:
            return answer
        by = await person(caller, self._authorities)
        if request.about and self._guidance.about(request.about) is None:
            raise Invalid(
                "name an action, or an action and a field, such as createRequest.draft",
                field="about",
                reason="UNKNOWN_VALUE",
            )
        addressee = await self._desks.above(by.authority_id, by.acts_for) if by.acts_for else None
        text = free_text_from(request.text, at="text")
        new = write(by, text, request.about, addressee.id if addressee else "", self._now())
        lately: dict[str, Condition] = {"author_id": by.user_id, "at": Range(at_least=sortable(new.at - DAY))}
        require_unhurried(await self._feedback.count(lately, at_most=A_DAY))
        if addressee is None:
            raise NotFound("nobody runs the system yet who could hear it")
        return await self._feedback.create(
            id_,
            command,
            new,
            [FeedbackSent(feedback_id=id_, addressee_id=addressee.id)],
            lambda kept: pb.SendFeedbackResponse(feedback=_feedback(kept)),
        )

    async def ListFeedback(self, request: pb.ListFeedbackRequest, context: Call) -> pb.ListFeedbackResponse:
        by = await person(current_person(), self._authorities)
        require_reader(by)
        shown, info = await page(
            self._feedback,
            {"addressee_id": by.authority_id},
            request.page,
            kind="feedback",
            sort="at",
            position=lambda one: sortable(one.at),
        )
        for one in shown:
            noting.shown(Kind.PERSON, one.state.author_id, 0, Part.CONTENT, Part.LISTED)
        return pb.ListFeedbackResponse(feedback=map(_feedback, shown), page_info=info)


def _feedback(kept: Kept[Feedback]) -> pb.Feedback:
    one = kept.state
    return pb.Feedback(
        id=kept.id,
        at=timestamp(one.at),
        author_id=one.author_id,
        authority_id=one.authority_id,
        addressee_id=one.addressee_id,
        about=one.about,
        text=free_text(one.text),
    )
