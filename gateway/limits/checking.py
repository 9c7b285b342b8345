"""Before an operation is executed: its shape, whether it is valid, whether who sends it may, and what it costs."""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError, GraphQLSchema, validate
from prometheus_client import Histogram
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gateway.context import Context
from gateway.limits.cost import cost
from gateway.limits.known import Known, KnownDocuments, introspects, operations_of
from gateway.limits.refusals import CostExceeded
from gateway.limits.shape import check_shape
from vocabulary.refusals import Forbidden, Invalid, Refusal, Unauthenticated

COST = Histogram(
    "imi_gateway_operation_cost",
    "What operations cost, as docs/limits.md counts.",
    ["kind"],
    buckets=(1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000),
)

# What Strawberry checks besides what graphql-core does.
RULES = (MaybeNullValidationRule, OneOfInputValidationRule)
# So many faults of a document are told, each in so many characters: for one fault in an object, all of that is written out.
FAULTS = 5
FAULT_LENGTH = 500


class Checked(SchemaExtension):
    """Validates each document once, after its shape has been found to be one that can be validated; and prices operations."""

    _documents = KnownDocuments()

    @classmethod
    def valid(cls, schema: GraphQLSchema, text: str | None) -> Known | None:
        """What is known of the document with this *text*, if it has been found valid."""
        return cls._documents.named(schema, text) if text else None

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = self.errors()
        yield

    def errors(self) -> list[GraphQLError]:
        """What is wrong with the operation."""
        execution = self.execution_context
        assert execution.graphql_document is not None
        try:
            known = self._known(execution.graphql_document)
            assert known.errors is not None
            errors = known.errors
            if not errors:
                self._check_name(known)
                self._check_introspection(known)
                self._check_cost(known)
                if self._context.asking is not None:
                    self._context.asking.document = execution.graphql_document
        except Refusal as refusal:
            errors = [GraphQLError(refusal.message, original_error=refusal)]
        return errors

    def _known(self, document: DocumentNode) -> Known:
        schema = self.execution_context.schema._schema
        known = self._documents.get(schema, document)
        if known is None:
            check_shape(document)
            known = Known(schema, document, text=self.execution_context.query)
            rules = (*self.execution_context.validation_rules, *RULES)
            found = validate(schema, document, rules, max_errors=FAULTS, hide_suggestions=True)
            known.errors = [_readable(error) for error in found]
            known.introspects = not known.errors and introspects(document)
            known.operations = len(operations_of(document))
            self._documents.put(known)
        return known

    def _check_name(self, known: Known) -> None:
        """Which of several operations is meant is said, and not guessed (GraphQL, 6.1)."""
        # What the execution calls its name is the first one's, if none was given.
        if self.execution_context._provided_operation_name is None and known.operations > 1:
            message = "name with `operationName` one of the document's operations"
            raise Invalid(message, field="operationName", reason="OPERATION_NAME")

    def _check_introspection(self, known: Known) -> None:
        context = self._context
        allowed = context.policy.introspection
        if not known.introspects or allowed == "everyone":
            return
        if context.person is None:
            raise Unauthenticated("sign in to be told the schema", reason="INTROSPECTION")
        if allowed == "nobody" or (allowed == "commission" and not context.person.caller.is_commission()):
            message = "this gateway does not tell its schema; it is published as schema.graphql"
            raise Forbidden(message, reason="INTROSPECTION")

    def _check_cost(self, known: Known) -> None:
        execution = self.execution_context
        terms = known.terms_of(execution.operation_name or "")
        found = cost(terms, execution.variables or {})
        COST.labels(execution.operation_type.value.lower()).observe(found)
        limit = self._context.policy.budgets.of(self._context.sign_in)
        if found > limit:
            raise CostExceeded(
                f"this operation costs {found} and may cost {limit}: ask for smaller pages, or for less of each item",
                found=found,
                limit=limit,
            )

    @property
    def _context(self) -> Context:
        context = self.execution_context.context
        assert isinstance(context, Context)
        return context


def _readable(error: GraphQLError) -> GraphQLError:
    """*error*, not too long; of a literal that its type fails to read, such as a number of thousands of digits, that the client
    wrote it."""
    cause = error.original_error
    if cause is not None and not isinstance(cause, GraphQLError | Refusal | UnicodeEncodeError):
        return GraphQLError("a value cannot be read as what its type is", nodes=error.nodes)
    if len(error.message) <= FAULT_LENGTH:
        return error
    return GraphQLError(f"{error.message[:FAULT_LENGTH]}…", nodes=error.nodes, original_error=cause)
