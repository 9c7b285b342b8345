"""Run the gateway: ``python -m gateway``."""

from chassis.process import main
from gateway.settings import GatewaySettings
from gateway.wiring import gateway

if __name__ == "__main__":
    main(GatewaySettings, gateway, "The gateway: one GraphQL schema over the five services.")
