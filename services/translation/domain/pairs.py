"""Pairs of languages: from which into which."""

from typing import NamedTuple

from vocabulary import languages


class Pair(NamedTuple):
    """From which language into which, as codes of the system."""

    source: str
    target: str

    @classmethod
    def read(cls, written: str) -> "Pair":
        """The pair that is written ``en-hr``; raises ValueError for anything else."""
        source, separator, target = written.partition("-")
        if not (separator and source in languages.ALL and target in languages.ALL) or source == target:
            raise ValueError(f"{written!r} is no pair of two languages such as en-hr")
        return cls(source, target)

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"
