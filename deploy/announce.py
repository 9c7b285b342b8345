"""What a person is told when the system is up: where it is, and whom they can sign in as."""

from rich.console import Console
from rich.table import Table

from chassis.keys import key_ring
from deploy.parts import SIGN_INS
from gateway.settings import GatewaySettings
from gateway.tokens import DevelopmentTokens


def announce(console: Console, address: str, settings: GatewaySettings) -> None:
    """Print the address, the sample sign-ins and their tokens."""
    again = " TRAINING=1" if settings.training else ""
    if settings.training:
        console.print("\n[bold]This is a training system:[/] everything in it is invented.")
    console.print(f"\n[bold]GraphQL[/]   {address}/graphql   (open it in a browser for GraphiQL)")
    console.print(f"[bold]Data[/]      {settings.data_dir}   (`make reset{again}` removes it)\n")
    table = Table("user", "who", title="Sample sign-ins", title_justify="left", box=None, pad_edge=False)
    for user, who in SIGN_INS.items():
        table.add_row(user, who)
    console.print(table)
    console.print(
        "\nSend one of these as the header  Authorization: Bearer …  (`make token USER=…` prints one for any user)\n"
    )
    tokens = DevelopmentTokens(key_ring(settings))
    for user in SIGN_INS:
        console.print(f"[bold]{user}[/]")
        console.print(tokens.issue(user), soft_wrap=True, highlight=False)
    console.print("\nCtrl-C stops everything cleanly.")
