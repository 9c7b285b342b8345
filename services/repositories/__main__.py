"""Run the repositories service: ``python -m services.repositories``."""

from chassis.process import main
from chassis.settings import ServiceSettings
from services.repositories.wiring import prepare, repositories

if __name__ == "__main__":
    main(ServiceSettings, repositories, "Information repositories: their definitions, entries and search.", prepare)
