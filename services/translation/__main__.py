"""Run the translation service: ``python -m services.translation``."""

from chassis.process import main
from chassis.settings import ServiceSettings
from services.translation.wiring import prepare, translation

if __name__ == "__main__":
    main(
        ServiceSettings,
        translation,
        "Translation: of free text, from the translation memory; language detection.",
        prepare,
    )
