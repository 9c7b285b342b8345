"""What the schema gives alike to everybody in a language: the one place that says so.

Named are fields whose value depends on no person: reference data, and what is public of repositories. Whoever has not signed in
is shown less of some of it, but all of them the same; what is in `PUBLIC` depends on the person once somebody has signed in, and is
alike to nobody in particular alone. **A field that is not named here depends on its reader**: forgetting one costs time and discloses
nothing. Not named, for instance, is what changes without an event: how an address answered, the scan of a file, a translation.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from enum import StrEnum

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Visitor,
    get_named_type,
    visit,
)

from gateway.limits.known import is_remembered, operations_of
from protos.repositories.v1 import events_pb2 as repositories_events
from protos.requests.v1 import events_pb2 as requests_events


class Source(StrEnum):
    """What an answer is made of."""

    GATEWAY = "gateway"
    DIRECTORY = "directory"
    QUESTION_SETS = "question_sets"
    ALERT_TYPES = "alert_types"
    DEFINITIONS = "definitions"
    ENTRIES = "entries"


# Which service has it. The gateway's own texts are as old as the process.
PARTS: Mapping[Source, str] = {
    Source.DIRECTORY: "directory",
    Source.QUESTION_SETS: "requests",
    Source.ALERT_TYPES: "alerts",
    Source.DEFINITIONS: "repositories",
    Source.ENTRIES: "repositories",
}

# Type of an event → what is not as it was. What is not here changes with a release of its service alone.
CHANGES: Mapping[str, frozenset[Source]] = {
    requests_events.QuestionSetPublished.DESCRIPTOR.full_name: frozenset({Source.QUESTION_SETS}),
    repositories_events.DefinitionPublished.DESCRIPTOR.full_name: frozenset({Source.DEFINITIONS, Source.ENTRIES}),
    repositories_events.EntryChanged.DESCRIPTOR.full_name: frozenset({Source.ENTRIES}),
}

_ENTRY_COMMANDS = (
    "createEntry editEntry submitEntry returnEntry approveEntry publishEntry withdrawEntry archiveEntry revertEntry "
    "deleteEntryDraft"
)
# Command → the same, at once where it was sent: whoever has published something looks for it there.
COMMANDS: Mapping[str, frozenset[Source]] = {
    "publishQuestionSet": frozenset({Source.QUESTION_SETS}),
    "publishRepository": frozenset({Source.DEFINITIONS, Source.ENTRIES}),
    **dict.fromkeys(_ENTRY_COMMANDS.split(), frozenset({Source.ENTRIES})),
}

_QUESTION = (
    "code text help type choices mandatory minimum maximum follows opensOn appliesIf automatic excuses allowsFreeText "
    "allowsAttachments suggestsAlertOn"
)
_REPOSITORY = (
    "code schemaVersion title description legalBasis visibility audience area editorRoles approval retention fields "
    "fieldRules"
)

# Source → type → those of its fields that come from there.
ALIKE: Mapping[Source, Mapping[str, str]] = {
    Source.GATEWAY: {
        "Query": "system labels refusals",
        "System": "training notice blocks",
        "EnumLabels": "name values",
        "ValueLabel": "code label",
        "RefusalText": "code reason text",
        # These are parts of what comes from elsewhere.
        "FormField": "code label help type choices mandatory personal many minimum maximum",
        "Choice": "code label",
    },
    Source.DIRECTORY: {
        "Query": "areas countries help glossary faq guidelines",
        "Area": "code name act concepts modules",
        "Concept": "id label areaCodes",
        "Country": "code name languages",
        "InfoPoint": "of text",
        "GlossaryTerm": "code name meaning",
        "FrequentQuestion": "code block question answer",
        "Guideline": "block title sections",
        "GuidelineSection": "code title text",
    },
    Source.QUESTION_SETS: {
        "Query": "questionSets",
        "QuestionSet": "id code version title area groups urgentFor",
        "QuestionGroup": "code title questions",
        "Question": _QUESTION,
    },
    Source.ALERT_TYPES: {
        "Query": "alertTypes",
        "AlertType": "id code version act title area fields",
    },
    Source.DEFINITIONS: {
        "Query": "repositories repository",
        "Repository": _REPOSITORY,
        "Audience": "visibility countries roles authorityFields",
        "FieldRule": "fieldCode audience translatable",
        "Retention": "archivedAfterMonths erasedAfterMonths",
    },
}
PUBLIC: Mapping[Source, Mapping[str, str]] = {
    Source.ENTRIES: {
        "Query": "repositoryEntries repositoryEntry entryVersions diff",
        "FoundEntries": "edges pageInfo totalCount facets",
        "FoundEntry": "node cursor match",
        "Facet": "code values",
        "FacetValue": "value count",
        "EntryMatch": "fieldCodes conceptIds",
        "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
        "RepositoryEntry": "id revision repository status country published earlier createdAt changedAt",
        "EntryVersionConnection": "edges pageInfo totalCount",
        "EntryVersionEdge": "node cursor",
        "EntryVersion": "number schemaVersion values at reason validFrom validTo revertsTo",
        "FieldValue": "field value",
        "Value": "type choices date number money text link countries areas concepts languages",
        "Money": "amount currency",
        "FreeText": "original language dataClass",
        "EntryDiff": "from to differences",
        "FieldDifference": "field before after",
    },
}
TYPENAME = "__typename"
REMEMBERED = 128


def _by_field(tables: Mapping[Source, Mapping[str, str]]) -> dict[tuple[str, str], Source]:
    return {
        (kind, field): source
        for source, kinds in tables.items()
        for kind, fields in kinds.items()
        for field in fields.split()
    }


# (type, field) → where it comes from: for people, and for nobody in particular.
FOR_PEOPLE = _by_field(ALIKE)
FOR_NOBODY = {**FOR_PEOPLE, **_by_field(PUBLIC)}


class Alike:
    """Reads documents, and remembers the last of them."""

    def __init__(self) -> None:
        # With the document, so that no other has its identity.
        self._known: OrderedDict[tuple[int, int, str, bool], tuple[DocumentNode, frozenset[Source] | None]] = (
            OrderedDict()
        )

    def made_of(
        self, schema: GraphQLSchema, document: DocumentNode, name: str | None, *, signed_in: bool
    ) -> frozenset[Source] | None:
        """What the answer to the operation *name* of a valid *document* is made of; None if it depends on who reads it."""
        key = (id(schema), id(document), name or "", signed_in)
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known[1]
        found = _sources(schema, document, operation_of(document, name), signed_in)
        if is_remembered(document):
            self._known[key] = (document, found)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation *name* of a valid *document*, or its only one."""
    return next(one for one in operations_of(document) if not name or (one.name and one.name.value == name))


def changed_by(document: DocumentNode) -> frozenset[Source]:
    """What the commands in *document* may have changed, if they were sent."""
    collecting = _Commands()
    visit(document, collecting)
    return frozenset(collecting.found)


class _Commands(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[Source] = set()

    def enter_field(self, node: FieldNode, *_: object) -> None:
        self.found |= COMMANDS.get(node.name.value, frozenset())


def _sources(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, signed_in: bool
) -> frozenset[Source] | None:
    if operation.operation is not OperationType.QUERY or schema.query_type is None:
        return None
    known = FOR_PEOPLE if signed_in else FOR_NOBODY
    found = set(_Reading(schema, document, known).within(schema.query_type, operation.selection_set))
    return None if None in found else frozenset(one for one in found if one)


class _Reading:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, known: Mapping[tuple[str, str], Source]) -> None:
        self._schema = schema
        self._known = known
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def within(self, parent: GraphQLNamedType, selections: SelectionSetNode) -> Iterator[Source | None]:
        """Where each field comes from; None of one that depends on its reader."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield from self._field(parent, node)
            elif isinstance(node, InlineFragmentNode):
                yield from self.within(self._narrowed(parent, node), node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                yield from self.within(self._narrowed(parent, fragment), fragment.selection_set)

    def _field(self, parent: GraphQLNamedType, node: FieldNode) -> Iterator[Source | None]:
        name = node.name.value
        if name == TYPENAME:
            return
        source = self._known.get((parent.name, name))
        yield source
        if source is not None and node.selection_set is not None:
            assert isinstance(parent, GraphQLObjectType)
            yield from self.within(get_named_type(parent.fields[name].type), node.selection_set)

    def _narrowed(
        self, parent: GraphQLNamedType, node: InlineFragmentNode | FragmentDefinitionNode
    ) -> GraphQLNamedType:
        narrowed = node.type_condition and self._schema.get_type(node.type_condition.name.value)
        return narrowed or parent
