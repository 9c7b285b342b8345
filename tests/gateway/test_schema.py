"""The schema: current on paper, complete in its contracts, in step with the messages behind it."""

import enum
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor
from graphql import GraphQLEnumType, GraphQLObjectType
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from gateway import enums
from gateway.readings import READING, Reading
from gateway.schema import schema
from protos.alerts.v1 import alerts_pb2, filters_pb2, receipts_pb2, webhooks_pb2
from protos.common.v1 import audit_pb2, common_pb2
from protos.directory.v1 import (
    directory_pb2,
    feedback_pb2,
    guidance_pb2,
    people_pb2,
    registration_pb2,
    search_pb2,
    statistics_pb2,
)
from protos.repositories.v1 import definitions_pb2, repositories_pb2
from protos.requests.v1 import publishing_pb2, requests_pb2, routing_pb2, worklists_pb2
from protos.translation.v1 import translation_pb2
from vocabulary import languages

EXPORTED = Path(__file__).resolve().parents[2] / "gateway" / "schema.graphql"
FILES = [
    module.DESCRIPTOR
    for module in (
        alerts_pb2,
        audit_pb2,
        common_pb2,
        definitions_pb2,
        directory_pb2,
        feedback_pb2,
        filters_pb2,
        guidance_pb2,
        people_pb2,
        publishing_pb2,
        receipts_pb2,
        registration_pb2,
        repositories_pb2,
        requests_pb2,
        routing_pb2,
        search_pb2,
        statistics_pb2,
        translation_pb2,
        webhooks_pb2,
        worklists_pb2,
    )
]
GRAPHQL = schema._schema

CONTRACT = """
Query: viewer node(id) nodes(ids) searchAuthorities(text,language,filter,first,after) authority(id) areas countries helpdesks
Query: questionSets(area) request(id) requests(list,filter,first,after) alert(id) alerts(first,after) inbox(after,first)
Query: repositories repository(code) repositoryEntries(repository,text,filter,first,after) repositoryEntry(id) diff(entry,from,to)
Query: ownEntries(repository) pendingEntries(repository) entryVersions(id) translate(text,from,to)
Query: alertReceipt(id) receiptKeys
Mutation: createRequest sendRequest acceptRequest answerRequest closeRequest withdrawRequest
Mutation: createAlert submitAlert broadcastAlert acknowledgeAlert disseminateAlert addAlertInformation
Mutation: registerAuthority inviteAuthority registerByInvitation validateAuthority suspendAuthority deregisterAuthority
Mutation: requestAccess grantAccess publishRepository createEntry editEntry submitEntry returnEntry approveEntry publishEntry
Mutation: withdrawEntry archiveEntry revertEntry deleteEntryDraft
Query: detectLanguage(text) suggestedLanguages(recipient) labels(enums,language) refusals(language)
Query: help(of) glossary(text) faq(block,text) guidelines(block) helpdesks(country) commissionHelpdesk feedback(first,after) system
Mutation: sendFeedback
Subscription: translations(jobs)
Subscription: alertStream(after) requestChanges(after) repositoryChanges(repository,after)
AuthoritySearchConnection: edges pageInfo totalCount
AuthoritySearchEdge: node cursor
PageInfo: hasNextPage hasPreviousPage startCursor endCursor
Authority: id name country concepts languages
Country: code name
Alert: related receipt
Concept: id label
FreeText: text(language)
FreeTextReading: original translation notice
"""
NAMED = [
    (kind, *re.fullmatch(r"(\w+)(?:\(([\w,]*)\))?", field).groups())  # type: ignore[union-attr]
    for line in CONTRACT.strip().splitlines()
    for kind, _, fields in [line.partition(": ")]
    for field in fields.split()
]


def test_the_exported_schema_is_current() -> None:
    assert EXPORTED.read_text(encoding="utf-8") == schema.as_str() + "\n", "run `make schema`"


@pytest.mark.parametrize(("kind", "field", "arguments"), NAMED)
def test_what_clients_rely_on_is_there(kind: str, field: str, arguments: str | None) -> None:
    found = GRAPHQL.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    assert set((arguments or "").split(",")) - {""} <= set(found.fields[field].args)


def test_the_search_has_the_argument_types_of_its_contract() -> None:
    search = GRAPHQL.query_type.fields["searchAuthorities"]  # type: ignore[union-attr]
    types = {name: str(argument.type) for name, argument in search.args.items()}
    assert types == {
        "text": "String",
        "language": "Language",
        "filter": "AuthorityFilter",
        "first": "Int",
        "after": "String",
    }


def test_requests_are_listed_by_what_there_is_to_do() -> None:
    lists = GRAPHQL.type_map["RequestList"]
    assert isinstance(lists, GraphQLEnumType)
    assert {"ACTION_REQUIRED", "SENT", "RECEIVED", "OVERDUE"} <= set(lists.values)


def test_every_mutation_has_one_input_with_a_key_and_one_payload_with_what_it_changed() -> None:
    mutations = GRAPHQL.mutation_type
    assert mutations is not None
    for name, field in mutations.fields.items():
        kind = name[0].upper() + name[1:]
        assert {argument: str(one.type) for argument, one in field.args.items()} == {"input": f"{kind}Input!"}
        assert str(field.type) == f"{kind}Payload!"
        assert "idempotencyKey" in GRAPHQL.type_map[f"{kind}Input"].fields  # type: ignore[attr-defined]
        assert len(GRAPHQL.type_map[f"{kind}Payload"].fields) == 1  # type: ignore[attr-defined]


def test_languages_are_those_of_the_vocabulary() -> None:
    assert {member.value for member in enums.Language} == set(languages.ALL)
    assert all(member.name == member.value.upper() for member in enums.Language)


ENUMS = [
    kind
    for kind in vars(enums).values()
    if isinstance(kind, type) and issubclass(kind, enum.Enum) and kind not in (enum.Enum, enums.Language)
]


@pytest.mark.parametrize("kind", ENUMS)
def test_an_enum_has_the_members_of_its_protobuf_enum(kind: type[enum.Enum]) -> None:
    (wire,) = [file.enum_types_by_name[kind.__name__] for file in FILES if kind.__name__ in file.enum_types_by_name]
    assert {member.name: member.value for member in kind} == _members(wire)


def _members(wire: EnumDescriptor) -> dict[str, int]:
    """The names and numbers of a protobuf enum, without its prefix and its zero."""
    prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", wire.name).upper() + "_"
    return {value.name.removeprefix(prefix): value.number for value in wire.values if value.number}


def _message(name: str) -> Descriptor:
    found: list[Descriptor] = [file.message_types_by_name[name] for file in FILES if name in file.message_types_by_name]
    (message,) = found
    return message


# The message behind each type, where it has another name; or the messages, by name, behind one that joins several;
# the one without a name also lends its own fields.
BEHIND: dict[str, str | dict[str, str]] = {
    "RequestHistoryEntry": "HistoryEntry",
    "RequestProof": "Proof",
    "AlertProof": "Proof",
    "AlertStreamItem": "WatchInboxResponse",
    "AlertReceipt": "ReceiptHead",
    "RequestChange": "WatchChangesResponse",
    "RepositoryEntry": "Entry",
    "FormField": "Field",
    "AskedQuestion": {"asked": "AskedQuestion", "question": "Question"},
    "Answer": {"answer": "Answer", "question": "Question"},
    "EntryVersion": {"version": "EntryVersion", "": "EntryVersion"},
    "CountryCount": "Count",
    "AreaCount": "Count",
    "ConceptCount": "Count",
    "LanguageCount": "Count",
    "RegisterAuthorityPayload": "RegisterAuthorityResponse",
    "EditAuthorityPayload": "EditAuthorityResponse",
    "ValidateAuthorityPayload": "ValidateAuthorityResponse",
    "RejectAuthorityPayload": "RejectAuthorityResponse",
    "SuspendAuthorityPayload": "SuspendAuthorityResponse",
    "ReinstateAuthorityPayload": "ReinstateAuthorityResponse",
    "DeregisterAuthorityPayload": "DeregisterAuthorityResponse",
    "InviteAuthorityPayload": "InviteAuthorityResponse",
    "RenewInvitationPayload": "RenewInvitationResponse",
    "WithdrawInvitationPayload": "WithdrawInvitationResponse",
    "RegisterByInvitationPayload": "RegisterByInvitationResponse",
    "InvitedAuthority": "Authority",
    "RequestAccessPayload": "RequestAccessResponse",
    "GrantAccessPayload": "GrantAccessResponse",
    "RefuseAccessPayload": "RefuseAccessResponse",
    "ChangeAccessPayload": "ChangeAccessResponse",
    "WithdrawAccessPayload": "WithdrawAccessResponse",
    "PublishQuestionSetPayload": "PublishQuestionSetResponse",
    "PublishRepositoryPayload": "PublishDefinitionResponse",
    "RepositoryChange": "WatchRepositoryResponse",
    "DetectedLanguage": "Detection",
    "TranslationReport": "Report",
    "ApprovedTranslation": "MemoryEntry",
    "TranslationUpdate": "WatchTranslationsResponse",
    "ImportedTranslations": "ImportMemoryResponse",
}


def _behind(kind: str) -> Descriptor | dict[str, Descriptor]:
    name = BEHIND.get(kind, kind)
    if isinstance(name, dict):
        return {part: _message(message) for part, message in name.items()}
    return _message(name)


def _exists(behind: Descriptor | dict[str, Descriptor], path: str) -> bool:
    here: Any = behind
    for part in path.split("."):
        if isinstance(here, dict) and part not in here:
            here = here.get("")
        fields = here if isinstance(here, dict) else here.fields_by_name if here is not None else {}
        if part not in fields:
            return False
        found = fields[part]
        here = found if isinstance(found, Descriptor) else found.message_type
    return True


def _read() -> list[tuple[str, StrawberryField, Reading]]:
    """Every field that has a reading."""
    definitions = [
        concrete.definition
        for concrete in schema.schema_converter.type_map.values()
        if isinstance(concrete.definition, StrawberryObjectDefinition)
    ]
    return [
        (definition.name, field, field.metadata[READING])
        for definition in definitions
        for field in definition.fields
        if READING in field.metadata
    ]


@pytest.mark.parametrize(("kind", "field", "reading"), _read(), ids=lambda value: getattr(value, "name", None))
def test_what_a_field_reads_is_in_its_message(kind: str, field: StrawberryField, reading: Reading) -> None:
    assert _exists(_behind(kind), reading.source), f"{kind}.{field.name} reads {reading.source}"
    if reading.batch is not None:
        assert reading.batch.items in _message(f"{reading.batch.method}Response").fields_by_name
