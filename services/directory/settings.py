"""What the directory reads from the environment."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chassis.settings import Addressees, ServiceSettings
from vocabulary import countries

# Written for an address where a service is no part of the system. Not the empty one: what somebody forgot to set must not pass for it.
NOT_THERE: Literal["none"] = "none"


def _countries(value: str) -> str:
    if unknown := [code for code in value.split(",") if value and code not in countries.ALL]:
        raise ValueError(f"there is no country {', '.join(map(repr, unknown))}; write codes with commas between: IT,HU")
    return value


class DirectorySettings(ServiceSettings):
    """The settings of every service, and how much of the training data to begin with.

    Requests and alerts are asked whether exchanges are open before an authority is deregistered; ``none`` says that there is no such
    service.
    """

    requests_address: Literal["none"] | Addressees = Field(
        "127.0.0.1:50052", description="Where the requests service answers."
    )
    alerts_address: Literal["none"] | Addressees = Field(
        "127.0.0.1:50053", description="Where the alerts service answers."
    )
    training_countries: Annotated[str, AfterValidator(_countries)] = Field(
        "",
        description="Countries, with commas between, of which the training data have more than the coordinators. Default: all.",
    )
