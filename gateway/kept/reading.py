"""Public repositories over plain HTTP, kept like everything that everybody gets alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.kept.alike import Source
from gateway.kept.answers import Kept
from gateway.limits.policy import Policy
from gateway.public import given
from gateway.public_entries import language_of
from vocabulary.refusals import Refusal

Reading = Callable[[Request], Awaitable[Response]]
# They say how addresses in entries answered, which no event tells of: that is as old as a cache may let it be.
MADE_OF = frozenset({Source.DIRECTORY, Source.DEFINITIONS, Source.ENTRIES})
# Without operations there are no costs.
ANY_COST = 1


@dataclass(frozen=True, slots=True)
class KeptReading:
    """Answers ``GET /public/repositories…`` from what is kept, where it can. Rates are counted as ever."""

    kept: Kept
    policy: Policy

    def of(self, reading: Reading) -> Reading:
        """*reading*, whose answers are kept."""

        async def answered(request: Request) -> Response:
            try:
                language = language_of(request.query_params, request.headers.get("accept-language", ""))
            except Refusal:
                return await reading(request)
            path = f"{request.url.path}?{request.url.query}"
            asking = self.kept.asking(path, None, None, language, signed_in=False, is_page=True)
            found = self.kept.find(asking, ANY_COST) if asking else None
            if found is not None:
                await self.policy.rates.address(request.client.host if request.client is not None else "")
                return given(request, found.content, found.tag, language, self.kept.age_s(found))
            response = await reading(request)
            if asking and response.status_code == 200:
                self.kept.put(asking, bytes(response.body), MADE_OF)
            return response

        return answered
