"""Plans beside graphql-core, in worlds where what went wrong is told to clients and not to a log."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.plan.plans import Plans
from gateway.schema import graphql_schema, schema
from tests.plan.comparing import Comparison


@pytest.fixture(scope="module", autouse=True)
def quiet_logs() -> Iterator[None]:
    """Faults are injected by the thousand; to write each down takes longer than all else."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return Comparison(schema, Plans(graphql_schema))
