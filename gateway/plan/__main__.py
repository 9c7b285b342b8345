"""Print the plan of an operation: ``python -m gateway.plan operation.graphql``, or ``make plan QUERY=operation.graphql``."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from graphql import GraphQLError, parse, validate
from graphql.execution.values import get_variable_values

from gateway.plan.plans import Plans
from gateway.plan.printing import printed
from gateway.plan.sources import NotCompiled
from gateway.schema import graphql_schema


def main(
    query: Annotated[Path, typer.Argument(help="a file with a GraphQL document", exists=True, dir_okay=False)],
    operation: Annotated[str | None, typer.Option(help="which of its operations, if there are several")] = None,
    variables: Annotated[str, typer.Option(help="the variables, as JSON: what is skipped depends on them")] = "{}",
) -> None:
    """Print what an operation asks the services for, level by level, and the code that it becomes."""
    try:
        raw: dict[str, Any] = json.loads(variables)
        document = parse(query.read_text())
        if errors := validate(graphql_schema, document):
            raise errors[0]
        plan = Plans(graphql_schema).plan(document, operation, raw)
    except (GraphQLError, NotCompiled, json.JSONDecodeError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    coerced = get_variable_values(graphql_schema, plan.operation.variable_definitions or (), raw)
    assert not isinstance(coerced, list)
    print(printed(plan, coerced))


if __name__ == "__main__":
    typer.run(main)
