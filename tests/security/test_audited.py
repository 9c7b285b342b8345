"""Every method that only reads either leaves rows in the audit, or shows nothing that is anybody's: no method is forgotten."""

from importlib import import_module

from google.protobuf.descriptor_pool import Default

from chassis.audit.noting import reads
from gateway.backends import AUDITED
from tests.cells import cell

# What is shown is an exchange, an entry, a file, a person, or the audit: tests/<service>/test_audit.py tries them.
SHOWN = {
    "directory": "BatchGetAuthorities BatchGetUsers ListAuthoritiesToCoordinate ListChanges ListFeedback ListUsers",
    "requests": "BatchGetFamilies BatchGetRequests DownloadFile ListRequests RenderReport",
    "alerts": "BatchGetAlerts ListAlerts RenderCap RenderReceipt",
    "repositories": "BatchGetEntries DiffEntry DownloadEntryFile ExportEntries ListEntryVersions ListOwnEntries ListPendingEntries "
    "SearchEntries SuggestEntries",
}
# Texts of the system, ids and codes, numbers, what is public, what the own authority has set up, and what only services ask.
NOTHING = {
    "directory": "BatchGetAreas BatchGetConcepts BatchGetCountries BatchGetInfoPoints BatchGetParticipants BatchGetRegions "
    "BatchSuggestLanguages ExportAuthorities GetDirectoryStatistics GetInvitation ListAreas ListCountries ListGuidelines "
    "ListHelpdesks ListParticipants SearchAuthorities SearchFaq SearchGlossary SuggestSearch",
    "requests": "BatchGetActions BatchGetFileScans BatchGetQuestionSets CountOpenExchanges CountRequests ListQuestionSets "
    "SuggestRecipients WatchChanges",
    "alerts": "BatchGetActions BatchGetAlertTypes BatchGetReceiptHeads BatchGetRelatedAlerts CountOpenExchanges ListAlertTypes "
    "ListReceiptKeys ListSavedFilters ListWebhooks ReadInbox WatchInbox",
    "repositories": "BatchGetEntryActions BatchGetEntryFileScans BatchGetRepositories ListRepositories WatchRepository",
}
AUDIT = {"ListReads", "GetAuditHead"}


def test_each_method_that_reads_is_known_to_leave_rows_or_to_show_nothing() -> None:
    for service in AUDITED:
        with cell(service):
            names = import_module(f"services.{service}.wiring").SERVICES
            methods = {method.name for name in names for method in Default().FindServiceByName(name).methods}
            shown, nothing = set(SHOWN[service].split()), set(NOTHING[service].split())
            assert shown.isdisjoint(nothing)
            # A method of another name is a command; its answer is noted as what it shows.
            assert {name for name in methods if reads(name)} - AUDIT == shown | nothing
