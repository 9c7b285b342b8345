"""Plans held against graphql-core, in more operations than the tests have time for.

``python -m bench.plan_equality --operations 10000``: operations at random over the schema, each in two worlds of services that
answer, refuse and fail (`tests/plan`), executed by graphql-core and by its plan. Each number makes the same operation everywhere:
what differs is printed with it, and ``--first`` begins there.
"""

import logging
import time
from typing import Annotated

import structlog
import typer
from rich.progress import track

from bench.figures import console
from gateway.plan.plans import Plans
from gateway.schema import graphql_schema, schema
from tests.plan.comparing import Comparison
from tests.plan.operations import Dice, Writer

SHOWN = 5


def main(
    operations: Annotated[int, typer.Option(help="how many are compared")] = 10_000,
    first: Annotated[int, typer.Option(help="the number of the first")] = 0,
) -> None:
    """Compare, and say in what an answer is not what it should be."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    comparison = Comparison(schema, Plans(graphql_schema))
    began, number, different = time.process_time(), first, 0
    for _ in track(range((operations + 1) // 2), "comparing …", console=console):
        operation = None
        while operation is None:
            number += 1
            operation = Writer(graphql_schema, Dice(number)).operation()
        for world in (number, number + 1):
            said = comparison.of(operation, world, calm=world % 3 == 0)
            different += bool(said)
            if said and different <= SHOWN:
                console.print(f"\nnumber {number}, world {world}", operation.text, operation.variables, *said, sep="\n")
    console.print(
        f"{comparison.compared:,} operations compared, {comparison.with_errors:,} of them with errors;"
        f" {different} differ. Of errors that came at one moment another was told in {comparison.races}."
        f" {time.process_time() - began:.0f} s of a processor."
    )
    if different:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
