"""Write the schema to ``gateway/schema.graphql``, or to the path given: ``python -m gateway.schema [TARGET]``."""

import sys
from pathlib import Path

from gateway.schema import schema

TARGET = Path(__file__).parents[1] / "schema.graphql"

if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.write_text(schema.as_str() + "\n", encoding="utf-8")
