"""What has been found out about a document, so that it is found out once."""

from collections import OrderedDict
from dataclasses import dataclass, field

from graphql import DocumentNode, FieldNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, Visitor, visit
from graphql.language.visitor import BREAK

from gateway.limits.cost import Term, terms_of

# Documents that are remembered, as many as the parser's cache has: that one gives equal texts the same document.
REMEMBERED = 128
# Of a document that is remembered, in characters, each of which takes some 25 bytes once it is parsed. What is longer is read anew
# each time: nobody has to sign in to send it.
LONGEST = 20_000


@dataclass(slots=True)
class Known:
    """A document whose shape is allowed, and what it is to one schema."""

    # Both are kept, so that no others have their ids.
    schema: GraphQLSchema
    document: DocumentNode
    # None: not validated yet.
    errors: list[GraphQLError] | None = None
    text: str | None = None
    introspects: bool = False
    operations: int = 1
    # Operation name → what it costs, but for its variables.
    terms: dict[str, tuple[Term, ...]] = field(default_factory=dict)

    def terms_of(self, name: str) -> tuple[Term, ...]:
        """What the operation *name* (empty: the only one) costs, but for its variables."""
        if name not in self.terms:
            operations = operations_of(self.document)
            operation = next(one for one in operations if not name or (one.name and one.name.value == name))
            self.terms[name] = terms_of(self.schema, self.document, operation)
        return self.terms[name]


class KnownDocuments:
    """The documents met last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], Known] = OrderedDict()
        # Of those that are valid: the text → the one that was met last under it.
        self._texts: dict[tuple[int, str], Known] = {}

    def get(self, schema: GraphQLSchema, document: DocumentNode) -> Known | None:
        """What is known of *document*; None if it is new."""
        key = (id(schema), id(document))
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def named(self, schema: GraphQLSchema, text: str) -> Known | None:
        """What is known of the valid document with this *text*."""
        known = self._texts.get((id(schema), text))
        return known and self.get(schema, known.document)

    def put(self, known: Known) -> None:
        """Remember it, unless it is too long, and forget the one that was met the longest ago."""
        if not is_remembered(known.document):
            return
        self._known[id(known.schema), id(known.document)] = known
        if not known.errors and known.text is not None:
            self._texts[id(known.schema), known.text] = known
        if len(self._known) > REMEMBERED:
            _, forgotten = self._known.popitem(last=False)
            name = (id(forgotten.schema), forgotten.text or "")
            if self._texts.get(name) is forgotten:
                del self._texts[name]


def length_of(document: DocumentNode) -> int:
    """How many characters the text of *document* has."""
    return len(document.loc.source.body) if document.loc is not None else 0


def is_remembered(document: DocumentNode) -> bool:
    """Whether anything is kept of *document* once it has been answered."""
    return length_of(document) <= LONGEST


def operations_of(document: DocumentNode) -> list[OperationDefinitionNode]:
    """The operations of *document*."""
    return [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]


def introspects(document: DocumentNode) -> bool:
    """Whether *document* asks for the schema itself."""
    looking = _Looking()
    visit(document, looking)
    return looking.found


class _Looking(Visitor):
    found = False

    def enter_field(self, node: FieldNode, *_: object) -> object:
        if node.name.value in ("__schema", "__type"):
            self.found = True
            return BREAK
        return None
