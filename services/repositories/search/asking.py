"""Questions as queries of the search engine. Who asks is in each of them: nothing is found first and hidden later."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engines.search import (
    All,
    Beginning,
    Best,
    Between,
    Everything,
    Grams,
    Query,
    Scored,
    Sort,
    Starts,
    Terms,
    Words,
)
from engines.search.folding import words
from services.repositories.domain.audiences import Keys
from services.repositories.search.contents import AREA, CONCEPT, EVER_SINCE, FOR_EVER

# How much of a mistyped or inflected word must be there for it to count.
PIECES = 0.7
# What a word weighs that is there as it was written, with a slip, or by its pieces.
EXACT, SLIPPED, BY_PIECES = 1.0, 0.6, 0.1
# And the one that is being typed, where it is begun.
BEGUN = 0.8
# Behind every text that begins with what stands before it.
LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What a field of one layer has to say: one of these values, a value that begins so, or one between two."""

    code: str
    layer: int
    any_of: Sequence[str] = ()
    prefix: str | None = None
    between: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Each part narrows; an empty one does not."""

    countries: Sequence[str] = ()
    owners: Sequence[str] = ()
    areas: Sequence[str] = ()
    concepts: Sequence[str] = ()
    fields: Sequence[Narrowing] = ()
    valid_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What to count by: values of the index that begin so, in one layer; `called` is the name of the facet."""

    called: str
    field: str
    start: str = ""
    layer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody asks of one repository, which has so many *layers*, and the keys that they hold.

    If it is *unfinished*, the last word of its text is being typed.
    """

    repository: str
    keys: Keys
    layers: int = 1
    text: str = ""
    unfinished: bool = False
    filter: Filter = field(default_factory=Filter)
    counting: Sequence[Counting] = ()
    sort: Sort | None = None


def query(question: Question, *, without: str = "") -> Query:
    """What *question* matches; *without* the filters on what a facet of this name counts."""
    asked = _matching(question) if question.text.strip() else Everything()
    needed = [Terms("repository", [question.repository]), _reads(question, 0), *_narrowed(question, without)]
    return All([asked, *(Scored(one, 0.0) for one in needed)])


def is_narrowed_by(question: Question, counting: Counting) -> bool:
    """Whether a filter of *question* is on what *counting* counts."""
    return len(_narrowed(question, counting.called)) < len(_narrowed(question, ""))


def readable(question: Question, counting: Counting, asked: Query) -> Query:
    """What *asked* matches of the entries in which the asker reads what is counted."""
    return All([asked, Scored(_reads(question, counting.layer), 0.0)]) if counting.layer else asked


def _reads(question: Question, layer: int) -> Query:
    return Terms(f"readers_{layer}", sorted(question.keys))


def _in_layer(question: Question, layer: int, inner: Query) -> Query:
    """What *inner* matches where the asker reads the layer it looks at."""
    return All([inner, Scored(_reads(question, layer), 0.0)]) if layer else inner


def _in_any(question: Question, inner: Sequence[Query]) -> Query:
    """What one of *inner*, which has a query for each layer, matches where the asker reads that layer."""
    return Best([_in_layer(question, layer, one) for layer, one in enumerate(inner)])


def _matching(question: Question) -> Query:
    """Each word stands somewhere that the asker reads: with a slip or another ending, it weighs less."""
    wanted = words(question.text)
    if not wanted:
        return Terms("repository", [])
    share = 1 / len(wanted)
    if question.unfinished:
        return All([*(_word(question, word, share) for word in wanted[:-1]), _begun(question, wanted[-1], share)])
    return All([_word(question, word, share) for word in wanted])


def _begun(question: Question, word: str, share: float) -> Query:
    layers = range(question.layers)
    whole = _in_any(question, [Words(f"text_{layer}", word) for layer in layers])
    begun = _in_any(question, [Starts(f"text_{layer}", word) for layer in layers])
    return Best([Scored(whole, EXACT * share), Scored(begun, BEGUN * share)])


def _word(question: Question, word: str, share: float) -> Query:
    layers = range(question.layers)
    ways: list[tuple[float, list[Query]]] = [
        (EXACT, [Words(f"text_{layer}", word) for layer in layers]),
        (SLIPPED, [Words(f"text_{layer}", word, fuzzy=True) for layer in layers]),
        (BY_PIECES, [Grams(f"pieces_{layer}", word, PIECES) for layer in layers]),
    ]
    return Best([Scored(_in_any(question, inner), weight * share) for weight, inner in ways])


def _narrowed(question: Question, without: str) -> list[Query]:
    given = question.filter
    found: list[tuple[str, Query]] = []
    if given.countries:
        found.append(("country", Terms("country", given.countries)))
    if given.owners:
        found.append(("owner", Terms("owner", given.owners)))
    for called, sign, ids in (("area", AREA, given.areas), ("concept", CONCEPT, given.concepts)):
        if ids:
            values = [f"{sign}={id_}" for id_ in ids]
            anywhere = [Terms(f"values_{layer}", values) for layer in range(question.layers)]
            found.append((called, _in_any(question, anywhere)))
    if given.valid_on:
        begun = Between("valid_from", EVER_SINCE, given.valid_on)
        found.append(("", All([begun, Between("valid_to", given.valid_on, FOR_EVER)])))
    found += [(one.code, _in_layer(question, one.layer, _says(one))) for one in given.fields]
    return [part for called, part in found if not without or called != without]


def _says(narrowing: Narrowing) -> Query:
    where, code = f"values_{narrowing.layer}", narrowing.code
    if narrowing.between is not None:
        low, high = narrowing.between
        return Between(where, f"{code}={low}", f"{code}={high or LAST}")
    if narrowing.prefix is not None:
        return Beginning(where, f"{code}={narrowing.prefix}")
    return Terms(where, [f"{code}={one}" for one in narrowing.any_of])
