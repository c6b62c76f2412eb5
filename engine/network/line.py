"""A blocking HTTP/1.1 connection for large ready-made bodies: nothing is copied between the batch and the socket."""

from __future__ import annotations

import base64
import contextlib
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from engine.network.reach import on_this_machine

IDLE_SECONDS = 5.0
"""Below every known server's own keep-alive limit, so that a reused connection is seldom a dying one."""

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. Five hundred answers of an email API are about 125 KB; more than this is not an answer to us."""

BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said. `headers` with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Abandoned(Exception):
    """The caller gave up before the body was begun, so it must not leave any more."""


class Progress:
    """How far a call came, agreed between the thread that makes it and the one that waits."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun = False
        self.abandoned = False

    def begin(self) -> None:
        """From here on the body may have left; Abandoned if the caller has gone."""
        with self.lock:
            if self.abandoned:
                raise Abandoned
            self.begun = True

    def abandon(self) -> None:
        """Give up: a body that is not begun now never will be."""
        with self.lock:
            self.abandoned = True


class Broken(Exception):
    """The connection failed, or the answer is none; the text says how."""


class Line:
    """One connection, opened when needed and kept while it is good. Not for two threads at once."""

    def __init__(self, base_url: str, headers: Mapping[str, str], tls: ssl.SSLContext | None) -> None:
        self.target = urlsplit(base_url)
        self.headers = dict(headers)
        self.tls = tls
        self.connection: http.client.HTTPConnection | None = None
        self.used_at = 0.0

    def call(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        progress: Progress,
        connect: float,
        quiet: float,
    ) -> Answer:
        """One call. `headers`: this call's own. `connect`, `quiet`: seconds.

        Raises Broken; `progress` says whether the body was begun. A GET has none and begins nothing.
        """
        try:
            connection = self.ready(connect)
            assert connection.sock is not None
            connection.sock.settimeout(quiet)
            connection.putrequest(method, self.target.path + path, skip_accept_encoding=True)
            for name, value in {**self.headers, **headers}.items():
                connection.putheader(name, value)
            if method != "GET":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if method != "GET":
                progress.begin()
                hand_over(connection, body)
            answer = read_answer(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            raise Broken(in_words(error)) from error
        except BaseException:
            self.hang_up()
            raise
        self.used_at = time.monotonic()
        if connection.sock is None:
            self.connection = None
        return answer

    def ready(self, seconds: float) -> http.client.HTTPConnection:
        """The connection, a new one where the old one is closed, closing or long idle."""
        if self.connection is not None and self.stale(self.connection):
            self.hang_up()
        if self.connection is None:
            connection = self.make(seconds)
            self.connection = connection
            connection.connect()
        return self.connection

    def stale(self, connection: http.client.HTTPConnection) -> bool:
        """Whether the other side has closed it, or may at any moment. It never speaks unasked."""
        if connection.sock is None or time.monotonic() - self.used_at > IDLE_SECONDS:
            return True
        return bool(select.select([connection.sock], [], [], 0)[0])

    def make(self, seconds: float) -> http.client.HTTPConnection:
        """A connection not yet opened, through the environment's proxy where there is one."""
        host, port = self.target.hostname or "", self.target.port
        proxy = proxy_for(self.target)
        if self.tls is None:
            return http.client.HTTPConnection(host, port, timeout=seconds, blocksize=BLOCK)
        if proxy is None:
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=self.tls, blocksize=BLOCK)
        connection = http.client.HTTPSConnection(
            proxy.hostname or "", proxy.port or 80, timeout=seconds, context=self.tls
        )
        connection.set_tunnel(host, port or 443, headers=proxy_headers(proxy))
        return connection

    def hang_up(self) -> None:
        """Close. From another thread it also wakes the one that waits for the peer."""
        connection, self.connection = self.connection, None
        if connection is None:
            return
        plug = connection.sock
        if plug is not None:
            with contextlib.suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)
        connection.close()


def hand_over(connection: http.client.HTTPConnection, body: bytes) -> None:
    """Write the body. A server may refuse half-way and say why: then its answer is read, not our error."""
    try:
        connection.send(body)
    except (BrokenPipeError, ConnectionResetError):
        connection.sock.settimeout(1.0)


def read_answer(response: http.client.HTTPResponse) -> Answer:
    """The whole answer, up to the limit; Broken where it is cut short or does not end."""
    body = bytearray()
    while block := response.read(BLOCK):
        body += block
        if len(body) > LARGEST_ANSWER:
            raise Broken(f"an answer of more than {LARGEST_ANSWER} bytes")
    if response.length:
        raise Broken("the answer was cut short")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, bytes(body))


def proxy_for(target: SplitResult) -> SplitResult | None:
    """The environment's proxy for an encrypted address; never one to reach this machine itself."""
    host = target.hostname or ""
    address = getproxies().get("https", "")
    if not address or on_this_machine(host) or proxy_bypass(host):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


def proxy_headers(proxy: SplitResult) -> dict[str, str]:
    """What the proxy wants to know, from the user and password in its address."""
    if not proxy.username:
        return {}
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(login.encode()).decode()}


def in_words(error: Exception) -> str:
    """A transport error as a person can read it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "no connection: nobody listens there"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted ({error.verify_message})"
    if isinstance(error, http.client.HTTPException | ConnectionError):
        return f"the connection broke ({type(error).__name__})"
    return str(error) or type(error).__name__
