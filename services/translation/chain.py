"""Who is asked for a translation, one after the other: each link answers a segment, or passes it on with its reason.

A translation engine joins as one more link. A link is given all open segments at once, because a store and an engine both do
many in one call better than each in a call of its own.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from services.translation.domain.translations import Reason, Segment, Translation, identity, unavailable

_FINAL = (Reason.UNDETERMINED_LANGUAGE, Reason.AS_WRITTEN, Reason.POLICY_BLOCKED)

# One outcome for each segment, in their order.
Link = Callable[[Sequence[Segment]], Awaitable[Sequence[Translation | Reason]]]


class Chain:
    """The links, first asked first."""

    def __init__(self, links: Sequence[Link], now: Callable[[], datetime]) -> None:
        self._links = links
        self._now = now

    async def translate(self, segments: Sequence[Segment]) -> list[Translation]:
        """An answer for each of *segments*; where no link has one, the reason of the last that was asked."""
        outcomes: list[Translation | Reason] = [_before_any_link(segment) for segment in segments]
        for link in self._links:
            passed_on = [place for place, outcome in enumerate(outcomes) if _is_open(outcome)]
            if not passed_on:
                break
            found = await link([segments[place] for place in passed_on])
            for place, outcome in zip(passed_on, found, strict=True):
                outcomes[place] = outcome
        now = self._now()
        return [
            unavailable(segment, outcome, now) if isinstance(outcome, Reason) else outcome
            for segment, outcome in zip(segments, outcomes, strict=True)
        ]


def same_language(now: Callable[[], datetime]) -> Link:
    """The link for readers who read what the author wrote."""

    async def link(segments: Sequence[Segment]) -> list[Translation | Reason]:
        at = now()
        return [identity(segment, at) for segment in segments]

    return link


def _before_any_link(segment: Segment) -> Reason:
    return Reason.NO_ENGINE if segment.source_language else Reason.UNDETERMINED_LANGUAGE


def _is_open(outcome: Translation | Reason) -> bool:
    # From an unknown language nobody can translate, and what is withheld, nobody is to: no link is asked.
    return isinstance(outcome, Reason) and outcome not in _FINAL
