"""Documents and queries as Elasticsearch has them."""

import math
import re
from collections.abc import Sequence
from typing import Any

from engines.search import (
    FACET_VALUES,
    All,
    Beginning,
    Best,
    Between,
    Boosted,
    But,
    Everything,
    Facet,
    Grams,
    Index,
    Query,
    Scored,
    SearchDocument,
    Sort,
    Starts,
    Stems,
    Terms,
    Words,
    concerns,
    most_frequent_first,
    order_of,
)
from engines.search.folding import edits, folded_word, grams, indexed_grams, indexed_words, words

ORDER = "order"
# What comes folded is only taken apart at its spaces.
FOLDED = "whitespace"
# What a regular expression of Lucene's gives a meaning.
_SPECIAL = re.compile(r'[.?+*|{}\[\]()"\\#@&<>~^$-]')
# Languages without one keep their words as they are, folded.
ANALYZERS = {
    "bg": "bulgarian", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "et": "estonian", "fi": "finnish", "fr": "french", "ga": "irish", "hu": "hungarian", "it": "italian", "lt": "lithuanian",
    "lv": "latvian", "nb": "norwegian", "nl": "dutch", "pl": "polish", "pt": "portuguese", "ro": "romanian", "sv": "swedish",
}  # fmt: skip


def mappings(index: Index) -> dict[str, Any]:
    text = {"type": "text", "analyzer": FOLDED, "index_options": "docs", "norms": False}
    properties: dict[str, Any] = {ORDER: {"type": "long"}}
    properties |= dict.fromkeys((*index.words, *index.grams), text)
    properties |= {name: {"type": "keyword"} for name in (*index.terms, *index.keys)}
    properties |= {
        name: {**text, "analyzer": ANALYZERS.get(language, FOLDED)} for name, language in index.stems.items()
    }
    # Only ids come back, and an index is made again from the store: what went in need not be kept.
    return {"dynamic": "strict", "_source": {"enabled": False}, "properties": properties}


def operation(index: Index, name: str, document: SearchDocument) -> list[dict[str, Any]]:
    where = {"_index": name, "_id": document.id, "version": document.revision, "version_type": "external_gte"}
    if document.fields is None:
        return [{"delete": where}]
    fields = {field: [_indexed(index, field, one) for one in values] for field, values in document.fields.items()}
    return [{"index": where}, {ORDER: order_of(document.id), **fields}]


def _indexed(index: Index, field: str, value: str) -> str:
    if field in index.words:
        return indexed_words(value)
    if field in index.grams:
        return indexed_grams(value)
    if field in index.stems:
        return _for_stems(index, field, value)
    return value


def _for_stems(index: Index, field: str, text: str) -> str:
    """A language's analyzer wants the words as they are written; without one they are folded."""
    return text if index.stems[field] in ANALYZERS else " ".join(words(text))


def translate(index: Index, query: Query) -> dict[str, Any]:
    match query:
        case Everything():
            return {"match_all": {}}
        case Words(field, text, fuzzy, any_):
            combined = _any if any_ else _all
            exact = _always(combined([{"term": {field: word}} for word in words(text)]), 1.0)
            if not fuzzy:
                return exact
            near = _always(combined([_near(field, word) for word in words(text)]), 0.5)
            return {"dis_max": {"queries": [exact, near]}}
        case Starts(field, start):
            return _always({"prefix": {field: folded_word(start)}}, 1.0)
        case Grams(field, text, share):
            pieces = grams(text)
            parts = [{"term": {field: piece}} for piece in pieces]
            return _always(_any(parts, at_least=max(1, math.ceil(share * len(pieces)))), 1.0)
        case Stems(field, text):
            return _always({"match": {field: {"query": _for_stems(index, field, text), "operator": "and"}}}, 1.0)
        case Terms(field, values):
            return _always({"terms": {field: list(values)}}, 1.0)
        case Beginning(field, start):
            return _always({"prefix": {field: start}}, 1.0)
        case Between(field, lowest, highest):
            return _always({"range": {field: {"gte": lowest, "lte": highest}}}, 1.0)
        case Scored(inner, score):
            return _always(translate(index, inner), score)
        case Boosted(inner, factor):
            return {"bool": {"must": [translate(index, inner)], "boost": factor}}
        case Best(queries):
            return {"dis_max": {"queries": [translate(index, part) for part in queries]}}
        case All(queries):
            return _all([translate(index, part) for part in queries])
        case But(inner, without):
            return {"bool": {"must": [translate(index, inner)], "must_not": [translate(index, without)]}}


def _near(field: str, word: str) -> dict[str, Any]:
    forgiven = edits(word)
    return {"fuzzy": {field: {"value": word, "fuzziness": forgiven}}} if forgiven else {"term": {field: word}}


def facet(index: Index, counted: Facet, late: Sequence[Terms]) -> dict[str, Any]:
    """The values that *counted* names among what *late* leaves, but for its own filters."""
    others = [translate(index, part) for part in late if not concerns(part, counted)]
    terms: dict[str, Any] = {"size": FACET_VALUES, "shard_size": FACET_VALUES}
    if isinstance(counted, Beginning):
        terms |= {"field": counted.field, "include": f"{_SPECIAL.sub(_escaped, counted.start)}(.|\n)*"}
    else:
        terms |= {"field": counted}
    return {"filter": {"bool": {"filter": others}}, "aggs": {"values": {"terms": terms}}}


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found.group()}"


def sorting(by: Sort | None) -> dict[str, Any]:
    """By score, or by a key, with those that have none at the end."""
    if by is None:
        return {"_score": "desc"}
    return {by.key: {"order": "desc" if by.descending else "asc", "missing": "_last"}}


def counts(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return most_frequent_first(answer["values"]["buckets"])


def _all(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"must": parts}} if parts else {"match_none": {}}


def _any(parts: list[dict[str, Any]], at_least: int = 1) -> dict[str, Any]:
    return {"bool": {"should": parts, "minimum_should_match": at_least}} if parts else {"match_none": {}}


def _always(query: dict[str, Any], score: float) -> dict[str, Any]:
    return {"constant_score": {"filter": query, "boost": score}}
