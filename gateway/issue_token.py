"""Print a bearer token for a sample user: ``python -m gateway.issue_token it-handler``. Only without a real issuer."""

import sys
from typing import Annotated

import typer

from chassis import settings
from chassis.keys import key_ring
from gateway.settings import GatewaySettings
from gateway.tokens import DevelopmentTokens


def main(user: Annotated[str, typer.Argument(help="a sample user, such as it-handler or commission")]) -> None:
    """Print a bearer token for a sample user, good for 12 hours, and nothing else."""
    values = settings.read(GatewaySettings)
    if values.oidc_issuer:
        print(f"Sign-ins come from {values.oidc_issuer}; development tokens are not accepted.", file=sys.stderr)
        raise typer.Exit(1)
    try:
        token = DevelopmentTokens(key_ring(values)).issue(user)
    except settings.CannotStart as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    print(token)


if __name__ == "__main__":
    typer.run(main)
