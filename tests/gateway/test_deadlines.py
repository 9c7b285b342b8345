"""Deadlines and urgency through GraphQL."""

from collections.abc import Callable

import pytest

from tests.gateway.clients import Client, Refused
from tests.gateway.exchanges import a_draft, a_request, text

As = Callable[[str], Client]
DATES = "urgent urgentReason { original } desiredDate agreedDate legalDeadline dueDate"


async def test_a_request_says_by_when_it_is_to_be_answered(as_: As) -> None:
    italy, hungary = as_("it-handler"), as_("hu-handler")
    id_ = await a_request(italy, hungary, "ACCEPTED", desiredDate="2030-01-31")
    for reader in (italy, hungary):
        found = (await reader.ask(f"query ($id: ID!) {{ request(id: $id) {{ {DATES} }} }}", id=id_))["request"]
        assert found == {
            "urgent": False,
            "urgentReason": None,
            "desiredDate": "2030-01-31",
            "agreedDate": "2030-01-31",
            "legalDeadline": None,
            "dueDate": "2030-01-31",
        }


@pytest.mark.parametrize(
    ("draft", "field", "reason"),
    [
        ({"urgent": True, "urgentReason": text("Il paziente parte domani mattina.")}, "urgent", "NO_URGENT_REQUESTS"),
        ({"urgentReason": text("Il paziente parte domani mattina.")}, "urgentReason", "CONTRADICTION"),
    ],
)
async def test_urgency_is_refused_where_the_law_knows_none(
    as_: As, draft: dict[str, object], field: str, reason: str
) -> None:
    refused = await as_("it-handler").cannot("createRequest", draft=a_draft(**draft))
    assert refused == Refused("INVALID", reason, f"draft.{field}")
