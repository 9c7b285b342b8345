"""What a change of the schema breaks for clients: ``python -m gateway.schema.breaking RELEASED [CURRENT]`` says it and fails.

*RELEASED* is the schema that clients were made for. A field, an argument or an enum value that goes away, or becomes another, breaks
them; what is added does not.
"""

import argparse
import sys
from pathlib import Path

from graphql import GraphQLSchema, build_schema
from graphql.utilities import find_breaking_changes

from gateway.schema.__main__ import TARGET


def breaking(released: GraphQLSchema, current: GraphQLSchema) -> list[str]:
    """Each change from *released* to *current* that breaks a client, as a sentence."""
    return sorted(change.description for change in find_breaking_changes(released, current))


def main(arguments: list[str] | None = None) -> int:
    """0 if nothing breaks, 1 if something does."""
    parser = argparse.ArgumentParser(description="Say what a change of the schema breaks for clients.")
    parser.add_argument("released", type=Path, help="the schema that clients were made for")
    parser.add_argument(
        "current", type=Path, nargs="?", default=TARGET, help="the schema of now (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    released, current = (build_schema(path.read_text(encoding="utf-8")) for path in (given.released, given.current))
    for one in (found := breaking(released, current)):
        print(one)
    print(f"{len(found)} changes break clients." if found else "Nothing breaks.", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
