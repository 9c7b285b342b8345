"""What the gateway reads from the environment."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from limits import parse
from pydantic import AfterValidator, Field

from chassis.settings import Addresses, ProcessSettings, SignInSettings
from gateway.limits.policy import Introspection

# A setting that is empty is one that is not there, and has its default.
NO_LIMIT = "none"


def _rate(said: str) -> str:
    if said.lower() == NO_LIMIT:
        return ""
    if said:
        try:
            some = parse(said).amount > 0
        except ValueError:
            some = False
        if not some:
            raise ValueError("write how much in how long, such as 6000/minute, or none")
    return said


def _networks(said: str) -> str:
    for one in said.split(",") if said else ():
        try:
            ip_network(one.strip(), strict=False)
        except ValueError:
            raise ValueError(f"{one.strip()!r} is no address and no network, such as 10.0.0.1 or 10.0.0.0/24") from None
    return said


def _storage(said: str) -> str:
    if said != "memory://" and not said.startswith(("redis://", "rediss://")):
        raise ValueError("memory://, redis:// or rediss://")
    return said


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
    plans: bool = Field(
        True,
        description="Whether operations are compiled once and answered by their plans, instead of by graphql-core.",
    )
    kept_answers_mb: int = Field(
        32,
        ge=0,
        le=1024,
        description="Room for answers that are alike for everybody (reference data, public repositories), in MB. 0: none are kept.",
    )
    cost_nobody: int = Field(1_000, ge=1, description="What one operation of somebody who has not signed in may cost.")
    cost_people: int = Field(20_000, ge=1, description="What one operation of a signed-in person may cost.")
    cost_commission: int = Field(50_000, ge=1, description="What one operation of the Commission's people may cost.")
    introspection: Introspection = Field(
        "people",
        description="Who is told the schema: `everyone`, `people` who have signed in, the `commission`, or `nobody`.",
    )
    rate_people: Annotated[str, AfterValidator(_rate)] = Field(
        "6000/minute", description="How much one person may ask. `none`: there is no limit."
    )
    rate_addresses: Annotated[str, AfterValidator(_rate)] = Field(
        "3000/minute",
        description="How much may be asked from one address without signing in, failed sign-ins included. `none`: there is no limit.",
    )
    rate_storage: Annotated[str, AfterValidator(_storage)] = Field(
        "memory://",
        description="Where it is counted: in each replica for itself, or for all of them in Redis (`redis://…`).",
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="Addresses or networks of proxies whose `X-Forwarded-For` is believed, separated by commas. Default: nobody's is.",
    )
    trusted_documents: Path | None = Field(
        None, description="A JSON file of documents by their ids, which clients may name instead of sending them."
    )
    trusted_only: bool = Field(False, description="Whether only the documents of `TRUSTED_DOCUMENTS` are answered.")
    connections_per_address: int = Field(
        1_000,
        ge=0,
        description="WebSockets and event streams that one address has open at the same time, of IPv6 one network; 0: no limit.",
    )
    max_sockets: int = Field(10_000, ge=1, description="WebSockets that are open at the same time.")
