"""What others choose points at public machines only: no address inside, in no spelling, no URL that programs read differently."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.addresses import Target, is_public, may_reach, target
from vocabulary.refusals import Invalid

PORTS = frozenset({443, 8443})
INSIDE = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "carriers": ["100.64.0.1", "100.100.100.200"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.0.1", "fe80::1", "fe80::1%eth0"],
    "metadata": ["169.254.169.254", "fd00:ec2::254", "192.0.0.192", "168.63.129.16", "100.100.100.200"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved": ["240.0.0.1", "255.255.255.255"],
    "unique local": ["fc00::1", "fd12:3456::1"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"],
    "translated": ["64:ff9b::7f00:1", "64:ff9b:1::a00:1", "64:ff9b::808:808"],
    "tunnels": ["2002:7f00:1::1", "2001:0:53aa:64c::1", "2002:a00:1::"],
    "unspecified": ["::"],
}
OUTSIDE = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "2606:4700::1111",
    "2a00:1450:4001:80b::200e",
    "172.32.0.1",
    "11.0.0.1",
]


def test_no_address_inside_may_be_reached() -> None:
    for kind, addresses in INSIDE.items():
        for address in addresses:
            assert not may_reach(address, loopback=False), f"{kind}: {address}"


def test_public_addresses_may_be_reached() -> None:
    for address in OUTSIDE:
        assert may_reach(address, loopback=False), address


def test_where_this_machine_is_allowed_nothing_else_inside_is() -> None:
    for kind, addresses in INSIDE.items():
        for address in addresses:
            assert may_reach(address, loopback=True) is (kind == "loopback"), f"{kind}: {address}"


@given(st.ip_addresses(v=4))
def test_what_python_takes_for_not_global_is_not_public(address: IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@given(st.ip_addresses(v=6))
def test_what_python_takes_for_not_global_is_not_public_either(address: IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved or address.ipv4_mapped:
        assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_never_public(inner: IPv4Address) -> None:
    number = int(inner)
    wrapped = {
        "mapped": IPv6Address((0xFFFF << 32) | number),
        "compatible": IPv6Address(number),
        "translated": IPv6Address((0x64FF9B << 96) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "Teredo": IPv6Address((0x20010000 << 96) | (number << 64) | 1),
    }
    for kind, address in wrapped.items():
        assert not is_public(address), f"{kind}: {address}"


@given(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"]), st.data())
def test_every_address_of_a_private_network_is_refused(network: str, data: st.DataObject) -> None:
    address = data.draw(st.ip_addresses(network=network))
    assert not may_reach(str(address), loopback=False)
    assert ip_address(str(address)) in ip_network(network)


@given(st.text(max_size=40))
def test_what_is_no_address_is_never_reached(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert not may_reach(text, loopback=True)


REFUSED = {
    "ftp://example.eu/": "URL",
    "https://": "URL",
    "https:///path": "URL",
    "https://example.eu:port/": "URL",
    "https://example.eu:99999/": "URL",
    "example.eu/hook": "URL",
    "//example.eu/hook": "URL",
    "https://exa mple.eu/": "URL",
    "https://example.eu/\n": "URL",
    "https://example.eu\\@inside/": "URL",
    "https://[::1/": "URL",
    "https://[fe80::1%25eth0]/": "URL",
    "https://пример.eu/": "URL",
    "https://example.eu./": "URL",
    "https://example..eu/": "URL",
    "https://-example.eu/": "URL",
    "https://2130706433/": "URL",
    "https://127.1/": "URL",
    "https://0x7f.0.0.1/": "URL",
    "https://%31%32%37.0.0.1/": "URL",
    "http://example.eu/": "NOT_HTTPS",
    "http://127.0.0.1/": "NOT_HTTPS",
    "https://user@example.eu/": "USERINFO",
    "https://user:password@example.eu/": "USERINFO",
    "https://@example.eu/": "USERINFO",
    "https://example.eu/#part": "FRAGMENT",
    "https://example.eu/#": "FRAGMENT",
    "https://example.eu:80/": "PORT",
    "https://example.eu:22/": "PORT",
    "https://example.eu:0/": "PORT",
    "https://127.0.0.1/": "ADDRESS_REFUSED",
    "https://[::1]/": "ADDRESS_REFUSED",
    "https://[::ffff:10.0.0.1]/": "ADDRESS_REFUSED",
    "https://169.254.169.254/latest/meta-data/": "ADDRESS_REFUSED",
    f"https://example.eu/{'a' * 2000}": "TOO_LONG",
}


def test_an_address_that_is_not_allowed_is_refused_with_its_reason() -> None:
    for url, reason in REFUSED.items():
        with pytest.raises(Invalid) as refused:
            target(url, ports=PORTS, loopback=False)
        assert (refused.value.reason, refused.value.field) == (reason, "url"), url


def test_an_address_that_is_allowed_is_taken_apart() -> None:
    taken = {
        "https://example.eu": Target(scheme="https", host="example.eu", port=443, path="/"),
        "https://EXAMPLE.eu:8443/a/b?c=d": Target(scheme="https", host="example.eu", port=8443, path="/a/b?c=d"),
        "https://xn--e1afmkfd.eu/": Target(scheme="https", host="xn--e1afmkfd.eu", port=443, path="/"),
        "https://8.8.8.8/x": Target(scheme="https", host="8.8.8.8", port=443, path="/x"),
        "https://[2606:4700::1111]/": Target(scheme="https", host="2606:4700::1111", port=443, path="/"),
    }
    assert {url: target(url, ports=PORTS, loopback=False) for url in taken} == taken


def test_plain_text_goes_to_this_machine_only_and_only_where_that_is_allowed() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert target(f"http://{host}:8443/", ports=PORTS, loopback=True).scheme == "http"
    for host in ("example.eu", "8.8.8.8", "localhost.example.eu", "10.0.0.1"):
        with pytest.raises(Invalid) as refused:
            target(f"http://{host}:8443/", ports=PORTS, loopback=True)
        assert refused.value.reason == "NOT_HTTPS", host


@given(st.text(max_size=60), st.sampled_from(["https://", "http://", "", "https:", "//"]))
def test_whatever_is_taken_is_https_to_a_host_and_an_allowed_port(rest: str, scheme: str) -> None:
    try:
        found = target(scheme + rest, ports=PORTS, loopback=False)
    except Invalid:
        return
    assert found.scheme == "https"
    assert found.port in PORTS
    assert not set(found.host) & set(" /@\\?#%[]")
    assert found.path.startswith("/")


def test_where_plain_text_is_allowed_everything_else_is_checked_as_ever() -> None:
    found = target("http://example.eu:8443/a", ports=PORTS, loopback=False, plain=True)
    assert found == Target(scheme="http", host="example.eu", port=8443, path="/a")
    for url, reason in REFUSED.items():
        if reason != "NOT_HTTPS":
            with pytest.raises(Invalid) as refused:
                target(url, ports=PORTS, loopback=False, plain=True)
            assert refused.value.reason == reason, url
