"""Reviewing: the memory, the queue of bad translations, terms."""

from collections.abc import Sequence

from chassis.aggregates import CommandKey, Kept
from chassis.caller import current_person
from chassis.lists import page, sortable
from chassis.server import Call
from chassis.wire import EnumOnWire, free_text_from
from engines.documents import AnyOf, Condition
from protos.translation.v1 import events_pb2
from protos.translation.v1 import translation_pb2 as pb
from services.translation import exchange, wire
from services.translation.domain import reports as reporting
from services.translation.domain.memory import Entry, Origin, Reviewer, approve, require_reviewer
from services.translation.domain.reports import Report
from services.translation.exchange import MEDIA_TYPE, Format
from services.translation.rpc.commands import Part, reviewer_of
from vocabulary import ids, languages
from vocabulary.refusals import Invalid, NotFound
from vocabulary.values import FreeText

FORMAT = EnumOnWire(Format, pb.ExchangeFormat)


class Reviewing(Part):
    """The RPCs of those who review, and what everybody may tell them."""

    async def ApproveTranslation(
        self, request: pb.ApproveTranslationRequest, context: Call
    ) -> pb.ApproveTranslationResponse:
        by, command = self._reviewing(request)
        new = approve(
            free_text_from(request.source, at="source"),
            free_text_from(request.target, at="target"),
            by,
            area=request.area_code,
            context=request.context,
        )
        return await self.parts.memory.keep(new, command)

    async def ListMemory(self, request: pb.ListMemoryRequest, context: Call) -> pb.ListMemoryResponse:
        require_reviewer(self._reviewer())
        source, target = self._pair(request.source_language, request.target_language)
        entries, info = await self.parts.memory.page(source, target, request.page)
        return pb.ListMemoryResponse(entries=map(wire.memory_entry, entries), page_info=info)

    async def DeleteMemory(self, request: pb.DeleteMemoryRequest, context: Call) -> pb.DeleteMemoryResponse:
        by, command = self._reviewing(request)
        require_reviewer(by)

        def allow(entry: Entry) -> None:
            require_reviewer(by, entry.area)

        return await self.parts.memory.delete(request.id, command, allow)

    async def ImportMemory(self, request: pb.ImportMemoryRequest, context: Call) -> pb.ImportMemoryResponse:
        by, command = self._reviewing(request)
        require_reviewer(by, request.area_code)
        written = FORMAT.from_wire(request.format, field="format")
        data_class = wire.data_class_from(request.data_class, field="dataClass")
        units = exchange.read(request.content, written)
        new: list[Entry] = []
        for number, unit in enumerate(units, start=1):
            source, target = (
                FreeText(text=text, language=code, data_class=data_class) for code, text in (unit.source, unit.target)
            )
            try:
                entry = approve(
                    source, target, by, area=request.area_code, context=request.context, origin=Origin.IMPORTED
                )
            except Invalid as refused:
                raise _in_file(refused, number) from None
            new.append(entry.approved_as(ids.derived(ids.MEMORY, command.key, entry.id)))
        return await self.parts.memory.take_over(new, command)

    async def ExportMemory(self, request: pb.ExportMemoryRequest, context: Call) -> pb.ExportMemoryResponse:
        require_reviewer(self._reviewer())
        to = FORMAT.from_wire(request.format, field="format")
        source, target = self._pair(request.source_language, request.target_language)
        if to is Format.XLIFF and not (source and target):
            missing = "targetLanguage" if source else "sourceLanguage"
            raise Invalid(
                "an XLIFF is about one pair of languages: name both", field=missing, reason="MISSING_LANGUAGE"
            )
        entries, after = await self.parts.memory.export(source, target, request.after)
        if not entries:
            raise NotFound("the memory has nothing to export")
        return pb.ExportMemoryResponse(
            content=exchange.write(entries, to, self.parts.now()), media_type=MEDIA_TYPE[to], after=after
        )

    async def ReportTranslation(
        self, request: pb.ReportTranslationRequest, context: Call
    ) -> pb.ReportTranslationResponse:
        caller = current_person()
        command = CommandKey.of(request, caller)
        new = reporting.report(
            free_text_from(request.source, at="source"),
            request.translation,
            request.target_language,
            engine=request.engine,
            comment=request.comment,
            area=request.area_code,
            context=request.context,
            source_id=request.source_id,
            reporter_id=caller.user_id,
            now=self.parts.now(),
        )
        id_ = command.new_id(ids.REPORT)
        return await self.parts.reports.create(
            id_,
            command,
            new,
            [events_pb2.TranslationReported(report_id=id_)],
            lambda kept: pb.ReportTranslationResponse(report_id=kept.id),
        )

    async def ListReports(self, request: pb.ListReportsRequest, context: Call) -> pb.ListReportsResponse:
        by = self._reviewer()
        require_reviewer(by)
        where: dict[str, Condition] = {"open": True}
        if not by.reviews_all:
            # What is reported may be personal, and is for those alone who deal with it.
            where["area"] = AnyOf(sorted(by.translates))
        found, info = await page(
            self.parts.reports,
            where,
            request.page,
            kind="reports",
            sort="at",
            position=lambda one: sortable(one.at),
            descending=False,
        )
        return pb.ListReportsResponse(reports=map(wire.report, found), page_info=info)

    async def ResolveReport(self, request: pb.ResolveReportRequest, context: Call) -> pb.ResolveReportResponse:
        by, command = self._reviewing(request)
        require_reviewer(by)

        async def resolved(before: Kept[Report]) -> tuple[Report, Sequence[events_pb2.TranslationReported]]:
            require_reviewer(by, before.state.area)
            return reporting.resolve(before.state, self.parts.now()), []

        return await self.parts.reports.change(
            request.id,
            command,
            resolved,
            lambda kept: pb.ResolveReportResponse(report_id=kept.id),
            pb.ResolveReportResponse,
        )

    async def ListTerms(self, request: pb.ListTermsRequest, context: Call) -> pb.ListTermsResponse:
        source = languages.require(request.source_language, field="sourceLanguage")
        target = languages.require(request.target_language, field="targetLanguage")
        found = self.parts.terminology.terms.of_area(request.area_code)
        return pb.ListTermsResponse(
            terms=[
                wire.term(one, request.area_code, source, target)
                for one in found
                if source in one.label and target in one.label
            ]
        )

    def _reviewer(self) -> Reviewer:
        return reviewer_of(current_person(), None, self.parts.now())

    def _reviewing(
        self,
        request: pb.ApproveTranslationRequest
        | pb.DeleteMemoryRequest
        | pb.ImportMemoryRequest
        | pb.ResolveReportRequest,
    ) -> tuple[Reviewer, CommandKey]:
        caller = current_person()
        command = CommandKey.of(request, caller)
        return reviewer_of(caller, command, self.parts.now()), command

    def _pair(self, source: str, target: str) -> tuple[str, str]:
        """The two languages, each of which may be empty; raises Invalid for one that is not ours."""
        return (
            languages.require(source, field="sourceLanguage") if source else "",
            languages.require(target, field="targetLanguage") if target else "",
        )


# What is said of the whole file, and where.
_FIELDS = {"PERSONAL_DATA": "dataClass", "AREA": "areaCode", "CONTEXT": "context"}


def _in_file(refused: Invalid, number: int) -> Invalid:
    """What is wrong with one unit of a file, as it is said of the file."""
    if refused.reason in _FIELDS:
        return Invalid(refused.message, field=_FIELDS[refused.reason], reason=refused.reason)
    message = f"unit {number} does not fit, and nothing was changed: {refused.message}"
    return Invalid(message, field="content", reason=refused.reason)
