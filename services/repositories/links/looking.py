"""Looks at an address as a browser would go there, but fetches nothing: only the head of what answers.

Whoever edits an entry chooses the address, and each redirect chooses another one: each hop goes the one way out that lets nobody
inside (`chassis/egress.py`), and is checked as the first one was.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote, urldefrag, urljoin, urlsplit, urlunsplit
from weakref import WeakValueDictionary

from chassis.egress import Answer, Egress
from services.repositories.links.checks import State, state_of
from vocabulary.addresses import Outcome

HOPS = 5
HOP_S = 6.0
WHOLE_S = 20.0
HEADERS: Mapping[str, str] = {"user-agent": "imi-link-check", "accept": "*/*"}
# What is never in the way of a URL as it is.
_KEPT = "!#$%&'()*+,/:;=?@[]~"


class Looking:
    """Looks at addresses; at one of a host at a time."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        # Kept as long as somebody looks at the host.
        self._hosts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def look(self, link: str, *, asker: str = "") -> tuple[State, int]:
        """How *link*, which *asker* wrote, answers, and the last HTTP status; whatever happens there, it takes its time, no more."""
        url = ascii_url(link)
        if url is None:
            return State.NOT_ALLOWED, 0
        host = urlsplit(url).hostname or ""
        async with self._hosts.setdefault(host, asyncio.Lock()):
            try:
                async with asyncio.timeout(WHOLE_S):
                    answer = await self._followed(url, asker)
            except TimeoutError:
                answer = Answer(outcome=Outcome.TIMED_OUT)
        return state_of(answer.outcome, answer.http_status), answer.http_status

    async def _followed(self, url: str, asker: str) -> Answer:
        answer = await self._asked(url, asker)
        for _ in range(HOPS):
            if answer.outcome is not Outcome.REDIRECTED or not answer.location:
                break
            onward = _onward(url, answer.location)
            if onward is None:
                return Answer(outcome=Outcome.ADDRESS_REFUSED)
            url, answer = onward, await self._asked(onward, asker)
        return answer

    async def _asked(self, url: str, asker: str) -> Answer:
        """What HEAD is told; where a server will not answer that, what GET is told."""
        answer = await self._egress.ask("HEAD", url, HEADERS, asker=asker, within_s=HOP_S)
        if answer.outcome in (Outcome.STATUS_REFUSED, Outcome.BAD_ANSWER):
            answer = await self._egress.ask("GET", url, HEADERS, asker=asker, within_s=HOP_S)
        return answer


def _onward(url: str, location: str) -> str | None:
    """Where *location* leads from *url*; None if that is no address."""
    try:
        return ascii_url(urljoin(url, location))
    except ValueError:
        return None


def ascii_url(link: str) -> str | None:
    """*link* as it is asked for: without a part after ``#``, its name and path as ASCII; None if it has no such form."""
    try:
        parts = urlsplit(urldefrag(link).url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return None
    if parts.username is not None or parts.password is not None:
        return None
    where = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    return urlunsplit((parts.scheme, where, quote(parts.path, safe=_KEPT), quote(parts.query, safe=_KEPT), ""))
