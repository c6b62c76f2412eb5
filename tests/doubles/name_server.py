"""A DNS server on loopback, over UDP and TCP, that answers from a few records; and one that never answers."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Name → kind → records, as a zone file writes them."""

SMALL = 512
"""Bytes that fit into an answer over UDP; the rest is asked for over TCP."""


def answer(zone: Zone, question: bytes, *, limit: int | None = None) -> bytes:
    """The answer to one question. Aliases are followed, names above known ones exist, others do not."""
    query = dns.message.from_wire(question)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    asked = query.question[0]
    name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
    while True:
        records = zone.get(name, {})
        if "CNAME" in records and kind != "CNAME":
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", *records["CNAME"]))
            name = records["CNAME"][0].rstrip(".").lower()
            continue
        break
    if records.get(kind):
        reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *records[kind]))
    elif not any(known == name or known.endswith(f".{name}") for known in zone):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    wire = reply.to_wire()
    if limit is not None and len(wire) > limit:
        short = dns.message.make_response(query)
        short.flags |= dns.flags.TC
        return short.to_wire()
    return wire


@contextlib.contextmanager
def running(zone: Zone) -> Iterator[str]:
    """The server; its address as HOST:PORT."""

    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            question, plug = self.request
            plug.sendto(answer(zone, question, limit=SMALL), self.client_address)

    class Stream(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.request.recv(2))
            wire = answer(zone, self.request.recv(length))
            self.request.sendall(struct.pack("!H", len(wire)) + wire)

    with _pair(Datagrams, Stream) as (by_datagram, by_stream):
        for server in (by_datagram, by_stream):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{by_datagram.server_address[1]}"
        finally:
            by_datagram.shutdown()
            by_stream.shutdown()


@contextlib.contextmanager
def _pair(
    datagrams: type[socketserver.BaseRequestHandler], stream: type[socketserver.BaseRequestHandler]
) -> Iterator[tuple[socketserver.BaseServer, socketserver.BaseServer]]:
    """A server of each kind on one port."""
    for _ in range(20):
        with socketserver.ThreadingUDPServer(("127.0.0.1", 0), datagrams) as by_datagram:
            try:
                by_stream = socketserver.ThreadingTCPServer(by_datagram.server_address, stream)
            except OSError:
                continue
            with by_stream:
                yield by_datagram, by_stream
                return
    raise OSError("no port is free for both kinds")


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A port at which nobody says anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{plug.getsockname()[1]}"
