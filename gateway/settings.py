"""What the gateway reads from the environment."""

from typing import Self

from pydantic import Field, model_validator

from chassis.settings import Addresses, ProcessSettings


class GatewaySettings(ProcessSettings, Addresses):
    """Where the gateway listens, where the services are, and who may issue sign-ins."""

    gateway_host: str = Field("127.0.0.1", description="The address the gateway listens on.")
    gateway_port: int = Field(8000, ge=0, lt=2**16, description="The port the gateway listens on; 0 takes a free one.")
    gateway_url: str = Field("", description="The address of a running gateway, for `make demo`.")
    allowed_origins: str = Field(
        "", description="Other web origins whose pages may call the gateway, separated by spaces."
    )
    oidc_issuer: str = Field(
        "", description="The OpenID Connect issuer of sign-ins. Without one, development sign-ins are accepted."
    )
    oidc_audience: str = Field("", description="The audience that tokens of `OIDC_ISSUER` must name.")

    @model_validator(mode="after")
    def _issuer_has_audience(self) -> Self:
        if bool(self.oidc_issuer) != bool(self.oidc_audience):
            raise ValueError("OIDC_ISSUER and OIDC_AUDIENCE go together")
        return self
