"""For whom the same item has the same answer: the one place that says so.

A service decides by the caller token what it shows, so two people with equal tokens, but for the person's own id, may share what
depends on nothing but authority, country and roles; nearly everything about an alert is of that kind. What a service decides by the
person is theirs alone: who a request is assigned to (`services/requests/domain/views.py`), who administers an authority
(`services/directory/domain/coordination.py`). `IMPERSONAL` names the fields that are known to be of the first kind. **A field that
is not named here is of the second**: forgetting one costs sharing and discloses nothing.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

from chassis.caller import Caller

REMEMBERED = 256
AFTER = "after"

_ALERT = (
    "id revision number status view type author coordinator country values countries information history returnReason createdAt "
    "changedAt broadcastAt"
)
_AUTHORITY = (
    "id revision name officialName description country level region status languages contact concepts areas access "
    "validatingCoordinator"
)
_VALUE = "type choices date number money text files link authorities countries areas concepts languages"
_FORM_FIELD = "code label help type choices mandatory personal many minimum maximum"
_TRANSLATION = (
    "status text sourceLanguage targetLanguage reason tier engine at pivot notice jobId lowConfidence similarity "
    "missedTerms"
)

# Type → those of its fields that a service fills without asking which person it is that reads.
IMPERSONAL: Mapping[str, frozenset[str]] = {
    name: frozenset(fields.split())
    for name, fields in {
        "Subscription": "alertStream requestChanges",
        "AlertStreamItem": "cursor at entry",
        "InboxEntry": "id kind at alert",
        "Alert": _ALERT,
        "AlertType": "id code version act title area fields",
        "AddressedCountry": "country acknowledgedAt acknowledgedBy disseminatedTo",
        "AlertInformation": "id authority status text at",
        "AlertHistoryEntry": "at authority action from to",
        "RequestChange": "cursor at action status",
        "Authority": _AUTHORITY,
        "ModuleAccess": "module legislativeRole workflowRoles status",
        "Contact": "email phone website town",
        "Country": "code name languages",
        "Region": "code name country parentCode",
        "Area": "code name act concepts modules",
        "Concept": "id label areaCodes",
        "FieldValue": "field value",
        "FormField": _FORM_FIELD,
        "Value": _VALUE,
        "Choice": "code label",
        "Money": "amount currency",
        "File": "id name mediaType sizeBytes sha256 language",
        "FreeText": "original language dataClass text",
        "FreeTextReading": "original translation notice details",
        "Translation": _TRANSLATION,
    }.items()
}
_OF_EVERYTHING = frozenset({"__typename"})


@dataclass(frozen=True, slots=True)
class Selection:
    """What there is to know of an operation: whether one person's answer is their colleague's, and which variable only says where
    the stream begins."""

    impersonal: bool
    after: str | None


class Selections:
    """Reads documents, and remembers the last of them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[tuple[str, str | None], Selection] = OrderedDict()

    def of(self, text: str, document: DocumentNode, operation_name: str | None) -> Selection:
        """The selection of an operation in a validated *document*, whose text is *text*."""
        key = (text, operation_name)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._read(document)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return found

    def _read(self, document: DocumentNode) -> Selection:
        info = TypeInfo(self._schema)
        reading = _Reading(info)
        visit(document, TypeInfoVisitor(info, reading))
        return Selection(reading.impersonal, reading.after())


class _Reading(Visitor):
    """Walks all of a document, also what the operation does not use: that errs on the safe side."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.impersonal = True
        self._info = info
        self._used: dict[str, int] = {}
        self._begins: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        name = get_named_type(parent).name if parent is not None else ""
        known = IMPERSONAL.get(name, frozenset()) | _OF_EVERYTHING
        self.impersonal = self.impersonal and node.name.value in known

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, _path: Any, ancestors: Any) -> None:
        name = node.name.value
        argument = getattr(parent, "kind", "") == "argument" and parent.name.value == AFTER
        self._used[name] = self._used.get(name, 0) + 1
        if argument and _is_of_root_field(ancestors):
            self._begins.add(name)

    def after(self) -> str | None:
        """The variable that is the root field's `after` and nothing else, if there is one."""
        # Its definition is one use.
        only = [name for name in self._begins if self._used[name] == 2]
        return only[0] if len(only) == 1 else None


def _is_of_root_field(ancestors: Any) -> bool:
    nodes = [one for one in ancestors if not isinstance(one, tuple | list)]
    fields = [one for one in nodes if isinstance(one, FieldNode)]
    inside = any(isinstance(one, FragmentDefinitionNode) for one in nodes)
    return len(fields) == 1 and not inside and any(isinstance(one, OperationDefinitionNode) for one in nodes)


def access_of(caller: Caller) -> Hashable:
    """Everything in *caller*'s token that a service can decide by, but who they are and which language they read."""
    return (
        caller.authority_id,
        caller.country,
        frozenset(caller.user_roles.items()),
        frozenset(caller.workflow_roles.items()),
        frozenset(caller.legislative_roles.items()),
        caller.service,
    )


def answer_of(caller: Caller, selection: Selection, language: str) -> Hashable:
    """What the answer to *selection* can depend on, of whoever reads: equal, and it is the same answer."""
    person = "" if selection.impersonal else caller.user_id
    return (access_of(caller), person, caller.language, language)
