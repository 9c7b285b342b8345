"""Write what `docs/repositories.md` says of the tables: ``python -m services.repositories.documentation``."""

from chassis.documentation import Page, state_diagram, table
from services.repositories.catalogue import definitions
from services.repositories.domain.audiences import Audience, Visibility
from services.repositories.domain.definitions import Definition
from services.repositories.domain.lifecycle import GIVEN, TRANSITIONS, VIEWS, WHO, named


def diagram() -> str:
    """The life of an entry. Steps that stay where they are are in the table below it."""
    return state_diagram(
        {
            status: {action: [row.next] for action, row in rows.items() if row.next is not status}
            for status, rows in TRANSITIONS.items()
        }
    )


def steps() -> str:
    """Every permitted step."""
    return table(
        ["status", "action", "by", "leads to", "where"],
        (
            [status or "—", action, named(row.sides), row.next, GIVEN[row.given] if row.given else ""]
            for status, rows in TRANSITIONS.items()
            for action, row in rows.items()
        ),
    )


def sides() -> str:
    """What each side is called."""
    return table(["side", "who it is"], WHO.items())


def views() -> str:
    """How much each side sees."""
    seeing = [side for side in WHO if any(side in views for views in VIEWS.values())]
    return table(
        ["status", *seeing],
        ([status, *(views.get(side, "—") for side in seeing)] for status, views in VIEWS.items()),
    )


def shipped() -> str:
    """The repositories that come with the system."""
    return table(
        ["code", "title", "read by", "fields for fewer", "approval", "erased after"],
        (
            [
                f"`{one.code}`",
                one.title["en"],
                _readers(one.audience),
                _fewer(one) or "—",
                "yes" if one.approval else "no",
                f"{one.retention.erased_after_months} months"
                if one.retention.erased_after_months
                else "never by itself",
            ]
            for one in definitions().values()
        ),
    )


def _readers(audience: Audience) -> str:
    if audience.visibility is Visibility.EXPLICIT:
        return f"EXPLICIT: {', '.join((*audience.authorities, *audience.authority_fields))}"
    return audience.visibility


def _fewer(definition: Definition) -> str:
    audiences = {one.code: definition.rule(one.code).audience for one in definition.fields}
    return ", ".join(f"`{code}` ({_readers(audience)})" for code, audience in audiences.items() if audience)


PAGE = Page(
    "repositories.md", {"diagram": diagram, "table": steps, "sides": sides, "views": views, "repositories": shipped}
)

if __name__ == "__main__":
    PAGE.write()
