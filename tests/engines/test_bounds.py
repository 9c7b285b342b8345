"""What of a query is left out for those who score a lot makes no difference to them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.search import All, Best, Boosted, But, Everything, Grams, Query, Scored, Terms, Words
from engines.search.bounds import above, highest

# Word → how a document says it.
Said = Mapping[str, str]
WORDS = ("one", "two", "three")
SCORES = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.6, 1.0, 2.0])
LEAVES = st.one_of(
    st.just(Everything()),
    st.builds(Words, st.just("name"), st.sampled_from(WORDS), st.booleans()),
    st.builds(Grams, st.just("pieces"), st.sampled_from(WORDS), st.just(0.7)),
    st.builds(Terms, st.just("said"), st.tuples(st.sampled_from(WORDS))),
)
QUERIES: st.SearchStrategy[Query] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Scored, inner, SCORES),
        st.builds(Boosted, inner, SCORES),
        st.builds(Best, st.lists(inner, min_size=1, max_size=3)),
        st.builds(All, st.lists(inner, min_size=1, max_size=3)),
        st.builds(But, inner, inner),
    ),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(["exactly", "with a slip", "in pieces"]))


def score(query: Query, said: Said) -> float | None:
    """What a document that says this scores; None if it is not found."""
    match query:
        case Everything():
            return 1.0
        case Words(_, word, fuzzy):
            how = said.get(word)
            return 1.0 if how == "exactly" else 0.5 if fuzzy and how == "with a slip" else None
        case Grams(_, word) | Terms(_, (word,)):
            return 1.0 if word in said else None
        case Scored(inner, constant):
            return None if score(inner, said) is None else constant
        case Boosted(inner, factor):
            found = score(inner, said)
            return None if found is None else found * factor
        case Best(queries):
            return max((one for part in queries if (one := score(part, said)) is not None), default=None)
        case All(queries):
            parts = [score(part, said) for part in queries]
            return None if None in parts else sum(one for one in parts if one is not None)
        case But(inner, without):
            return score(inner, said) if score(without, said) is None else None
    raise AssertionError(query)


@given(QUERIES, DOCUMENTS, st.sampled_from([0.0, 0.2, 0.5, 0.75, 1.0, 1.5, 3.0]))
def test_who_scores_so_much_scores_the_same_and_nobody_scores_more(query: Query, said: Said, floor: float) -> None:
    whole, part = score(query, said), score(above(query, floor), said)
    if whole is not None:
        assert whole <= highest(query) + 1e-9
    if whole is not None and whole >= floor:
        assert part == pytest.approx(whole)
    elif part is not None:
        assert whole is not None
        assert part <= whole


def test_what_is_dear_and_gives_little_is_left_out() -> None:
    word = Best([Scored(Words("name", "one"), 1.0), Scored(Grams("pieces", "one", 0.7), 0.1)])
    assert above(word, 0.0) == word
    assert above(word, 0.5) == Best([Scored(Words("name", "one"), 1.0)])
    # The other word gives at most 1: whoever scores 1.8 has both.
    assert above(All([word, Words("name", "two", fuzzy=True)]), 1.8) == All(
        [Best([Scored(Words("name", "one"), 1.0)]), Words("name", "two")]
    )
