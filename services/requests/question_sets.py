"""The question sets that can be used: those that are shipped, and those that the Commission has published since."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from chassis.aggregates import Aggregates, CommandKey
from chassis.publications import Publications
from protos.requests.v1 import events_pb2
from protos.requests.v1 import publishing_pb2 as pb
from services.requests.domain.questions import QuestionSet
from services.requests.storage import Published
from vocabulary.refusals import Conflict

_PUBLISHED = events_pb2.QuestionSetPublished.DESCRIPTOR.full_name


class QuestionSets(Publications[Published], Mapping[str, QuestionSet]):
    """Every set by id, those of one code in the order of their versions."""

    def __init__(self, shipped: Mapping[str, QuestionSet], published: Aggregates[Published]) -> None:
        super().__init__(published, "requests", _PUBLISHED)
        self._shipped = shipped
        self._sets = dict(shipped)

    def __getitem__(self, id_: str) -> QuestionSet:
        return self._sets[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sets)

    def __len__(self) -> int:
        return len(self._sets)

    async def ensure(self, ids: Iterable[str]) -> None:
        """Read those of *ids* that are not here yet and exist."""
        missing = [id_ for id_ in dict.fromkeys(ids) if id_ and id_ not in self._sets]
        if missing:
            self._add(kept.state for kept in await self._published.get_many(missing))

    async def publish(
        self, questions: QuestionSet, command: CommandKey, user_id: str, now: datetime
    ) -> pb.PublishQuestionSetResponse:
        """Keep *questions* for ever; raises Conflict if there is another set of this id."""
        if questions.id in self._shipped:
            raise Conflict(f"there is a question set {questions.id}", reason="ALREADY_EXISTS")
        response = await self._published.create(
            questions.id,
            command,
            Published(questions=questions, user_id=user_id, at=now),
            [events_pb2.QuestionSetPublished(question_set_id=questions.id, area_code=questions.area)],
            lambda kept: pb.PublishQuestionSetResponse(question_set_id=kept.id),
        )
        await self.ensure([questions.id])
        return response

    def _add(self, found: Iterable[Published]) -> None:
        new = {one.questions.id: one.questions for one in found if one.questions.id not in self._sets}
        if new:
            known = {**self._sets, **new}
            self._sets = dict(sorted(known.items(), key=lambda item: (item[1].code, item[1].version)))
