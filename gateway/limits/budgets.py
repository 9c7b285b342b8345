"""How much one operation may cost, by who sends it."""

from dataclasses import dataclass

from gateway.people import SignIn

# What is in an operation beside files. Who publishes question sets and repositories sends them in all languages.
BODY_BYTES = 100 * 1024
PUBLISHER_BODY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Budgets:
    """Of one operation: its cost (`gateway.limits.cost`)."""

    nobody: int = 1_000
    people: int = 20_000
    commission: int = 50_000

    def of(self, sign_in: SignIn | None) -> int:
        """The cost that an operation of *sign_in* may have. A stranger to the directory is nobody."""
        if sign_in is None or sign_in.person is None:
            return self.nobody
        return self.commission if sign_in.person.caller.is_commission() else self.people

    def body(self, sign_in: SignIn | None) -> int:
        """How many bytes an operation of *sign_in* may have, its variables included."""
        publishes = sign_in is not None and sign_in.person is not None and sign_in.person.caller.is_commission()
        return PUBLISHER_BODY_BYTES if publishes else BODY_BYTES
