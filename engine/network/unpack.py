"""Unpacking an answer's body without ever holding more than its limit: a small bomb stays small."""

from __future__ import annotations

import zlib

import httpx

from engine.errors import NetworkError, TooLarge
from engine.network.guarded import Deadline

# zlib: 32 + 15 reads both the gzip and the zlib wrapping, -15 the bare stream some servers call "deflate".
EITHER_WRAPPING = 47
BARE = -15
PLAIN = frozenset({"", "identity"})
PACKED = frozenset({"gzip", "x-gzip", "deflate"})


def read_limited(response: httpx.Response, most: int, deadline: Deadline) -> bytes:
    """The unpacked body, at most `most` bytes of it.

    Raises TooLarge beyond that, TooSlow beyond the deadline, NetworkError when it cannot be unpacked.
    """
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing not in PLAIN | PACKED:
        raise NetworkError(
            f"`{response.url.host}` packs its answer as `{packing[:40]}`, which we did not ask for",
            help="ask whoever runs the site to honour Accept-Encoding",
        )
    unpacker = _Unpacker() if packing in PACKED else None
    body = bytearray()
    for chunk in response.iter_raw():
        deadline.left()
        body += unpacker.unpack(chunk, most + 1 - len(body)) if unpacker else chunk
        if len(body) > most:
            raise TooLarge(
                f"`{response.url.host}` sends more than {most / 1_000_000:g} MB",
                help="ask for a feed of fewer or shorter posts",
            )
    if unpacker and not unpacker.complete:
        raise NetworkError(f"`{response.url.host}` broke off in the middle", help="try again later")
    return bytes(body)


class _Unpacker:
    """zlib in small steps; several gzip members in a row are one body."""

    def __init__(self) -> None:
        self.stream = zlib.decompressobj(EITHER_WRAPPING)
        self.started = False
        self.finished = False

    @property
    def complete(self) -> bool:
        """Whether the packed stream ended where it said it would (an empty body is complete)."""
        return self.finished or not self.started

    def unpack(self, chunk: bytes, room: int) -> bytes:
        """At most `room` bytes out of `chunk`; more would be over the limit anyway."""
        out = bytearray()
        while chunk and len(out) < room:
            try:
                out += self.stream.decompress(chunk, room - len(out))
            except zlib.error as error:
                if self.finished:
                    return bytes(out)  # rubbish behind a complete body, as browsers ignore it
                if self.started:
                    raise NetworkError("the answer is packed wrongly", help="try again later") from error
                self.stream = zlib.decompressobj(BARE)
                self.started = True
                continue
            self.started = True
            chunk = self.stream.unconsumed_tail
            if self.stream.eof:
                self.finished = True
                chunk = self.stream.unused_data
                self.stream = zlib.decompressobj(EITHER_WRAPPING)
        return bytes(out)
