"""The language that a client prefers, of those that its ``Accept-Language`` names.

The header is the client's: however long it is, its beginning is what counts, and it is read once.
"""

from functools import lru_cache

from vocabulary import languages

# Of characters. Browsers send less than a tenth of it.
READ = 1_000
REMEMBERED = 256


def preferred(accept_language: str) -> str:
    """The best of our languages in the beginning of *accept_language*; English if there is none of them in it."""
    return _best(accept_language[:READ])


@lru_cache(REMEMBERED)
def _best(said: str) -> str:
    return languages.preferred(said) or languages.FALLBACK
