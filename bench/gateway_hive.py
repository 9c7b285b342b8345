"""What Hive Gateway is asked for the operations of the bench: it makes its schema of the services' messages, by itself.

So its names are those of methods and fields, a text is an object of languages, a time is in seconds, and a page has no edges. It is
asked for the same values, and what it answers is compared with ours value by value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.gateway_queries import LANGUAGE

_DIRECTORY, _SEARCH = "imi_directory_v1_DirectoryService", "imi_directory_v1_SearchService"
_REQUESTS = "imi_requests_v1_RequestsService"
_NAMES = {
    "informal_name": "name",
    "official_name": "officialName",
    "created_at": "createdAt",
    "total": "totalCount",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """An operation in another schema, and what its answer says in ours."""

    text: str
    as_ours: Callable[[Any], Any]


def _said(value: Any) -> Any:
    """*value* in our names and forms."""
    if isinstance(value, list):
        return [_said(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"texts"}:
        return (value["texts"] or {}).get(LANGUAGE, "")
    if set(value) == {"seconds"}:
        return datetime.fromtimestamp(value["seconds"], UTC).isoformat()
    found = {_NAMES.get(name, name): _said(one) for name, one in value.items()}
    for name in ("level", "status"):
        if name in found:
            found[name] = found[name].removeprefix(f"AUTHORITY_{name.upper()}_").removeprefix("REQUEST_STATUS_")
    if "languages" in found:
        found["languages"] = [one.upper() for one in found["languages"]]
    return found


def _data(answer: Any) -> Any:
    (found,) = answer["data"].values()
    return found


def _one(answer: Any) -> Any:
    return {"data": {"authority": _said(_data(answer)["authorities"][0])}}


def _work_list(answer: Any) -> Any:
    return {"data": {"requests": {"edges": [{"node": _said(one)} for one in _data(answer)["requests"]]}}}


def _five_hundred(answer: Any) -> Any:
    return {
        "data": {
            alias: {"edges": [{"node": _said(one)} for one in found["authorities"]]}
            for alias, found in answer["data"].items()
        }
    }


def _searched(answer: Any) -> Any:
    found = _data(answer)
    edges = [
        {"node": _said(one), "match": _said(match)}
        for one, match in zip(found["authorities"], found["matches"], strict=True)
    ]
    page = {"totalCount": found["total"], "edges": edges, "facets": _said(found["facets"])}
    return {"data": {"searchAuthorities": page}}


def _sent(answer: Any) -> Any:
    return {"data": {"sendRequest": _said(_data(answer))}}


_TEXT = "{ texts }"
_COUNTRY = f"country {{ name {_TEXT} }}"
_AUTHORITY = (
    f"id informal_name {_TEXT} official_name {_TEXT} description {_TEXT} revision level status languages "
    "contact { email phone }"
)
_ALL = " ".join(
    f'{a}: {_SEARCH}_SearchAuthorities(input: {{ language: "{LANGUAGE}", languages: ["{LANGUAGE}"], page: {{ first: 100, '
    f'after: "{a}" }} }}) {{ authorities {{ {_AUTHORITY} }} }}'
    for a in "abcde"
)

DIALECT: Mapping[str, Dialect] = {
    "Q1": Dialect(
        f'{{ {_DIRECTORY}_BatchGetAuthorities(input: {{ ids: ["aut_1"], languages: ["{LANGUAGE}"] }}) {{ '
        f"authorities {{ id informal_name {_TEXT} official_name {_TEXT} revision level status }} }} }}",
        _one,
    ),
    "Q2": Dialect(
        f"{{ {_REQUESTS}_ListRequests(input: {{ list: REQUEST_LIST_SENT, page: {{ first: 50 }} }}) {{ requests {{ "
        f"id status created_at {{ seconds }} requester {{ informal_name {_TEXT} {_COUNTRY} }} "
        f"responder {{ informal_name {_TEXT} {_COUNTRY} }} }} }} }}",
        _work_list,
    ),
    "Q3": Dialect(f"{{ {_ALL} }}", _five_hundred),
    "Q4": Dialect(
        f'{{ {_SEARCH}_SearchAuthorities(input: {{ language: "{LANGUAGE}", languages: ["{LANGUAGE}"], page: {{ first: 20 }}, '
        f"with_facets: true }}) {{ total authorities {{ id informal_name {_TEXT} {_COUNTRY} }} "
        f"matches {{ concepts {{ label {_TEXT} }} }} facets {{ countries {{ count {_COUNTRY} }} "
        f"areas {{ count area {{ name {_TEXT} }} }} levels {{ count level }} }} }} }}",
        _searched,
    ),
    "Q5": Dialect(
        f'mutation {{ {_REQUESTS}_SendRequest(input: {{ id: "req_1", command: {{ idempotency_key: "key" }} }}) {{ request {{ '
        f"id status requester {{ informal_name {_TEXT} }} responder {{ informal_name {_TEXT} }} }} }} }}",
        _sent,
    ),
}
