"""Run the alerts service: ``python -m services.alerts``."""

from chassis.audit.command import commands
from chassis.process import main
from chassis.settings import ServiceSettings
from services.alerts.wiring import alerts, prepare, rebuild_participants, rebuild_related, rebuild_timers

if __name__ == "__main__":
    main(
        ServiceSettings,
        alerts,
        "Alerts: from draft to dissemination, and the inboxes that nothing is lost from.",
        prepare,
        {"participants": rebuild_participants, "related": rebuild_related, "timers": rebuild_timers},
        commands("alerts"),
    )
