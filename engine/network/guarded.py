"""An HTTP transport that connects only to checked addresses and never outlives its deadline."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from engine.errors import AddressRefused, NetworkError, TooSlow
from engine.network.addresses import checked_addresses

STANDARD_PORTS = frozenset({80, 443})


class Deadline:
    """Seconds left until a fixed moment of the monotonic clock; a server that drips cannot stretch it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.ends = time.monotonic() + seconds

    def left(self, wanted: float | None = None) -> float:
        """Seconds left, at most `wanted`. Raises TooSlow when there are none."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise self.missed()
        return left if wanted is None else min(left, wanted)

    def missed(self) -> TooSlow:
        """The error to raise when time is up."""
        return TooSlow(
            f"the page did not arrive within {self.seconds:g} seconds",
            help="try again later; if it stays that slow, ask whoever runs the site",
        )


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write gets only the time that is left."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self.inner = inner
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, self.deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, self.deadline.left(timeout))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self.inner.start_tls(ssl_context, server_hostname, self.deadline.left(timeout))
        return _Stream(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Looks a name up, checks every address, and connects to exactly what was checked."""

    def __init__(self, deadline: Deadline, allow_private: bool) -> None:
        self.deadline = deadline
        self.allow_private = allow_private
        self.inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if port not in STANDARD_PORTS and not self.allow_private:
            raise AddressRefused(
                f"`{host}:{port}` is not on a port where pages are published (80 or 443)",
                help="use its public address, or set `allow_private_networks: true` in config/project.yaml",
            )
        failure: Exception | None = None
        for address in checked_addresses(host, port, allow_private=self.allow_private):
            try:
                inner = self.inner.connect_tcp(
                    address, port, self.deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(inner, self.deadline)
        raise NetworkError(
            f"`{host}` does not answer on port {port}", help="check the address; try again later"
        ) from failure


class _Body(httpx.SyncByteStream):
    """The answer's raw bytes as they arrive."""

    def __init__(self, response: httpcore.Response) -> None:
        self.response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self.response.iter_stream()

    def close(self) -> None:
        self.response.close()


class GuardedTransport(httpx.BaseTransport):
    """httpx's way out through the guard. Raises engine.errors and httpcore's own errors."""

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self.pool = httpcore.ConnectionPool(
            # Trusts what the machine's owner set by SSL_CERT_FILE.
            ssl_context=httpx.create_ssl_context(trust_env=True),
            network_backend=_Backend(deadline, allow_private),
            max_connections=1,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self.pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    def close(self) -> None:
        self.pool.close()
