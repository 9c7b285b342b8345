"""Run the requests service: ``python -m services.requests``."""

from chassis.audit.command import commands
from chassis.process import main
from chassis.settings import ServiceSettings
from services.requests.wiring import prepare, rebuild_participants, rebuild_timers, requests

if __name__ == "__main__":
    main(
        ServiceSettings,
        requests,
        "Requests for information, with their question sets and attachments.",
        prepare,
        {"participants": rebuild_participants, "timers": rebuild_timers},
        commands("requests"),
    )
