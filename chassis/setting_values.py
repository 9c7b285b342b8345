"""The kinds of values that settings have; what is not one of them is refused with what to write instead."""

from ipaddress import IPv4Address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from chassis.mail import Server, check_address
from engines.scanning import open_scanner
from vocabulary import parts


def _addresses(value: str) -> str:
    several = "," in value
    for one in value.split(","):
        host = _host_and_port(one if several else one.removeprefix("dns:///")).rpartition(":")[0]
        if several and not _is_ipv4(host):
            raise ValueError(
                "write several addresses as 10.0.0.1:50051,10.0.0.2:50051, or a name for all: dns:///host:port"
            )
    return value


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _addresses_or_none(value: str) -> str:
    return value if value == parts.NOT_THERE else _addresses(value)


def _host_and_port(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not (separator and host and port.isdigit() and int(port) < 2**16):
        raise ValueError("write host:port, such as 127.0.0.1:50051")
    return value


def _mail_server(value: str) -> str:
    if value:
        Server.of(value)
    return value


def _scanner(value: str) -> str:
    open_scanner(value)
    return value


def _mail_address(value: str) -> str:
    return check_address(value) if value else value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("write an address such as https://imi.example")
    return value.rstrip("/")


def _ports(value: str) -> str:
    ports = value.split()
    if not ports or not all(port.isascii() and port.isdigit() and 0 < int(port) < 2**16 for port in ports):
        raise ValueError("write ports with spaces between, such as 443 8443")
    return value


def _proxy(value: str) -> str:
    wanted = "write http://host:port; user:password@ may stand before the host"
    try:
        parts = urlsplit(value)
        fit = parts.port != 0 and not (parts.path.strip("/") or parts.query or parts.fragment)
    except ValueError:
        # What is wrong with it may be part of a password.
        raise ValueError(wanted) from None
    if value and not (fit and parts.scheme == "http" and parts.hostname):
        raise ValueError(wanted)
    return value


Address = Annotated[str, AfterValidator(_host_and_port)]
# One address, several of replicas with commas between, or a name that stands for several: dns:///requests.imi:50052.
Addressees = Annotated[str, AfterValidator(_addresses)]
# The same of a service that there need not be: `none`.
PartAddressees = Annotated[str, AfterValidator(_addresses_or_none)]
Scanner = Annotated[str, AfterValidator(_scanner)]
MailServer = Annotated[str, AfterValidator(_mail_server)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Ports = Annotated[str, AfterValidator(_ports)]
Proxy = Annotated[str, AfterValidator(_proxy)]
