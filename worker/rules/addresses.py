"""Which addresses may be dialled: the policy that keeps fetches out of internal networks.

The lists are written out because `ipaddress.is_global` changes between patch levels of Python and
calls some addresses global that lead inside (IANA special-purpose registries, RFC 6890).
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# What `allow_private_addresses` opens: networks that an operator runs.
_PRIVATE_V4: Final = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    )
)
_PRIVATE_V6: Final = tuple(map(IPv6Network, ("::1/128", "fc00::/7")))

# Never dialled, whatever the settings say.
_REFUSED_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "100.100.100.200/32",  # metadata of Alibaba Cloud, in shared address space
            "168.63.129.16/32",  # metadata of Azure, a public address
            "169.254.0.0/16",  # link-local, and most clouds' metadata
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_REFUSED_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, benchmarking, ORCHID
            "2001:db8::/32",
            "2002::/16",  # 6to4 carries an IPv4 address
            "3fff::/20",
            "fd00:ec2::/32",  # metadata of AWS, in unique local space
        ),
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")

_HOST_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")
_LISTED_HOST: Final = re.compile(r"^(\[[0-9a-f:.]+\]|[^:\s]+)(?::([0-9]{1,5}))?$", re.MULTILINE)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def address_of(host: str) -> Address | None:
    """The address that `host` spells in its standard form, None for a name or another form."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_allowed_host(host: str) -> bool:
    """Whether `host` is a standard address or a name that no resolver takes for an address.

    A last label that is a number makes the whole an IPv4 address in some of its historic forms
    (2130706433, 0x7f.1, 127.1; WHATWG URL, "ends in a number"), which have no honest use.
    """
    if address_of(host) is not None:
        return "%" not in host
    if len(host) > 253 or _HOST_NAME.fullmatch(host) is None:
        return False
    last_label = host.rstrip(".").rpartition(".")[2]
    return _NUMBER.fullmatch(last_label) is None


def is_listed_host(host: str, port: int, default_port: int, listed: Iterable[str]) -> bool:
    """Whether an operator's list names the host: `name`, `name:port`, or `.suffix` for all below.

    An entry without a port means the scheme's own.
    """
    host = host.lower().rstrip(".")
    for name, named_port in _LISTED_HOST.findall("\n".join(listed).lower()):
        bare = name.strip("[]")
        below = bare.startswith(".") and host.endswith(bare)
        if port == int(named_port or default_port) and (host == bare or below):
            return True
    return False


def is_allowed_address(address: Address, *, allow_private_addresses: bool = False) -> bool:
    """Whether a connection to `address` may be made.

    IPv4-mapped addresses count as the IPv4 address they carry. Of IPv6 only global unicast
    passes, so NAT64, site-local, link-local and multicast addresses are refused.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.scope_id is not None:
            return False
    if isinstance(address, IPv4Address):
        if any(address in network for network in _REFUSED_V4):
            return False
        return allow_private_addresses or not any(address in network for network in _PRIVATE_V4)
    if any(address in network for network in _REFUSED_V6):
        return False
    private = allow_private_addresses and any(address in network for network in _PRIVATE_V6)
    return private or address in _GLOBAL_V6
