"""Whom to ask for help: the National IMI Coordinator of each country, and the Commission."""

from chassis.aggregates import Aggregates, Kept
from services.directory import storage
from services.directory.domain.authorities import Authority
from vocabulary import countries
from vocabulary.participants import Status


class Desks:
    """Who they are at this moment."""

    def __init__(self, authorities: Aggregates[Authority]) -> None:
        self._authorities = authorities

    async def national(self, country: str = "") -> list[Kept[Authority]]:
        """The active National IMI Coordinators, in the order of countries, or that of *country* alone."""
        found = await self._authorities.find({"national_coordinator": True}, limit=len(countries.ALL))
        found.sort(key=lambda kept: countries.ALL.index(kept.state.country))
        return [kept for kept in found if country in ("", kept.state.country)]

    async def commission(self) -> Kept[Authority] | None:
        """The Commission; None in a directory that nobody has set up yet."""
        found = await self._authorities.find({"lists": storage.in_country(countries.UNION, Status.ACTIVE)}, limit=1)
        return found[0] if found else None

    async def above(self, id_: str, authority: Authority) -> Kept[Authority] | None:
        """Who hears what people of *authority* have to say: the coordinator of their country; of that one, the Commission."""
        if authority.country != countries.UNION:
            for kept in await self.national(authority.country):
                if kept.id != id_:
                    return kept
        return await self.commission()
