"""Where this system goes when others say where: which addresses of the web, and which addresses of machines behind their names.

Whoever registers a webhook, or a link that is checked, makes this system connect to a place of their choice. So only what is public
may be reached, and what a name stands for is looked at each time that it is connected to: a name that was public yesterday may lead
inside today.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from vocabulary.refusals import Invalid

URL_LIMIT = 2_000
PORTS = {"https": 443, "http": 80}

Address = IPv4Address | IPv6Address

# What is not for the public (IANA's registries of special-purpose addresses, RFC 6890), or is not one machine's.
_NOT_PUBLIC_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' own, and metadata of some clouds
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, and metadata of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "168.63.129.16/32",  # public by its number, and one cloud's own services by what answers there
        ),
    )
)
# Of IPv6 only what is given out to networks is public; of that, not what stands for an address of another kind.
_GLOBAL_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")))
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class Outcome(StrEnum):
    """How one attempt to reach an address ended. Only who sends challenges sees a CHALLENGE_FAILED."""

    DELIVERED = "DELIVERED"
    UNKNOWN_HOST = "UNKNOWN_HOST"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    NOT_CONNECTED = "NOT_CONNECTED"
    TLS_FAILED = "TLS_FAILED"
    TIMED_OUT = "TIMED_OUT"
    REDIRECTED = "REDIRECTED"
    STATUS_REFUSED = "STATUS_REFUSED"
    BAD_ANSWER = "BAD_ANSWER"
    PROXY_FAILED = "PROXY_FAILED"
    CHALLENGE_FAILED = "CHALLENGE_FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL points, taken apart. `host` is a name in ASCII, or an address without brackets."""

    scheme: str
    host: str
    port: int
    path: str


def is_public(address: Address) -> bool:
    """Whether *address* is one that anybody on the Internet reaches as we do."""
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)
    return not any(address in network for network in _NOT_PUBLIC_4)


def may_reach(address: str, *, loopback: bool) -> bool:
    """Whether the machine at *address* may be connected to; *loopback* says that this one may be, too."""
    try:
        found = ip_address(address)
    except ValueError:
        return False  # with a zone: the link's own
    return is_public(found) or (loopback and _is_this_machine(found))


def target(url: str, *, ports: Collection[int], loopback: bool, plain: bool = False, field: str = "url") -> Target:
    """*url* taken apart; raises Invalid saying what about it is not allowed. What its host stands for is not looked at here.

    Plain http is allowed with *plain*; with *loopback*, to a host that can be nothing else than this machine.
    """
    if len(url) > URL_LIMIT:
        raise Invalid(f"an address has at most {URL_LIMIT} characters", field=field, reason="TOO_LONG")
    # What programs take for the end of a host differs; here none of that is in it.
    if not url.isascii() or any(character <= " " or character in '\\\x7f"<>^`{|}' for character in url):
        raise Invalid("an address has no spaces and no characters that must be escaped", field=field, reason="URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("this is not an address such as https://example.eu/hook", field=field, reason="URL") from None
    host = parts.hostname or ""
    if not _is_host(host) or parts.scheme not in PORTS:
        raise Invalid("this is not an address such as https://example.eu/hook", field=field, reason="URL")
    if parts.scheme != "https" and not plain and not (loopback and _is_loopback(host)):
        raise Invalid("this goes over https only", field=field, reason="NOT_HTTPS")
    if parts.username is not None or parts.password is not None:
        raise Invalid("an address has no user in it", field=field, reason="USERINFO")
    if parts.fragment or url.endswith("#"):
        raise Invalid("an address has no part after #", field=field, reason="FRAGMENT")
    port = PORTS[parts.scheme] if port is None else port
    if port not in ports:
        allowed = ", ".join(map(str, sorted(ports)))
        raise Invalid(f"this goes to port {allowed}, not {port}", field=field, reason="PORT")
    if _is_address(host) and not may_reach(host, loopback=loopback):
        raise not_public(field=field)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    return Target(scheme=parts.scheme, host=host, port=port, path=path)


def not_public(*, field: str = "url") -> Invalid:
    """The refusal of a host with an address that may not be reached. It does not say which."""
    return Invalid("this host is not on the public Internet", field=field, reason="ADDRESS_REFUSED")


def unknown_host(*, field: str = "url") -> Invalid:
    """The refusal of a host without any address."""
    return Invalid("this host has no address", field=field, reason="UNKNOWN_HOST")


def _is_host(host: str) -> bool:
    if _is_address(host):
        return True
    labels = host.split(".")
    # A name that ends in digits is an address to some programs and not to others.
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and _is_this_machine(ip_address(host)))


def _is_this_machine(address: Address) -> bool:
    """Whether *address* is loopback itself: not one of IPv4 in one of IPv6, which Python takes for it from 3.13 on."""
    return address.is_loopback and not (isinstance(address, IPv6Address) and address.ipv4_mapped)
