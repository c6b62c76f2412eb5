"""Which addresses of the network may be talked to; the inside of the house may not."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from engine.errors import AddressRefused, NetworkError

Address = IPv4Address | IPv6Address

# Never a feed or a provider, whatever the workspace allows: a cloud's metadata, multicast, nothing.
# Sources: IANA special-purpose registries; the metadata addresses of AWS, GCP, Azure, Alibaba and Oracle.
ALWAYS_REFUSED: tuple[tuple[IPv4Network | IPv6Network, str], ...] = (
    (IPv4Network("169.254.0.0/16"), "link-local, where clouds keep their metadata"),
    (IPv4Network("168.63.129.16/32"), "a cloud's metadata address"),
    (IPv4Network("100.100.100.200/32"), "a cloud's metadata address"),
    (IPv4Network("192.0.0.192/32"), "a cloud's metadata address"),
    (IPv6Network("fd00:ec2::254/128"), "a cloud's metadata address"),
    (IPv6Network("fe80::/10"), "link-local"),
    (IPv4Network("0.0.0.0/8"), "no address at all"),
    (IPv6Network("::/128"), "no address at all"),
    (IPv4Network("224.0.0.0/4"), "multicast"),
    (IPv6Network("ff00::/8"), "multicast"),
    (IPv4Network("240.0.0.0/4"), "reserved"),
)

# Refused unless `allow_private_networks` is true. Written out: `is_global` differs between Pythons.
PRIVATE: tuple[tuple[IPv4Network | IPv6Network, str], ...] = (
    (IPv4Network("127.0.0.0/8"), "this machine itself"),
    (IPv6Network("::1/128"), "this machine itself"),
    (IPv4Network("10.0.0.0/8"), "a private network"),
    (IPv4Network("172.16.0.0/12"), "a private network"),
    (IPv4Network("192.168.0.0/16"), "a private network"),
    (IPv4Network("100.64.0.0/10"), "a carrier's private network"),
    (IPv6Network("fc00::/7"), "a private network"),
    (IPv6Network("fec0::/10"), "a private network"),
)

# IPv6 addresses that carry an IPv4 address inside, and how far from the right it sits, in bits.
CARRIERS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # IPv4-mapped, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # IPv4-translated, RFC 2765
    (IPv6Network("::/96"), 0),  # IPv4-compatible, RFC 4291
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
UNREADABLE_CARRIERS = (
    IPv6Network("64:ff9b:1::/48"),  # a site's own NAT64, RFC 8215: the place of the IPv4 part is unknown
    IPv6Network("2001::/32"),  # Teredo, RFC 4380
)


def refusal(address: Address, *, allow_private: bool = False) -> str:
    """Why this address must not be talked to, in a few words; empty when it may be."""
    inner = _carried(address)
    if inner is not None:
        return refusal(inner, allow_private=allow_private)
    for network, why in ALWAYS_REFUSED:
        if address in network:
            return why
    for network, why in PRIVATE:
        if address in network:
            return "" if allow_private else why
    if any(address in network for network in UNREADABLE_CARRIERS):
        return "a tunnel to an address we cannot see"
    if not address.is_global or address.is_multicast:
        return "" if allow_private and address.is_private else "not a public address"
    return ""


def _carried(address: Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one, or None. `::` and `::1` are themselves, not carriers."""
    if isinstance(address, IPv4Address) or int(address) < 2:
        return None
    for network, shift in CARRIERS:
        if address in network:
            return IPv4Address((int(address) >> shift) & 0xFFFFFFFF)
    return None


def checked_addresses(host: str, port: int, *, allow_private: bool = False) -> list[str]:
    """Every address of `host`, each of them checked, in the order the resolver prefers.

    The caller connects to one of exactly these: a name that answers differently a moment later gains nothing.
    One bad address among good ones refuses the whole name.

    Raises:
        AddressRefused: at least one address is not to be talked to.
        NetworkError: the name does not exist or cannot be looked up.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(
            f"`{host}` was not found in the network",
            help="check the spelling, and that this machine is online",
        ) from error
    found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
    for text in found:
        why = refusal(ip_address(text.partition("%")[0]), allow_private=allow_private)
        if why:
            raise AddressRefused(
                f"`{host}` leads to {text}, which is not public ({why})", help=_remedy(allow_private)
            )
    return found


def _remedy(allow_private: bool) -> str:
    if allow_private:
        return "this address is never allowed; use the public address of the page"
    return (
        "use its public address, or set `allow_private_networks: true` in config/project.yaml if it is meant"
    )
