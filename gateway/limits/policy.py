"""What a deployment allows: told to the gateway by its settings, and to each operation by its context."""

from dataclasses import dataclass, field
from typing import Literal

from chassis.places import Places
from gateway.limits.budgets import Budgets
from gateway.limits.connections import Connections
from gateway.limits.imports import Imports
from gateway.limits.rates import Rates

# Who may ask for the schema itself.
Introspection = Literal["everyone", "people", "commission", "nobody"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits of one gateway."""

    budgets: Budgets = field(default_factory=Budgets)
    introspection: Introspection = "people"
    rates: Rates = field(default_factory=Rates)
    places: Places = field(default_factory=Places)
    connections: Connections = field(default_factory=Connections)
    imports: Imports = field(default_factory=Imports)
