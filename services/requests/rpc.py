"""The requests RPCs. Each one reads, decides, writes, answers; the rules are in domain/."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message

from chassis.aggregates import Aggregates, CommandKey, Kept
from chassis.caller import Caller, current_person
from chassis.inbox import Inbox
from chassis.references import References
from chassis.server import Call
from chassis.wire import batch, free_text_from, timestamp, wanted_languages
from protos.directory.v1 import directory_pb2
from protos.requests.v1 import events_pb2
from protos.requests.v1 import requests_pb2 as pb
from protos.requests.v1.requests_pb2_grpc import RequestsServiceServicer
from services.requests import wire
from services.requests.attachments import Attachments, chosen
from services.requests.domain import requests as rules
from services.requests.domain.questions import Answer as GivenAnswer
from services.requests.domain.questions import QuestionSet
from services.requests.domain.requests import Actor, Draft, Request
from services.requests.domain.views import View, seen, view
from services.requests.lists import Lists
from services.requests.readers import actor, reader
from vocabulary import ids
from vocabulary.refusals import Invalid, NotFound
from vocabulary.roles import REQUESTS, module

Answer = TypeVar("Answer", bound=Message)
Decide = Callable[[Request, Actor], Request]


class RequestsRpc(RequestsServiceServicer):
    def __init__(
        self,
        question_sets: Mapping[str, QuestionSet],
        requests: Aggregates[Request],
        attachments: Attachments,
        references: References,
        inbox: Inbox,
        now: Callable[[], datetime],
    ) -> None:
        self._question_sets = question_sets
        self._requests = requests
        self._attachments = attachments
        self._references = references
        self._inbox = inbox
        self._now = now
        self._lists = Lists(requests, now)

    async def BatchGetRequests(self, request: pb.BatchGetRequestsRequest, context: Call) -> pb.BatchGetRequestsResponse:
        caller = current_person()
        found = await self._requests.get_many(batch(request.ids))
        return pb.BatchGetRequestsResponse(requests=_shown(found, caller))

    async def BatchGetQuestionSets(
        self, request: pb.BatchGetQuestionSetsRequest, context: Call
    ) -> pb.BatchGetQuestionSetsResponse:
        wanted = wanted_languages(request.languages)
        found = [self._question_sets[id_] for id_ in batch(request.ids) if id_ in self._question_sets]
        return pb.BatchGetQuestionSetsResponse(question_sets=[wire.question_set(one, wanted) for one in found])

    async def ListQuestionSets(self, request: pb.ListQuestionSetsRequest, context: Call) -> pb.ListQuestionSetsResponse:
        wanted = wanted_languages(request.languages)
        found = [one for one in self._question_sets.values() if request.area in ("", one.area)]
        return pb.ListQuestionSetsResponse(question_sets=[wire.question_set(one, wanted) for one in found])

    async def ListRequests(self, request: pb.ListRequestsRequest, context: Call) -> pb.ListRequestsResponse:
        caller = current_person()
        found, page_info = await self._lists.page(request, caller)
        return pb.ListRequestsResponse(requests=_shown(found, caller), page_info=page_info)

    async def CreateRequest(self, request: pb.CreateRequestRequest, context: Call) -> pb.CreateRequestResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        questions = self._questions(request.draft)
        draft = await self._draft(request.draft, questions, caller)
        id_ = command.new_id(ids.REQUEST)
        now = self._now()
        new = rules.create(ids.number("RQ", now.year, id_), questions, draft, actor(caller, questions.area, now))
        return await self._requests.create(
            id_, command, new, [_event(id_, 1, new)], lambda kept: pb.CreateRequestResponse(request=_full(kept, caller))
        )

    async def EditRequest(self, request: pb.EditRequestRequest, context: Call) -> pb.EditRequestResponse:
        caller = current_person()
        questions = self._questions(request.draft)
        draft = await self._draft(request.draft, questions, caller)
        return await self._change(
            request,
            lambda before, who: rules.edit(before, questions, draft, who),
            lambda kept: pb.EditRequestResponse(request=_full(kept, caller)),
            pb.EditRequestResponse,
        )

    async def SendRequest(self, request: pb.SendRequestRequest, context: Call) -> pb.SendRequestResponse:
        caller = current_person()
        return await self._change(
            request,
            rules.send,
            lambda kept: pb.SendRequestResponse(request=_full(kept, caller)),
            pb.SendRequestResponse,
            self._check_responder,
        )

    async def AcceptRequest(self, request: pb.AcceptRequestRequest, context: Call) -> pb.AcceptRequestResponse:
        caller = current_person()
        return await self._change(
            request,
            rules.accept,
            lambda kept: pb.AcceptRequestResponse(request=_full(kept, caller)),
            pb.AcceptRequestResponse,
        )

    async def SaveAnswers(self, request: pb.SaveAnswersRequest, context: Call) -> pb.SaveAnswersResponse:
        caller = current_person()
        return await self._change(
            request,
            await self._answering(rules.save, request.answers, caller),
            lambda kept: pb.SaveAnswersResponse(request=_full(kept, caller)),
            pb.SaveAnswersResponse,
        )

    async def AnswerRequest(self, request: pb.AnswerRequestRequest, context: Call) -> pb.AnswerRequestResponse:
        caller = current_person()
        return await self._change(
            request,
            await self._answering(rules.answer, request.answers, caller),
            lambda kept: pb.AnswerRequestResponse(request=_full(kept, caller)),
            pb.AnswerRequestResponse,
        )

    async def CloseRequest(self, request: pb.CloseRequestRequest, context: Call) -> pb.CloseRequestResponse:
        caller = current_person()
        return await self._change(
            request,
            rules.close,
            lambda kept: pb.CloseRequestResponse(request=_full(kept, caller)),
            pb.CloseRequestResponse,
        )

    async def WithdrawRequest(self, request: pb.WithdrawRequestRequest, context: Call) -> pb.WithdrawRequestResponse:
        caller = current_person()
        reason = free_text_from(request.reason, at="reason") if request.HasField("reason") else None
        return await self._change(
            request,
            lambda before, who: rules.withdraw(before, reason, who),
            lambda kept: pb.WithdrawRequestResponse(request=_full(kept, caller)),
            pb.WithdrawRequestResponse,
        )

    async def UploadFile(
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Call
    ) -> pb.UploadFileResponse:
        caller = current_person()
        first = await anext(aiter(request_iterator), pb.UploadFileRequest())
        if not first.HasField("header"):
            raise Invalid("an upload begins with its header", field="header", reason="MISSING_FIELD")

        async def chunks() -> AsyncIterator[bytes]:
            async for part in request_iterator:
                yield part.chunk

        file = await self._attachments.upload(first.header.name, first.header.media_type, chunks(), caller)
        return pb.UploadFileResponse(file=wire.file(file))

    async def DownloadFile(
        self, request: pb.DownloadFileRequest, context: Call
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        file, content = await self._attachments.download(request.id, current_person())
        yield pb.DownloadFileResponse(header=wire.file(file))
        async for chunk in content:
            yield pb.DownloadFileResponse(chunk=chunk)

    async def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Call
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        caller = current_person()
        self._lists.require_reader(caller)
        async for delivered in self._inbox.watch(caller.authority_id, request.after_cursor):
            message = pb.WatchChangesResponse(cursor=delivered.cursor, at=timestamp(delivered.at))
            entry = delivered.entry
            # A change the person may not see still moves the cursor on.
            if entry and _shown(await self._requests.get_many([entry.subject]), caller):
                message.change.CopyFrom(wire.change(entry))
            yield message

    async def _change(
        self,
        message: "_Change",
        decide: Decide,
        answer: Callable[[Kept[Request]], Answer],
        answer_type: type[Answer],
        check: Callable[[Request], Awaitable[None]] | None = None,
    ) -> Answer:
        """What *decide* makes of the request, if *check*, which asks others, has nothing against it."""
        caller = current_person()

        async def decided(before: Kept[Request]) -> tuple[Request, Sequence[Message]]:
            if view(before.state, reader(caller, before.state.area)) is None:
                raise NotFound(f"there is no request {before.id!r}", field="id")
            after = decide(before.state, actor(caller, before.state.area, self._now()))
            if check:
                await check(after)
            return after, [_event(before.id, before.revision + 1, after)]

        return await self._requests.change(message.id, CommandKey.of(message, caller), decided, answer, answer_type)

    def _questions(self, draft: pb.RequestDraft) -> QuestionSet:
        questions = self._question_sets.get(draft.question_set_id)
        if questions is None:
            known = ", ".join(self._question_sets)
            raise Invalid(
                f"there is no question set {draft.question_set_id!r}; there is {known}",
                field="draft.questionSetId",
                reason="UNKNOWN_QUESTION_SET",
            )
        return questions

    async def _draft(self, draft: pb.RequestDraft, questions: QuestionSet, caller: Caller) -> Draft:
        country = await self._responder_country(draft.responder_id, questions.area) if draft.responder_id else ""
        wanted = [*draft.file_ids, *(id_ for question in draft.questions for id_ in question.file_ids)]
        return wire.draft_from(draft, country, chosen(await self._attachments.found(wanted, caller)))

    async def _check_responder(self, request: Request) -> None:
        # It may have been suspended since the draft was written: then it takes on nothing new.
        await self._responder_country(request.draft.responder_id, request.area)

    async def _responder_country(self, id_: str, area: str) -> str:
        found = (await self._references.authorities([id_])).get(id_)
        wanted = module(area, REQUESTS)
        partner = directory_pb2.WORKFLOW_ROLE_REQUEST_PARTNER
        if (
            found is None
            or found.status != directory_pb2.AUTHORITY_STATUS_ACTIVE
            or not any(one.module == wanted and partner in one.workflow_roles for one in found.access)
        ):
            raise Invalid(
                f"no active authority {id_!r} answers requests about {area}",
                field="draft.responderId",
                reason="UNKNOWN_AUTHORITY",
            )
        return found.country_code

    async def _answering(self, rule: "_AnsweringRule", answers: Sequence[pb.AnswerDraft], caller: Caller) -> Decide:
        wanted = [id_ for one in answers for id_ in (*one.file_ids, *one.value.files.codes)]
        files = chosen(await self._attachments.found(wanted, caller))
        given = [wire.answer_from(one, files, at=f"answers[{index}]") for index, one in enumerate(answers)]
        return lambda before, who: rule(before, self._question_sets[before.question_set_id], given, who)


_Change = (
    pb.EditRequestRequest
    | pb.SendRequestRequest
    | pb.AcceptRequestRequest
    | pb.SaveAnswersRequest
    | pb.AnswerRequestRequest
    | pb.CloseRequestRequest
    | pb.WithdrawRequestRequest
)
_AnsweringRule = Callable[[Request, QuestionSet, Sequence[GivenAnswer], Actor], Request]


def _full(kept: Kept[Request], caller: Caller) -> pb.Request:
    """The answer to a command: what its side sees of the request now."""
    side = kept.state.side(caller.authority_id)
    how = view(kept.state, reader(caller, kept.state.area)) or View.WITHOUT_PERSONAL_DATA
    return wire.request(Kept(kept.id, kept.revision, seen(kept.state, how, side)), how)


def _shown(found: Sequence[Kept[Request]], caller: Caller) -> list[pb.Request]:
    visible = (kept for kept in found if view(kept.state, reader(caller, kept.state.area)) is not None)
    return [_full(kept, caller) for kept in visible]


def _event(id_: str, revision: int, after: Request) -> events_pb2.RequestChanged:
    last = after.history[-1]
    return events_pb2.RequestChanged(
        request_id=id_,
        revision=revision,
        action=wire.ACTION.to_wire(last.action),
        to=wire.STATUS.to_wire(last.after),
        requester_id=after.requester_id,
        responder_id=after.draft.responder_id,
        area_code=after.area,
        **{"from": wire.STATUS.to_wire(last.before)},
    )
