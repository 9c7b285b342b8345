"""How much a query can score, and what of it matters to those that score a lot.

A search looks for the best. What adds little to a score, such as a word found by its pieces, is dear to evaluate; to those who score
more than it could give them, it makes no difference.
"""

from engines.search import All, Best, Boosted, But, Query, Scored, Words

# Engines score in numbers of 32 bits.
_ROUNDED = 1e-5
# What a word scores that took a typing error to be forgiven.
_SLIPPED = 0.5


def highest(query: Query) -> float:
    """What no document scores more than."""
    match query:
        case Scored(_, score):
            return score
        case Boosted(inner, factor):
            return highest(inner) * factor
        case Best(queries):
            return max(map(highest, queries), default=0.0)
        case All(queries):
            return sum(map(highest, queries))
        case But(inner, _):
            return highest(inner)
    return 1.0


def above(query: Query, floor: float) -> Query:
    """*query* without what only those need who score less than *floor*.

    Whoever scores *floor* or more is found by it with the same score; who scores less may be, with less than they have.
    """
    return _above(query, floor - _ROUNDED * max(1.0, abs(floor)))


def _above(query: Query, floor: float) -> Query:
    if floor <= 0:
        return query
    match query:
        case Best(queries):
            return Best([_above(one, floor) for one in queries if highest(one) >= floor])
        case All(queries):
            most = highest(query)
            return All([_above(one, floor - (most - highest(one))) for one in queries])
        case Boosted(inner, factor) if factor > 0:
            return Boosted(_above(inner, floor / factor), factor)
        case But(inner, without):
            return But(_above(inner, floor), without)
        case Words(field, text, fuzzy=True, any=any_) if floor > _SLIPPED:
            return Words(field, text, any=any_)
    return query
