"""Asking the domain name system: the records of a name, and whether the name exists at all."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

import dns.exception
import dns.nameserver
import dns.resolver

from engine.errors import NetworkError, UsageError

SECONDS = 6.0
"""For one question, over all its tries."""

DNS_PORT = 53


@dataclass(frozen=True, slots=True)
class Records:
    """What was answered: the records as texts, in the server's order. `exists`: False where there is no such name."""

    texts: tuple[str, ...] = ()
    exists: bool = True


class Names:
    """Asks one name server. `server`: `127.0.0.1`, `127.0.0.1:5353`, `[::1]:53`; "" for the machine's own."""

    def __init__(self, server: str = "") -> None:
        self.resolver = _own_resolver() if not server else dns.resolver.Resolver(configure=False)
        if server:
            host, port = _parted(server)
            self.resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port)]
        self.resolver.lifetime = SECONDS
        self.resolver.cache = dns.resolver.Cache()

    def ask(self, name: str, kind: str) -> Records:
        """The records of one kind: TXT joined to whole texts, MX as `10 mail.example`, others as written.

        Aliases (CNAME) are followed. Raises NetworkError when no server answers.
        """
        try:
            found = self.resolver.resolve(name.rstrip(".") + ".", kind, search=False)
        except dns.resolver.NXDOMAIN:
            return Records(exists=False)
        except dns.resolver.NoAnswer:
            return Records()
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError) as error:
            raise NetworkError(
                f"no name server could say anything about {name} ({type(error).__name__})",
                help="check the network, or name a server with --dns HOST or TOUCHBASE_DNS",
            ) from error
        except dns.exception.DNSException as error:
            raise NetworkError(
                f"`{name}` cannot be looked up: {error}", help="check how it is written"
            ) from error
        if kind == "TXT":
            return Records(tuple(b"".join(each.strings).decode("utf-8", "replace") for each in found))
        return Records(tuple(str(each) for each in found))


def _own_resolver() -> dns.resolver.Resolver:
    try:
        return dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise NetworkError(
            "this machine has no name server", help="name one with --dns HOST or TOUCHBASE_DNS"
        ) from error


def _parted(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    if not colon or (server.count(":") > 1 and not server.startswith("[")):
        host, port = server, str(DNS_PORT)
    host = host.strip("[]")
    try:
        ip_address(host)
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(port)
    except ValueError as error:
        raise UsageError(
            f"`{server}` is no name server", help="write an IP address, like 127.0.0.1 or 127.0.0.1:53"
        ) from error
    return host, int(port)
