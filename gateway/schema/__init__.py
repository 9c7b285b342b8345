"""The one schema: five subjects joined."""

from collections.abc import Iterable
from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    QueryDepthLimiter,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.batches import ALERTS, AUTHORITIES, ENTRIES, REQUESTS, USERS, BatchRead
from gateway.enums import Language
from gateway.errors import CodedErrors
from gateway.operations import Documents, Operations
from gateway.readings import speak
from gateway.schema.access import AccessMutations
from gateway.schema.alert_commands import AlertsMutations
from gateway.schema.alert_filters import AlertFiltersMutations, AlertFiltersQueries
from gateway.schema.alert_receipts import AlertReceiptsQueries
from gateway.schema.alerts import AlertsQueries
from gateway.schema.common import GatewayInfo, Node
from gateway.schema.directory import DirectoryQueries
from gateway.schema.invitations import InvitationMutations, InvitationQueries
from gateway.schema.people import PeopleMutations
from gateway.schema.publishing import PublishingMutations
from gateway.schema.registration import RegistrationMutations, RegistrationQueries
from gateway.schema.repositories import RepositoriesMutations, RepositoriesQueries
from gateway.schema.request_commands import RequestsMutations
from gateway.schema.requests import RequestsQueries
from gateway.schema.routing import RoutingQueries
from gateway.schema.search import SearchQueries
from gateway.schema.statistics import StatisticsQueries
from gateway.schema.subscriptions import Subscription
from gateway.schema.translation import TranslationQueries
from gateway.schema.webhooks import WebhooksMutations, WebhooksQueries
from gateway.schema.work_lists import WorkListsQueries
from vocabulary import ids, pages
from vocabulary.refusals import Invalid

DEPTH_LIMIT = 15
TOKENS_LIMIT = 4_000
ALIASES_LIMIT = 50

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
    SearchQueries,
    RequestsQueries,
    RoutingQueries,
    WorkListsQueries,
    AlertsQueries,
    AlertFiltersQueries,
    WebhooksQueries,
    AlertReceiptsQueries,
    TranslationQueries,
    RepositoriesQueries,
):
    @strawberry.field(description="Anything by its id; null if there is no such thing, or none the reader may know of.")
    async def node(self, info: GatewayInfo, id: strawberry.ID, language: Language | None = None) -> Node | None:
        speak(info, language)
        batch = NODES.get(ids.prefix(id))
        return cast("Node | None", await info.context.load(batch, id)) if batch else None

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
    return info.context.load(batch, id_) if batch else None


@strawberry.type
class Mutation(
    RegistrationMutations,
    InvitationMutations,
    AccessMutations,
    PeopleMutations,
    RequestsMutations,
    PublishingMutations,
    AlertsMutations,
    AlertFiltersMutations,
    WebhooksMutations,
    RepositoriesMutations,
):
    """Every command, one input each."""


class _Schema(strawberry.Schema):
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
        return await super().execute(
            query, variable_values, context_value, root_value, operation_name, allowed, operation_extensions
        )

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Says nothing: Strawberry would log the operation's text, which may hold personal data. `CodedErrors` logs faults."""


# Made once: the cache of what is valid goes by the rules too, and a limiter of each operation's own would be a rule it has never seen.
LIMITS = [
    *QueryDepthLimiter(max_depth=DEPTH_LIMIT).validation_rules,
    *MaxAliasesLimiter(max_alias_count=ALIASES_LIMIT).validation_rules,
]

schema = _Schema(
    Query,
    Mutation,
    Subscription,
    config=StrawberryConfig(disable_field_suggestions=True),
    extensions=[
        Operations,
        CodedErrors,
        lambda: AddValidationRules(LIMITS),
        lambda: MaxTokensLimiter(max_token_count=TOKENS_LIMIT),
        Documents,
        ValidationCache,
    ],
)
# As graphql-core knows it, for whoever executes by itself.
graphql_schema = schema._schema
