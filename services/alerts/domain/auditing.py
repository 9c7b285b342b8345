"""What an authority may know of other authorities' reads of an alert (IMI Regulation, Articles 18 and 21; access matrix).

Whoever has a part in an alert knows the countries that were told, and not whom another country told: of other countries' reads the
country is said, of the own country's the authority. Nobody is told by which official.
"""

from services.alerts.domain.alerts import Alert, Party, sides
from services.alerts.domain.lifecycle import Status
from services.alerts.domain.views import View
from vocabulary.audit import Known, Part


def parts(alert: Alert, how: View) -> tuple[Part, ...]:
    """What a reader is given who is shown *alert* as *how* says. What is blocked has no personal data to show."""
    personal = how is View.FULL and alert.status is not Status.BLOCKED
    return (Part.CONTENT, Part.PERSONAL_DATA) if personal else (Part.CONTENT,)


def known(alert: Alert, who: Party) -> Known:
    """What the authority of *who* may know of the reads of *alert* by others."""
    return Known.COUNTRIES if sides(alert, who) else Known.NOTHING
