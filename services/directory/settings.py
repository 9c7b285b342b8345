"""What the directory reads from the environment."""

from pydantic import Field

from chassis.settings import ServiceSettings


class DirectorySettings(ServiceSettings):
    """The settings of every service, and whether to begin with the training data."""

    training_data: bool = Field(False, description="Load the training data if there is no authority yet.")
