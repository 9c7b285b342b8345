"""The promises of streams where nothing is shared, and where the server lends no transport."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway import wiring
from tests.gateway.clients import Client
from tests.gateway.running import SERVICES, Running, a_system_of, copy_of
from tests.gateway.test_subscriptions import (  # noqa: F401
    test_a_connection_carries_at_most_20_subscriptions,
    test_a_cursor_of_somebody_else_or_of_another_stream_is_refused,
    test_a_cursor_of_the_inbox_resumes_the_stream,
    test_a_malformed_cursor_is_refused,
    test_a_stream_resumes_without_gap_or_repetition_while_alerts_are_broadcast,
    test_a_syntax_error_ends_its_operation_and_not_the_connection,
    test_an_alert_arrives_in_the_readers_language,
    test_an_independent_client_understands_the_stream,
    test_each_change_of_a_request_arrives_at_both_sides,
    test_nobody_listens,
    test_readers_of_server_sent_events_that_go_away_leave_nothing_behind,
    test_two_subscriptions_do_not_share_a_name,
    test_who_has_no_part_in_alerts_does_not_listen_to_them,
)

At = Callable[[Running, str], Client]


@pytest.fixture(scope="module", params=["nothing is shared", "no transport is lent"])
async def running(
    request: pytest.FixtureRequest, trained: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    folder = copy_of(trained, tmp_path_factory.mktemp("otherwise") / "data")
    with pytest.MonkeyPatch.context() as patch:
        shared = request.param == "no transport is lent"
        if shared:
            patch.setattr(wiring, "websocket_protocol", lambda: WebSocketsSansIOProtocol)
        async with a_system_of(folder, *SERVICES, stream_sharing=str(shared)) as system:
            yield system


@pytest.fixture(scope="module")
def as_(running: Running, at: At) -> Callable[[str], Client]:
    return lambda user: at(running, user)
