"""Run the repositories service: ``python -m services.repositories``."""

from chassis.audit.command import commands
from chassis.process import main
from chassis.settings import ServiceSettings
from services.repositories.wiring import prepare, rebuild_participants, rebuild_search, rebuild_timers, repositories

if __name__ == "__main__":
    main(
        ServiceSettings,
        repositories,
        "Information repositories: their definitions, entries and search.",
        prepare,
        {"participants": rebuild_participants, "search": rebuild_search, "timers": rebuild_timers},
        commands("repositories"),
    )
