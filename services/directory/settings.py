"""What the directory reads from the environment."""

from typing import Literal

from pydantic import Field

from chassis.settings import Addressees, ServiceSettings

# Written for an address where a service is no part of the system. Not the empty one: what somebody forgot to set must not pass for it.
NOT_THERE: Literal["none"] = "none"


class DirectorySettings(ServiceSettings):
    """The settings of every service, and whether to begin with the training data.

    Requests and alerts are asked whether exchanges are open before an authority is deregistered; ``none`` says that there is no such
    service.
    """

    requests_address: Literal["none"] | Addressees = Field(
        "127.0.0.1:50052", description="Where the requests service answers."
    )
    alerts_address: Literal["none"] | Addressees = Field(
        "127.0.0.1:50053", description="Where the alerts service answers."
    )
    training_data: bool = Field(False, description="Load the training data if there is no authority yet.")
