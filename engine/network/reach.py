"""May a provider's address be reached: no private network unless allowed, no token over an open network."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.errors import AddressRefused, NetworkError, NotSent
from engine.network.addresses import checked_addresses, refusal


def on_this_machine(host: str) -> bool:
    """Whether the name or address is this machine's own loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def check_web_address(url: str, *, allow_private_networks: bool) -> None:
    """Raises AddressRefused, NotSent for an unknown host, NetworkError for plain http to a public one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise NetworkError(f"`{url}` is not a web address", help="write it like https://api.example.com")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    private = await check_host(host, port, allow_private_networks=allow_private_networks)
    if parts.scheme == "http" and not private:
        raise NetworkError(f"`{url}` would carry the provider's token unencrypted", help="use https")


async def check_host(host: str, port: int, *, allow_private_networks: bool) -> bool:
    """Whether the host lies wholly in private networks. AddressRefused, or NotSent if unknown."""
    try:
        found = await asyncio.to_thread(checked_addresses, host, port, allow_private=allow_private_networks)
    except AddressRefused:
        raise
    except NetworkError as error:
        raise NotSent(error.message, help=error.help) from error
    return all(refusal(ip_address(text.partition("%")[0])) for text in found)
