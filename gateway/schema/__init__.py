"""The one schema: five subjects joined; where some services do not run, those that do."""

from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.field import StrawberryField
from strawberry.types.graphql import OperationType

from gateway import straight
from gateway.batches import ALERTS, AUTHORITIES, ENTRIES, REQUESTS, USERS, BatchRead
from gateway.enums import Language
from gateway.errors import CodedErrors
from gateway.limits.checking import Checked
from gateway.operations import Operations, ParsedDocuments
from gateway.plan.extension import Planned
from gateway.plan.plans import Plans
from gateway.readings import speak
from gateway.schema.access import AccessMutations
from gateway.schema.alert_commands import AlertsMutations
from gateway.schema.alert_filters import AlertFiltersMutations, AlertFiltersQueries
from gateway.schema.alert_receipts import AlertReceiptsQueries
from gateway.schema.alerts import AlertsQueries
from gateway.schema.audit import AuditQueries
from gateway.schema.common import GatewayInfo, Node
from gateway.schema.directory import DirectoryQueries
from gateway.schema.feedback import FeedbackMutations, FeedbackQueries
from gateway.schema.help import HelpQueries
from gateway.schema.invitations import InvitationMutations, InvitationQueries
from gateway.schema.labels import LabelsQueries
from gateway.schema.parts import needed
from gateway.schema.people import PeopleMutations
from gateway.schema.publishing import PublishingMutations
from gateway.schema.registration import RegistrationMutations, RegistrationQueries
from gateway.schema.repositories import RepositoriesQueries
from gateway.schema.repository_commands import RepositoriesMutations
from gateway.schema.repository_definitions import RepositoryDefinitionsMutations
from gateway.schema.repository_search import RepositorySearchQueries
from gateway.schema.request_commands import RequestsMutations
from gateway.schema.requests import RequestsQueries
from gateway.schema.routing import RoutingQueries
from gateway.schema.search import SearchQueries
from gateway.schema.statistics import StatisticsQueries
from gateway.schema.subscriptions import Subscription
from gateway.schema.system import SystemQueries
from gateway.schema.translation import TranslationQueries
from gateway.schema.translation_commands import TranslationMutations
from gateway.schema.translation_exchange import TranslationExchangeMutations, TranslationExchangeQueries
from gateway.schema.translation_review import TranslationReviewMutations, TranslationReviewQueries
from gateway.schema.webhooks import WebhooksMutations, WebhooksQueries
from gateway.schema.work_lists import WorkListsQueries
from gateway.schema.writing import WritingQueries
from vocabulary import ids, pages, parts
from vocabulary.refusals import Invalid

TOKENS_LIMIT = 4_000

# What an id is of → where it is read.
NODES: dict[str, BatchRead] = {
    ids.AUTHORITY: AUTHORITIES,
    ids.USER: USERS,
    ids.REQUEST: REQUESTS,
    ids.ALERT: ALERTS,
    ids.ENTRY: ENTRIES,
}


@strawberry.type
class Query(
    DirectoryQueries,
    RegistrationQueries,
    InvitationQueries,
    StatisticsQueries,
    SystemQueries,
    HelpQueries,
    FeedbackQueries,
    SearchQueries,
    RequestsQueries,
    RoutingQueries,
    WorkListsQueries,
    AlertsQueries,
    AlertFiltersQueries,
    WebhooksQueries,
    AlertReceiptsQueries,
    AuditQueries,
    TranslationQueries,
    TranslationReviewQueries,
    TranslationExchangeQueries,
    WritingQueries,
    LabelsQueries,
    RepositoriesQueries,
    RepositorySearchQueries,
):
    @strawberry.field(description="Anything by its id; null if there is no such thing, or none the reader may know of.")
    async def node(self, info: GatewayInfo, id: strawberry.ID, language: Language | None = None) -> Node | None:
        speak(info, language)
        loading = _node(info, id)
        return cast("Node | None", await loading) if loading is not None else None

    @strawberry.field(description="Several things by their ids, in that order, at most 100.")
    async def nodes(
        self, info: GatewayInfo, ids: list[strawberry.ID], language: Language | None = None
    ) -> list[Node | None]:
        speak(info, language)
        if len(ids) > pages.MAXIMUM_SIZE:
            raise Invalid(f"ask for at most {pages.MAXIMUM_SIZE} nodes at once", field="ids", reason="TOO_MANY")
        loading = [_node(info, id_) for id_ in ids]
        return [cast("Node | None", await one) if one is not None else None for one in loading]


def _node(info: GatewayInfo, id_: str) -> Any:
    batch = NODES.get(ids.prefix(id_))
    return info.context.load(batch, id_) if batch and batch.part in info.context.parts else None


@strawberry.type
class Mutation(
    RegistrationMutations,
    InvitationMutations,
    AccessMutations,
    PeopleMutations,
    FeedbackMutations,
    RequestsMutations,
    PublishingMutations,
    AlertsMutations,
    AlertFiltersMutations,
    WebhooksMutations,
    TranslationMutations,
    TranslationReviewMutations,
    TranslationExchangeMutations,
    RepositoriesMutations,
    RepositoryDefinitionsMutations,
):
    """Every command, one input each."""


class _Schema(strawberry.Schema):
    """The fields that *running* parts fill; types that none of them gives are not in it."""

    # Without them, graphql-core executes.
    plans: Plans | None = None

    def __init__(self, running: frozenset[str], **options: Any) -> None:
        self._running = running
        subscription = Subscription if self._shown(Subscription.__strawberry_definition__) else None  # type: ignore[attr-defined]
        super().__init__(Query, Mutation, subscription, **options)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        return self._shown(type_definition)

    def _shown(self, definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        return [field for field in definition.fields if needed(field) <= self._running]

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """One answer to one operation. A subscription has many: it goes over a WebSocket or server-sent events."""
        allowed = set(allowed_operation_types or OperationType) - {OperationType.SUBSCRIPTION}
        if self.plans is not None:
            execution = self._create_execution_context(
                query, allowed, variable_values, context_value, root_value, operation_name, operation_extensions
            )
            if straight.is_known(execution) and (found := await straight.answered(execution, self.plans)) is not None:
                return found
        return await super().execute(
            query, variable_values, context_value, root_value, operation_name, allowed, operation_extensions
        )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Says nothing: Strawberry would log the operation's text, which may hold personal data. `CodedErrors` logs faults."""


def joined(running: frozenset[str], *, planned: bool = True) -> strawberry.Schema:
    """The schema of a system in which *running* are the services; *planned* says whether operations are compiled."""
    return _joined(running, planned)


# However it is asked for: one takes 10 MB.
@cache
def _joined(running: frozenset[str], planned: bool) -> strawberry.Schema:
    made: _Schema = _Schema(
        running,
        config=StrawberryConfig(disable_field_suggestions=True),
        extensions=[
            Operations,
            CodedErrors,
            lambda: MaxTokensLimiter(max_token_count=TOKENS_LIMIT),
            ParsedDocuments,
            Checked,
            lambda: Planned(made.plans),
        ],
    )
    made.plans = Plans(made._schema) if planned else None
    return made


schema = joined(parts.ALL)
# As graphql-core knows it, for whoever executes by itself.
graphql_schema = schema._schema
