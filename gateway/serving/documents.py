"""Documents that clients name by an id instead of sending them: those that operations trust, and those that clients have sent before.

A trusted document is deployed with the gateway; where only they are answered, nobody can ask what no developer has thought of.
An automatically persisted one is sent once with its SHA-256 hash and then named by it, which makes requests short and lets a GET
have an operation; it is forgotten sooner or later, and sent again.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphql import GraphQLError, parse
from prometheus_client import Counter

from chassis.settings import CannotStart
from vocabulary.refusals import Forbidden, Invalid, NotFound

SHA256 = "sha256:"
# Of automatically persisted documents, all together; each takes so much besides its text.
KEPT_BYTES = 8 * 1024 * 1024
OVERHEAD_BYTES = 500
# What Apollo's clients wait for before they send the document itself.
NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"

REFUSED = Counter("imi_gateway_documents_refused_total", "Documents that are not trusted or not known.", ["reason"])


class UntrustedDocument(Forbidden):
    """Only documents are answered that are deployed with the gateway."""

    default_reason = "UNTRUSTED_DOCUMENT"


class Documents:
    """Finds the text of a document."""

    def __init__(self, trusted: Mapping[str, str] | None = None, *, trusted_only: bool = False) -> None:
        self._trusted = dict(trusted or {})
        self._texts = frozenset(self._trusted.values())
        self._trusted_only = trusted_only
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def text(
        self, query: str | None, document_id: str | None, extensions: Mapping[str, Any] | None, *, keeps: bool
    ) -> str | None:
        """The document that is meant; None if there is none at all.

        With *keeps*, one that is sent with its hash is remembered. Raises NotFound for an id that is not known (reason
        `PERSISTED_QUERY_NOT_FOUND`: send the document too), UntrustedDocument, and Invalid for a hash that is another's.
        """
        hashed = _persisted(extensions)
        found = self._by_id(document_id or f"{SHA256}{hashed}") if document_id or hashed else None
        if document_id and query is not None and found != query:
            raise Invalid("send a document or its id, not both", field="documentId", reason="TWO_DOCUMENTS")
        if hashed and query is not None and hashed != _hash(query):
            raise Invalid("the hash is not that of the document", field="extensions.persistedQuery", reason="HASH")
        if found is not None:
            return found
        if query is None:
            if document_id or hashed:
                REFUSED.labels("unknown").inc()
                raise NotFound("PersistedQueryNotFound", field="documentId" if document_id else "", reason=NOT_FOUND)
            return None
        if self._trusted_only and query not in self._texts:
            REFUSED.labels("untrusted").inc()
            raise UntrustedDocument("this gateway answers documents that are deployed with it, and no others")
        if hashed and keeps:
            self._keep(hashed, query)
        return query

    def _by_id(self, id_: str) -> str | None:
        found = self._trusted.get(id_) or self._trusted.get(id_.removeprefix(SHA256))
        if found is None and not self._trusted_only:
            found = self._sent.get(id_.removeprefix(SHA256))
            if found is not None:
                self._sent.move_to_end(id_.removeprefix(SHA256))
        return found

    def _keep(self, hashed: str, query: str) -> None:
        if hashed in self._sent or self._trusted_only:
            return
        self._sent[hashed] = query
        self._bytes += _size(query)
        while self._bytes > KEPT_BYTES:
            _, forgotten = self._sent.popitem(last=False)
            self._bytes -= _size(forgotten)


def _hash(document: str) -> str:
    return hashlib.sha256(document.encode(errors="replace")).hexdigest()


def _size(document: str) -> int:
    return len(document.encode(errors="replace")) + OVERHEAD_BYTES


def _persisted(extensions: Mapping[str, Any] | None) -> str:
    """The hash of an automatically persisted query, in lower case; empty if there is none."""
    said = (extensions or {}).get("persistedQuery")
    if said is None:
        return ""
    if not isinstance(said, dict) or said.get("version") != 1 or not isinstance(said.get("sha256Hash"), str):
        message = "`persistedQuery` is an object with `version` 1 and a `sha256Hash`"
        raise Invalid(message, field="extensions.persistedQuery", reason="BODY")
    return str(said["sha256Hash"]).lower()


def trusted_documents(path: Path) -> dict[str, str]:
    """Id → document, of a JSON file. Raises CannotStart for what is none, for a document that cannot be parsed, and for an id that
    says it is the document's hash and is another's."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CannotStart(f"TRUSTED_DOCUMENTS={path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise CannotStart(f"TRUSTED_DOCUMENTS={path} is not an object of documents by their ids")
    for id_, text in found.items():
        try:
            parse(text)
        except GraphQLError as error:
            raise CannotStart(f"TRUSTED_DOCUMENTS={path}: document {id_} is not GraphQL: {error.message}") from error
        if id_.startswith(SHA256) and id_.removeprefix(SHA256) != hashlib.sha256(text.encode()).hexdigest():
            raise CannotStart(f"TRUSTED_DOCUMENTS={path}: document {id_} has another hash")
    return found
