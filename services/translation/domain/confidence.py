"""How much of a text comes back when its translation is translated back: little says that it is particularly uncertain.

Much says nothing: an engine may make the same mistake twice, and undo it.
"""

from rapidfuzz import fuzz

from services.translation.domain.memory import normalised

# Below this share of characters, what came back says something else. A judgement, taken on the cautious side.
LOW = 0.5


def similarity(text: str, came_back: str) -> float:
    """From 0 to 1: how much of *text* is in *came_back*, whatever the order of its words."""
    ratio = fuzz.token_sort_ratio(normalised(text).casefold(), normalised(came_back).casefold())
    return round(ratio / 100, 3)


def is_low(similarity: float) -> bool:
    """Whether so little came back that the reader should know."""
    return similarity < LOW
