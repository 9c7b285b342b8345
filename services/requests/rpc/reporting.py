"""Reports: what the caller may see of a case, as a PDF in a language of theirs."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import structlog

from chassis.aggregates import Aggregates, Kept
from chassis.audit import noting
from chassis.caller import Caller, current_person
from chassis.participants import Participants
from chassis.server import Call
from chassis.wire import in_chunks
from protos.requests.v1 import reports_pb2 as pb
from protos.requests.v1.reports_pb2_grpc import ReportServiceServicer
from services.requests.domain.impersonal import impersonal
from services.requests.domain.requests import Request
from services.requests.domain.views import View, revision_for, seen, view
from services.requests.question_sets import QuestionSets
from services.requests.readers import reader
from services.requests.report.content import Case, Translations, document, texts
from services.requests.report.document import Document
from services.requests.report.translations import Translator
from services.requests.report.wording import Wording
from vocabulary import ids, languages
from vocabulary.audit import Kind, Part
from vocabulary.refusals import NotFound

# Pages are set on a thread; more at once would only wait for each other, and hold the memory of all.
AT_ONCE = 2
log = structlog.get_logger(__name__)


class ReportingRpc(ReportServiceServicer):
    def __init__(
        self,
        requests: Aggregates[Request],
        question_sets: QuestionSets,
        participants: Participants,
        translator: Translator,
    ) -> None:
        self._requests = requests
        self._question_sets = question_sets
        self._participants = participants
        self._translator = translator
        self._free = asyncio.Semaphore(AT_ONCE)

    async def RenderReport(
        self, request: pb.RenderReportRequest, context: Call
    ) -> AsyncIterator[pb.RenderReportResponse]:
        caller = current_person()
        language = languages.require(request.language, field="language")
        kept = await self._requests.get(request.id)
        case, revision = await self._case(kept, request, caller, language)
        async with self._free:
            content = await asyncio.to_thread(lambda: _rendered(document(case, Wording(language))))
        sha256 = hashlib.sha256(content).hexdigest()
        personal = (Part.PERSONAL_DATA,) if case.whole else ()
        noting.shown(Kind.REQUEST, request.id, revision, Part.CONTENT, *personal, Part.REPORT)
        log.info(
            "report_rendered",
            request=request.id,
            user=caller.user_id,
            authority=caller.authority_id,
            language=language,
            personal=case.personal,
            sha256=sha256,
        )
        name = f"{case.request.number}-{language}.pdf"
        yield pb.RenderReportResponse(header=pb.ReportHeader(file_name=name, size_bytes=len(content), sha256=sha256))
        for chunk in in_chunks(content):
            yield pb.RenderReportResponse(chunk=chunk)

    async def _case(
        self, kept: Kept[Request] | None, asked: pb.RenderReportRequest, caller: Caller, language: str
    ) -> tuple[Case, int]:
        """What *caller* may see of the request, and no more than is *asked*, and the revision; NotFound if they may not know of it."""
        by = reader(caller, kept.state.area) if kept else None
        how = view(kept.state, by) if kept and by else None
        if kept is None or by is None or how is None:
            raise NotFound(f"there is no request {asked.id!r}", field="id")
        await self._question_sets.ensure([kept.state.question_set_id])
        questions = self._question_sets[kept.state.question_set_id]
        shown = seen(kept.state, how, by)
        if not asked.with_personal_data:
            shown = impersonal(shown, questions)
        translations: Translations = {}
        if asked.with_translations:
            translations = await self._translator.of(texts(shown), language, request_id=kept.id, area=kept.state.area)
        case = Case(
            request=shown,
            questions=questions,
            participants=await self._participants.get_many(_authorities(shown)),
            translations=translations,
            personal=asked.with_personal_data and how is not View.WITHOUT_PERSONAL_DATA,
            whole=asked.with_personal_data and how is View.FULL,
        )
        return case, revision_for(kept.state, kept.revision, caller.authority_id, how)


def _rendered(report: Document) -> bytes:
    # Setting pages needs a library that takes as long to load as half of the service: whoever begins waits for it in vain.
    from services.requests.report import pages

    return pages.render(report)


def _authorities(request: Request) -> list[str]:
    """The ids of every authority that the report names."""
    found = [request.requester_id, request.draft.responder_id]
    found += [one.authority_id for one in request.former]
    found += [one.authority_id for one in request.opinions]
    found += [one.authority_id for one in request.history]
    found += [one.responder_id for one in request.children]
    found += [id_ for answer in request.answers for id_ in answer.value.references or ()]
    return [id_ for id_ in dict.fromkeys(found) if id_.startswith(f"{ids.AUTHORITY}_")]
