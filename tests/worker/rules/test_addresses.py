from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.addresses import (
    address_of,
    is_allowed_address,
    is_allowed_host,
    is_listed_host,
)

PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "fc00::1",
    "fd12:3456::1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.0.1",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::2",
    "::7f00:1",
    "::ffff:0.0.0.0",
    "::ffff:169.254.169.254",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "2606:4700::1%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "3ffe::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_dialled(text: str) -> None:
    assert is_allowed_address(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_address_is_dialled_only_when_the_setting_opens_it(text: str) -> None:
    assert not is_allowed_address(ip_address(text))
    assert is_allowed_address(ip_address(text), allow_private_addresses=True)


@pytest.mark.parametrize("text", NEVER)
def test_a_reserved_address_is_never_dialled(text: str) -> None:
    assert not is_allowed_address(ip_address(text))
    assert not is_allowed_address(ip_address(text), allow_private_addresses=True)


@given(st.ip_addresses(v=4))
def test_an_allowed_ipv4_address_is_global_to_the_standard_library_too(
    address: IPv4Address,
) -> None:
    if is_allowed_address(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_mapping_an_ipv4_address_into_ipv6_changes_nothing(address: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{address}")

    for private in (False, True):
        assert is_allowed_address(mapped, allow_private_addresses=private) == is_allowed_address(
            address, allow_private_addresses=private
        )


@given(st.ip_addresses(v=6))
def test_opening_private_addresses_closes_nothing(address: IPv6Address) -> None:
    if is_allowed_address(address):
        assert is_allowed_address(address, allow_private_addresses=True)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "example.com.",
        "localhost",
        "xn--bcher-kva.example",
        "a_b.example",
        "1.2.3.4",
        "::1",
        "1and1.example",
        "0x7f.example",
        "a" * 63 + ".example",
    ],
)
def test_a_plain_host_is_looked_up(host: str) -> None:
    assert is_allowed_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "2130706433",
        "2130706433.",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "127.1",
        "127.0.1",
        "127.0.0.1.",
        "0177.0.0.1",
        "127.0.0.0x1",
        "1.2.3.4.5",
        "256.256.256.256",
        "example.0x",
        "fe80::1%1",
        "fe80::1%25eth0",
        "%31%32%37.0.0.1",
        "exa%20mple",
        "ex\\ample",
        "a..b",
        "-a.example",
        "a" * 64 + ".example",
        "a." * 130 + "example",
        "münchen.example",
    ],
)
def test_a_host_that_a_resolver_may_read_otherwise_is_refused(host: str) -> None:
    assert not is_allowed_host(host)


def test_only_the_standard_form_of_an_address_counts_as_one() -> None:
    assert address_of("127.0.0.1") == IPv4Address("127.0.0.1")
    assert address_of("::1") == IPv6Address("::1")
    assert address_of("127.1") is None
    assert address_of("example.com") is None


@pytest.mark.parametrize(
    ("host", "port", "listed"),
    [
        ("media.example", 443, "media.example"),
        ("MEDIA.example.", 443, "media.example"),
        ("media.example", 443, "Media.Example:443"),
        ("media.example", 9000, "media.example:9000"),
        ("a.media.example", 443, ".media.example"),
        ("b.a.media.example", 443, ".media.example"),
        ("a.media.example", 9000, ".media.example:9000"),
        ("127.0.0.1", 9000, "127.0.0.1:9000"),
        ("::1", 9000, "[::1]:9000"),
        ("::1", 443, "[::1]"),
    ],
)
def test_a_host_is_listed_by_name_port_and_suffix(host: str, port: int, listed: str) -> None:
    assert is_listed_host(host, port, 443, ["other.example", listed])


@pytest.mark.parametrize(
    ("host", "port", "listed"),
    [
        pytest.param("media.example", 8443, "media.example", id="other-port"),
        pytest.param("media.example", 443, "media.example:8443", id="other-port-listed"),
        pytest.param("media.example", 443, ".media.example", id="suffix-itself"),
        pytest.param("evilmedia.example", 443, ".media.example", id="no-label-border"),
        pytest.param("evilmedia.example", 443, "media.example", id="longer-name"),
        pytest.param("media.example.evil", 443, "media.example", id="longer-at-the-end"),
        pytest.param("a.media.example", 443, "media.example", id="below-a-name"),
        pytest.param("media.example", 443, "https://media.example", id="a-url"),
        pytest.param("media.example", 443, "", id="empty"),
        pytest.param("", 443, "", id="no-host"),
        pytest.param("media.example", 443, "*.example", id="no-patterns"),
    ],
)
def test_what_only_looks_like_a_listed_host_is_none(host: str, port: int, listed: str) -> None:
    assert not is_listed_host(host, port, 443, [listed])
