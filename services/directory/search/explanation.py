"""Why an authority was found: in words that the reader of the answer can see."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engines.search.folding import folded_word, words
from services.directory.domain.authorities import Authority
from services.directory.reference import Reference
from services.directory.search.likeness import ending, slipped, slips
from services.directory.search.places import Gazetteer, Kind, Place
from services.directory.search.question import Understood
from vocabulary import languages

_PIECE = re.compile(r"[^\W_]+|[\W_]+")


class PlaceRelation(StrEnum):
    """How an authority stands to a place that was named."""

    SITS_THERE = "SITS_THERE"
    SERVES_IT = "SERVES_IT"


@dataclass(frozen=True, slots=True)
class Match:
    """Why an authority was found: its concepts that were meant; its name in pieces, each with whether it was asked for; its place."""

    concepts: Sequence[str]
    name: Sequence[tuple[str, bool]]
    place: PlaceRelation | None


class Explanations:
    """Explains hits."""

    def __init__(self, reference: Reference, gazetteer: Gazetteer) -> None:
        self._reference = reference
        self._gazetteer = gazetteer

    def match(self, authority: Authority, asked: Understood, language: str) -> Match:
        """Why *authority* is an answer to what was *asked*, for a reader of *language*."""
        meant = {one.concept for one in asked.concepts}
        concepts = [one for one in authority.concepts if meant & {one, *self._reference.broader(one)}]
        found = languages.best_text(authority.informal_name, language)
        name = (found or languages.best_text(authority.official_name, language) or ("", ""))[0]
        said = {
            word for concept in concepts for word in words(self._reference.concepts[concept].label.get(language, ""))
        }
        return Match(concepts, list(_pieces(name, {*asked.names, *said})), self._place(authority, asked.places))

    def _place(self, authority: Authority, places: Sequence[Place]) -> PlaceRelation | None:
        if not places:
            return None
        here = self._reference.territories(authority.country, authority.region)
        towns = self._gazetteer.cities(authority.contact.town, authority.country)
        codes = {(Kind.CITY, town) for town in towns} | {(Kind.COUNTRY, authority.country)}
        codes |= {(Kind.REGION, code) for code in here[:-1]}
        sits = any((place.kind, place.code) in codes for place in places)
        return PlaceRelation.SITS_THERE if sits else PlaceRelation.SERVES_IT


def _pieces(name: str, asked: Collection[str]) -> Iterator[tuple[str, bool]]:
    """*name* in pieces that together are the whole: runs of words that were asked for, and what lies between them."""
    so_far, is_hit = "", False
    for piece in _PIECE.findall(name):
        folded = folded_word(piece)
        hit = bool(folded) and _asked(folded, asked)
        # What stands between two words that were asked for belongs to neither.
        if hit != is_hit and so_far:
            yield so_far, is_hit
            so_far = ""
        so_far, is_hit = so_far + piece, hit
    if so_far:
        yield so_far, is_hit


def _asked(word: str, asked: Collection[str]) -> bool:
    if word in asked or any(ending(one, word) for one in asked):
        return True
    return bool(slips(len(word))) and any(True for one in asked for _ in slipped(one, [word]))
