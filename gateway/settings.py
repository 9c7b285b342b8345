"""What the gateway reads from the environment."""

from pydantic import Field

from chassis.settings import Addresses, ProcessSettings, SignInSettings


class GatewaySettings(ProcessSettings, Addresses, SignInSettings):
    """Where the gateway listens, where the services are, and who may issue sign-ins."""

    gateway_host: str = Field("127.0.0.1", description="The address the gateway listens on.")
    gateway_port: int = Field(8000, ge=0, lt=2**16, description="The port the gateway listens on; 0 takes a free one.")
    gateway_url: str = Field("", description="The address of a running gateway, for `make demo`.")
    allowed_origins: str = Field(
        "", description="Other web origins whose pages may call the gateway, separated by spaces."
    )
    stream_sharing: bool = Field(
        True, description="Whether live streams whose answers are equal are read, executed and serialised once for all."
    )
