"""The posts of which there is one only, while a file is read: who holds them in the store, and after the rows before."""

from collections.abc import Mapping
from dataclasses import replace

from chassis.aggregates import Aggregates
from services.directory.domain.authorities import Authority
from services.directory.rpc.recording import post_taken

NOBODY = ""


class Posts:
    """Says whether a post is taken. A dry run plans what a real one would write."""

    def __init__(self, authorities: Aggregates[Authority]) -> None:
        self._authorities = authorities
        self._planned: dict[str, str] = {}

    async def check(self, id_: str, after: Authority) -> None:
        """Raises Conflict, naming the part in question, if *after* would have a post that is another's."""
        for index, access in enumerate(after.access):
            with_this = replace(after, access=(access,))
            for post in with_this.posts:
                if await self._holder(post) not in (NOBODY, id_):
                    raise post_taken(with_this, field=f"access[{index}]")

    def plan(self, id_: str, before: Authority | None, after: Authority) -> None:
        """Go on as if *after* were written."""
        left: Mapping[str, str] = dict.fromkeys(before.posts, NOBODY) if before else {}
        self._planned |= {**left, **dict.fromkeys(after.posts, id_)}

    async def _holder(self, post: str) -> str:
        if post in self._planned:
            return self._planned[post]
        found = await self._authorities.find({"posts": post}, limit=1)
        return found[0].id if found else NOBODY
