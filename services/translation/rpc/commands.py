"""What the translation RPCs share: what they work with, and who calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.aggregates import Aggregates, CommandKey
from chassis.caller import Caller, current_caller
from protos.translation.v1.translation_pb2_grpc import TranslationServiceServicer
from services.translation.budgets import Budgets
from services.translation.chain import Chain
from services.translation.desk import Desk
from services.translation.detection import Detector
from services.translation.domain.memory import Reviewer
from services.translation.domain.reports import Report
from services.translation.jobs import Jobs
from services.translation.memory import Memory
from services.translation.notices import Notices
from services.translation.terminology import Terminology
from services.translation.worker import Worker
from vocabulary.refusals import Invalid
from vocabulary.roles import UserRole

TEXTS_LIMIT = 100
IDS_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the RPCs work with."""

    chain: Chain
    jobs: Jobs
    worker: Worker
    desks: Sequence[Desk]
    budgets: Budgets
    memory: Memory
    reports: Aggregates[Report]
    terminology: Terminology
    detector: Detector
    notices: Notices
    now: Callable[[], datetime]


class Part(TranslationServiceServicer):
    """Some of the RPCs."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts


def tenant_of(caller: Caller) -> str:
    """Whose the personal texts are that *caller* has translated: their authority's, or the service's own."""
    return caller.authority_id or f"service:{caller.service}"


def current_tenant() -> str:
    """The tenant of the call being answered."""
    return tenant_of(current_caller())


def reviewer_of(caller: Caller, command: CommandKey | None, now: datetime) -> Reviewer:
    """*caller* as somebody who may review: a translator of the areas in whose modules they hold that role."""
    translates = {
        module.partition("/")[0] for module in caller.workflow_roles if caller.has(module, UserRole.TRANSLATOR)
    }
    return Reviewer(
        user_id=caller.user_id,
        is_commission=caller.is_commission(),
        approval=command.key if command else "",
        at=now,
        translates=frozenset(translates),
    )


def check_count(items: Sequence[Any], field: str, limit: int = TEXTS_LIMIT) -> None:
    """Raises Invalid for more than *limit* items."""
    if len(items) > limit:
        raise Invalid(f"at most {limit} {field} at a time, not {len(items)}", field=field, reason="TOO_MANY")
