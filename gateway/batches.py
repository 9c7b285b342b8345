"""Batch reads as data: which service, which method, what its answer is called. Every link in the schema goes through one of them.

Each operation has one loader per batch read, so that however many fields ask for an authority, the directory is asked once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from gateway.loading import Loader
from protos.alerts.v1 import alerts_pb2, receipts_pb2, related_pb2
from protos.directory.v1 import directory_pb2, people_pb2
from protos.repositories.v1 import repositories_pb2
from protos.requests.v1 import requests_pb2

if TYPE_CHECKING:
    from gateway.context import Context


@dataclass(frozen=True, slots=True, eq=False)
class BatchRead:
    """A batch RPC: ``<service>.<method>(request(ids=…))`` answers with *items*, each known by its *key*."""

    service: str
    method: str
    request: type[Message]
    items: str
    key: str = "id"

    @property
    def part(self) -> str:
        """The part of the system that answers it: its package says so, ``imi.<part>.v1``."""
        return self.request.DESCRIPTOR.file.package.split(".")[1]

    @property
    def localized(self) -> bool:
        """Whether it is to be told which languages are wanted."""
        return "languages" in self.request.DESCRIPTOR.fields_by_name


AUTHORITIES = BatchRead("directory", "BatchGetAuthorities", directory_pb2.BatchGetAuthoritiesRequest, "authorities")
USERS = BatchRead("directory", "BatchGetUsers", directory_pb2.BatchGetUsersRequest, "users")
COUNTRIES = BatchRead("directory", "BatchGetCountries", directory_pb2.BatchGetCountriesRequest, "countries", "code")
REGIONS = BatchRead("directory", "BatchGetRegions", directory_pb2.BatchGetRegionsRequest, "regions", "code")
AREAS = BatchRead("directory", "BatchGetAreas", directory_pb2.BatchGetAreasRequest, "areas", "code")
CONCEPTS = BatchRead("directory", "BatchGetConcepts", directory_pb2.BatchGetConceptsRequest, "concepts")
SUGGESTED_LANGUAGES = BatchRead(
    "people", "BatchSuggestLanguages", people_pb2.BatchSuggestLanguagesRequest, "suggestions", "authority_id"
)
REQUESTS = BatchRead("requests", "BatchGetRequests", requests_pb2.BatchGetRequestsRequest, "requests")
REQUEST_ACTIONS = BatchRead("requests", "BatchGetActions", requests_pb2.BatchGetActionsRequest, "actions")
FAMILIES = BatchRead("requests", "BatchGetFamilies", requests_pb2.BatchGetFamiliesRequest, "families")
FILE_SCANS = BatchRead("requests", "BatchGetFileScans", requests_pb2.BatchGetFileScansRequest, "scans")
QUESTION_SETS = BatchRead("requests", "BatchGetQuestionSets", requests_pb2.BatchGetQuestionSetsRequest, "question_sets")
ALERTS = BatchRead("alerts", "BatchGetAlerts", alerts_pb2.BatchGetAlertsRequest, "alerts")
ALERT_ACTIONS = BatchRead("alerts", "BatchGetActions", alerts_pb2.BatchGetActionsRequest, "actions")
ALERT_TYPES = BatchRead("alerts", "BatchGetAlertTypes", alerts_pb2.BatchGetAlertTypesRequest, "alert_types")
RELATED_ALERTS = BatchRead(
    "related_alerts", "BatchGetRelatedAlerts", related_pb2.BatchGetRelatedAlertsRequest, "related"
)
RECEIPT_HEADS = BatchRead(
    "receipts", "BatchGetReceiptHeads", receipts_pb2.BatchGetReceiptHeadsRequest, "heads", "alert_id"
)
ENTRIES = BatchRead("repositories", "BatchGetEntries", repositories_pb2.BatchGetEntriesRequest, "entries")
ENTRY_ACTIONS = BatchRead(
    "repositories", "BatchGetEntryActions", repositories_pb2.BatchGetEntryActionsRequest, "actions"
)
ENTRY_FILE_SCANS = BatchRead(
    "repositories", "BatchGetEntryFileScans", repositories_pb2.BatchGetEntryFileScansRequest, "scans"
)
# By code the newest version, by "<code>:<version>" that one.
REPOSITORIES = BatchRead(
    "repositories", "BatchGetRepositories", repositories_pb2.BatchGetRepositoriesRequest, "repositories"
)


def loader(context: "Context", batch: BatchRead) -> Loader:
    """A loader of *batch* for one operation: id → message, or None for what is not there or not to be known of."""

    async def read(ids: Sequence[str]) -> list[Any]:
        backend = getattr(context.backends, batch.service)
        request: Any = batch.request(ids=ids)
        if batch.localized:
            request.languages.extend(context.languages)
        response = await backend.call(getattr(backend.stub, batch.method), request)
        found = {getattr(item, batch.key): item for item in getattr(response, batch.items)}
        return [found.get(id_) for id_ in ids]

    return Loader(read)
