"""The invented authorities of training systems: every installation has the same ones, so that others can speak of them."""

from vocabulary import ids
from vocabulary.participants import Level

COMMISSION_ID = ids.derived(ids.AUTHORITY, "training", "EU")


def authority_id(*parts: str) -> str:
    """The id of the authority that *parts* determine."""
    return ids.derived(ids.AUTHORITY, "training", *parts)


def national_id(country: str, area: str, concept: str) -> str:
    """The id of the national authority for a concept."""
    return authority_id(country, area, concept, Level.NATIONAL)


def coordinator_id(country: str, area: str) -> str:
    """The id of the coordinator of an area in a country; of all areas (the NIMIC), if *area* is ``*``."""
    return authority_id(country, area, "coordinator")
