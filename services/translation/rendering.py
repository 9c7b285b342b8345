"""One way for one text: through the engines of its steps, and then through the checks. Only what passes them leaves here."""

from collections.abc import Mapping, Sequence

from services.translation.batching import Kind, Sent
from services.translation.desk import Desk, LeftAlone, TimedOut
from services.translation.detection import Detector
from services.translation.domain import checks, confidence, terms
from services.translation.domain.checks import Fault
from services.translation.domain.jobs import Job, Made
from services.translation.domain.pairs import Pair
from services.translation.domain.placeholders import Lost
from services.translation.domain.routes import Capability, Route, Step
from services.translation.domain.translations import Reason
from services.translation.preparing import prepare
from services.translation.providers.port import Outcome, ProviderError, Rendered, Spent, Unsupported
from services.translation.terminology import Terminology


class Faulty(Exception):
    """What the engine gave may not be shown."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class Renderer:
    """Follows ways."""

    def __init__(self, desks: Mapping[str, Desk], detector: Detector, terminology: Terminology) -> None:
        self._desks = desks
        self._detector = detector
        self._terminology = terminology

    async def follow(self, route: Route, job: Job) -> Made | Sent:
        """The translation of the text of *job* on the way *route*, or that its engine will call back.

        Raises ProviderError, and Faulty for one that may not be shown.
        """
        rendered = Rendered(text=job.text)
        for step in route.steps:
            given = rendered.text
            stepped = await self._step(step, given, job)
            if isinstance(stepped, Sent):
                return stepped
            rendered = stepped
            _require_sound(given, rendered)
        return await self._judged(route, job, rendered)

    async def received(self, route: Route, job: Job, outcomes: Sequence[Outcome]) -> Made:
        """The translation of *job* from what its engine has called back with. Raises as `follow`."""
        (step,) = route.steps
        provider = self._desks[step.engine].provider
        try:
            prepared = prepare(job.text, job.source, provider, step.capability.characters_max)
            rendered = prepared.assembled(outcomes)
        except Lost:
            raise Faulty(Fault.PLACEHOLDERS) from None
        _require_sound(job.text, rendered)
        return await self._judged(route, job, rendered)

    async def _step(self, step: Step, text: str, job: Job) -> Rendered | Sent:
        desk = self._desks[step.engine]
        found = self._terminology.terms.within(text, step.pair, job.area) if desk.provider.takes_terms else []
        kind = Kind(pair=step.pair, data_class=job.data_class, tenant=job.begun_by, area=job.area, terms=tuple(found))
        prepared = prepare(text, step.pair.source, desk.provider, step.capability.characters_max)
        outcomes = await desk.translate(kind, job.id, prepared.texts)
        if isinstance(outcomes, Sent):
            return outcomes
        try:
            return prepared.assembled(outcomes)
        except Lost:
            by_sentence = prepare(
                text, step.pair.source, desk.provider, step.capability.characters_max, by_sentence=True
            )
            if by_sentence == prepared:
                raise Faulty(Fault.PLACEHOLDERS) from None
        # Sentence by sentence an engine loses fewer marks.
        outcomes = await desk.translate(kind, job.id, by_sentence.texts)
        assert not isinstance(outcomes, Sent)
        try:
            return by_sentence.assembled(outcomes)
        except Lost:
            raise Faulty(Fault.PLACEHOLDERS) from None

    async def _judged(self, route: Route, job: Job, rendered: Rendered) -> Made:
        """*rendered* with what is known of its worth; raises Faulty."""
        if len(route.steps) > 1:
            _require_sound(job.text, Rendered(text=rendered.text))
        written, made = await self._detector.detect([job.text, rendered.text])
        if fault := checks.language_fault(made.language, job.target):
            raise Faulty(fault)
        similarity = await self._similarity(route, job, rendered.text)
        low = None if similarity is None else confidence.is_low(similarity)
        if checks.language_fault(written.language, job.source):
            # Declared is declared. But an engine for another language understands little of it.
            low = True
        wanted = self._terminology.terms.within(job.text, job.pair, job.area)
        return Made(
            text=rendered.text,
            tier=route.tier,
            engine=route.engine,
            pivot=route.pivot,
            low_confidence=low,
            similarity=similarity,
            missed_terms=terms.missed(wanted, rendered.text),
        )

    async def _similarity(self, route: Route, job: Job, rendered: str) -> float | None:
        """How much comes back from the engine that made it; none, if that cannot be told now."""
        desk = self._desks[route.steps[-1].engine]
        back = Pair(job.target, job.source)
        capability = (desk.described().capabilities or {}).get(back)
        if len(route.steps) > 1 or not capability or desk.provider.asynchronous:
            return None
        if not desk.provider.settings.back_translation:
            return None
        came_back = await self._back(desk, back, capability, job, rendered)
        return None if came_back is None else confidence.similarity(job.text, came_back)

    async def _back(self, desk: Desk, pair: Pair, capability: Capability, job: Job, rendered: str) -> str | None:
        kind = Kind(pair=pair, data_class=job.data_class, tenant=job.begun_by, area=job.area)
        try:
            prepared = prepare(rendered, pair.source, desk.provider, capability.characters_max)
            outcomes = await desk.translate(kind, job.id, prepared.texts)
            assert not isinstance(outcomes, Sent)
            return prepared.assembled(outcomes).text
        except (ProviderError, Lost):
            return None


def reason_of(error: ProviderError | Faulty) -> Reason:
    """What a reader is told about a way that failed with *error*."""
    match error:
        case Faulty():
            return Reason.VALIDATION_FAILED
        case TimedOut():
            return Reason.TIMEOUT
        case Spent():
            return Reason.QUOTA
        case Unsupported():
            return Reason.PAIR_UNSUPPORTED
        case _:
            return Reason.ENGINE_FAILED


def said_of(error: ProviderError | Faulty) -> str:
    """What the log says of it: no text, no address."""
    match error:
        case Faulty():
            return str(error.fault)
        case LeftAlone():
            return "LEFT_ALONE"
        case _:
            return type(error).__name__


def _require_sound(given: str, rendered: Rendered) -> None:
    if fault := checks.fault(given, rendered.text, unknown=rendered.unknown):
        raise Faulty(fault)
