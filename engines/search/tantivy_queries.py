"""Documents and queries as tantivy has them."""

import math
from collections.abc import Sequence
from functools import lru_cache

import tantivy

from engines.search import (
    All,
    Beginning,
    Best,
    Between,
    Boosted,
    But,
    Everything,
    Grams,
    Index,
    Query,
    Scored,
    SearchDocument,
    Starts,
    Stems,
    Terms,
    Words,
    order_of,
)
from engines.search.folding import edits, folded_word, grams, indexed_grams, indexed_words, words

ID = "_id"
ORDER = "_order"
_STEMMERS = {
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "hu": "hungarian", "it": "italian", "nb": "norwegian", "nl": "dutch", "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip


def schema(index: Index) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(ID, stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field(ORDER, fast=True)
    for name in (*index.words, *index.grams, *index.stems):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="basic")
    for name in (*index.terms, *index.keys):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def indexed(index: Index, document: SearchDocument) -> tantivy.Document:
    result = tantivy.Document()
    result.add_text(ID, document.id)
    result.add_unsigned(ORDER, order_of(document.id))
    for name, values in (document.fields or {}).items():
        for value in values:
            if name in index.words:
                value = indexed_words(value)
            elif name in index.grams:
                value = indexed_grams(value)
            elif name in index.stems:
                value = " ".join(_stems(index.stems[name], value))
            result.add_text(name, value)
    return result


@lru_cache
def _analyzer(language: str) -> tantivy.TextAnalyzer:
    stemmer = tantivy.Filter.stemmer(_STEMMERS[language])
    simple = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return simple.filter(tantivy.Filter.lowercase()).filter(stemmer).build()


def _stems(language: str, text: str) -> list[str]:
    """The folded words of *text* without their endings; with them in a language that has no stemmer."""
    return words(" ".join(_analyzer(language).analyze(text)) if language in _STEMMERS else text)


# Regular expressions take long to make; one question asks with the same ones several times.
Made = dict[Beginning | Between, tantivy.Query]


def translate(index: Index, schema: tantivy.Schema, query: Query, made: Made | None = None) -> tantivy.Query:
    """*query* as tantivy has it; what takes long to make is taken from *made*, and added to it."""

    def translated(queries: Sequence[Query]) -> list[tantivy.Query]:
        return [translate(index, schema, part, made) for part in queries]

    match query:
        case Everything():
            return always(tantivy.Query.all_query(), 1.0)
        case Words(field, text, fuzzy, any_):
            parts = [_word(schema, field, word) for word in words(text)]
            exact = always(combined(parts, tantivy.Occur.Should if any_ else tantivy.Occur.Must), 1.0)
            if not fuzzy:
                return exact
            parts = [_near(schema, field, word) for word in words(text)]
            near = always(combined(parts, tantivy.Occur.Should if any_ else tantivy.Occur.Must), 0.5)
            return tantivy.Query.disjunction_max_query([exact, near])
        case Starts(field, start):
            begun = tantivy.Query.fuzzy_term_query(schema, field, folded_word(start), distance=0, prefix=True)
            return always(begun, 1.0)
        case Grams(field, text, share):
            pieces = grams(text)
            parts = [_word(schema, field, piece) for piece in pieces]
            least = max(1, math.ceil(share * len(pieces)))
            return always(combined(parts, tantivy.Occur.Should, at_least=least), 1.0)
        case Stems(field, text):
            parts = [_word(schema, field, stem) for stem in _stems(index.stems[field], text)]
            return always(combined(parts, tantivy.Occur.Must), 1.0)
        case Terms(field, values):
            parts = [_word(schema, field, value) for value in values]
            return always(combined(parts, tantivy.Occur.Should), 1.0)
        case Beginning() | Between():
            known = {} if made is None else made
            if query not in known:
                known[query] = _of_terms(schema, query)
            return known[query]
        case Scored(inner, score):
            return always(translate(index, schema, inner, made), score)
        case Boosted(inner, factor):
            return tantivy.Query.boost_query(translate(index, schema, inner, made), factor)
        case Best(queries):
            return tantivy.Query.disjunction_max_query(translated(queries))
        case All(queries):
            return combined(translated(queries), tantivy.Occur.Must)
        case But(inner, without):
            kept, dropped = translated([inner, without])
            return tantivy.Query.boolean_query([(tantivy.Occur.Must, kept), (tantivy.Occur.MustNot, dropped)])


def _of_terms(schema: tantivy.Schema, query: Beginning | Between) -> tantivy.Query:
    """What matches terms by more than their being equal."""
    if isinstance(query, Beginning):
        return always(tantivy.Query.regex_query(schema, query.field, beginning(query.start)), 1.0)
    if query.lowest > query.highest:
        return tantivy.Query.empty_query()
    parts = [tantivy.Query.regex_query(schema, query.field, part) for part in between(query.lowest, query.highest)]
    return always(combined(parts, tantivy.Occur.Should), 1.0)


def combined(parts: list[tantivy.Query], occur: tantivy.Occur, at_least: int | None = None) -> tantivy.Query:
    if not parts:
        return tantivy.Query.empty_query()
    return tantivy.Query.boolean_query([(occur, part) for part in parts], minimum_number_should_match=at_least)


def _word(schema: tantivy.Schema, field: str, word: str) -> tantivy.Query:
    return tantivy.Query.term_query(schema, field, word, "basic")


def _near(schema: tantivy.Schema, field: str, word: str) -> tantivy.Query:
    forgiven = edits(word)
    if not forgiven:
        return _word(schema, field, word)
    return tantivy.Query.fuzzy_term_query(schema, field, word, distance=forgiven)


def always(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)


_LAST = 0x10FFFF
_ANYTHING = "[\\x{0}-\\x{10FFFF}]*"


def beginning(start: str) -> str:
    """The regular expression of all texts that begin with *start*."""
    return _exactly(start) + _ANYTHING


def between(lowest: str, highest: str) -> list[str]:
    """Regular expressions of all texts from *lowest* to *highest*: tantivy has no ranges of terms. Each is small, since their size
    is limited.
    """
    same = next(
        (at for at, (a, b) in enumerate(zip(lowest, highest, strict=False)) if a != b), min(len(lowest), len(highest))
    )
    if same == len(lowest):
        # What goes on behind *lowest* as *highest* does, or before it.
        return [_exactly(lowest), *_up_to(highest, same)]
    middle = _range(ord(lowest[same]) + 1, ord(highest[same]) - 1)
    found = [_exactly(lowest[:same]) + middle + _ANYTHING] if middle else []
    found.append(beginning(lowest))
    for at in range(same + 1, len(lowest)):
        above = _range(ord(lowest[at]) + 1, _LAST)
        found += [_exactly(lowest[:at]) + above + _ANYTHING] if above else []
    return [*found, _exactly(highest[: same + 1]), *_up_to(highest, same + 1)]


def _up_to(highest: str, begun: int) -> list[str]:
    """What goes on behind the first letters of *highest*, as it does or before it."""
    found: list[str] = []
    for at in range(begun, len(highest)):
        below = _range(0, ord(highest[at]) - 1)
        found += [_exactly(highest[:at]) + below + _ANYTHING] if below else []
        found.append(_exactly(highest[: at + 1]))
    return found


def _exactly(text: str) -> str:
    return "".join(map(_literal, text))


def _literal(character: str) -> str:
    return f"\\x{{{ord(character):X}}}"


def _range(first: int, last: int) -> str:
    return f"[\\x{{{first:X}}}-\\x{{{last:X}}}]" if first <= last else ""
