"""What the directory reads from the environment."""

from typing import Annotated

from pydantic import AfterValidator, Field

from chassis.settings import ANSWERED_FOR_DAYS, LONGEST_DAYS, ServiceSettings
from vocabulary import countries


def _countries(value: str) -> str:
    if unknown := [code for code in value.split(",") if value and code not in countries.ALL]:
        raise ValueError(f"there is no country {', '.join(map(repr, unknown))}; write codes with commas between: IT,HU")
    return value


class DirectorySettings(ServiceSettings):
    """The settings of every service, and how much of the training data to begin with.

    Requests and alerts, where they run, are asked whether exchanges are open before an authority is deregistered.
    """

    training_countries: Annotated[str, AfterValidator(_countries)] = Field(
        "",
        description="Countries, with commas between, of which the training data have more than the coordinators. Default: all.",
    )
    first_signin: str = Field(
        "",
        description="For the command `begin`: who signs in first: issuer and subject of their sign-in, with a blank between.",
    )
    people_retention_days: int = Field(
        1_096,
        ge=ANSWERED_FOR_DAYS,
        le=LONGEST_DAYS,
        description="Days after which what is known of somebody who has left is removed: their name, sign-in and roles.",
    )
    feedback_retention_days: int = Field(
        365, ge=ANSWERED_FOR_DAYS, le=LONGEST_DAYS, description="Days after which feedback is removed."
    )
