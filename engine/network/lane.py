"""One connection to an email API that knows, when something goes wrong, whether the body may have left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from engine.errors import NotSent, ProviderError, Unknown
from engine.network.reach import check_web_address, on_this_machine

CONNECT_SECONDS = 10.0
QUIET_SECONDS = 60.0
DEADLINE_SECONDS = 180.0
"""A peer answering one byte a second passes every limit between two bytes; only one on the whole ends it."""

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. Five hundred answers of an email API are about 125 KB; more than this is not an answer to us."""

IDLE_SECONDS = 5.0
"""Below every known server's own keep-alive limit, so that a reused connection is seldom a dying one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said. `headers` with lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, between two bytes either way, and for the whole call."""

    connect: float = CONNECT_SECONDS
    quiet: float = QUIET_SECONDS
    whole: float = DEADLINE_SECONDS


class Parcel(httpx.AsyncByteStream):
    """A body that remembers whether it was asked for, and that can be taken back.

    httpx writes the headers first and then asks for the body: before that, nothing of it can have left.
    After the call the lane empties it, so that the reference cycles httpx leaves behind hold no letters.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.begun = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun = True
        yield self.body

    def failure(self, message: str, help: str) -> ProviderError:
        """NotSent while no byte of the body was asked for, Unknown from then on."""
        if self.begun:
            return Unknown(f"{message}; the letters may have been accepted", help=help)
        return NotSent(message, help=help)


class Lane:
    """One client with one connection; its calls follow one another. Open several for several at a time.

    httpx's pool costs grow with the square of its connections, so each lane has a pool of one.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        allow_private_networks: bool = False,
        patience: Patience | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers = dict(headers)
        self.host = urlsplit(base_url).hostname or ""
        self.allow_private_networks = allow_private_networks
        self.patience = patience or Patience()
        self.client: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Check the address and prepare the client. Raises AddressRefused, or NotSent for an unknown name."""
        if self.client is None:
            await check_web_address(self.base_url, allow_private_networks=self.allow_private_networks)
            self.client = self.make_client()

    def make_client(self) -> httpx.AsyncClient:
        """The lane's client. A proxy from the environment is used, but never to reach this machine itself."""
        quiet = self.patience.quiet
        return httpx.AsyncClient(
            limits=httpx.Limits(
                max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_SECONDS
            ),
            timeout=httpx.Timeout(connect=self.patience.connect, read=quiet, write=quiet, pool=quiet),
            follow_redirects=False,
            trust_env=not on_this_machine(self.host),
        )

    async def close(self) -> None:
        """Let go of the connection."""
        client, self.client = self.client, None
        if client is not None:
            await client.aclose()

    async def post(self, path: str, body: bytes) -> Answer:
        """One POST of ready-made bytes.

        Raises NotSent while no byte of the body had been handed to the connection, Unknown afterwards
        (time-out, broken connection, an answer that never ends).
        """
        await self.open()
        assert self.client is not None
        parcel = Parcel(body)
        headers = {**self.headers, "Content-Length": str(len(body)), "Accept-Encoding": "identity"}
        request = self.client.build_request("POST", self.base_url + path, headers=headers)
        request.stream = parcel
        try:
            async with asyncio.timeout(self.patience.whole):
                return await exchange(self.client, request)
        except TimeoutError as error:
            message = f"{self.host} did not answer within {self.patience.whole:g} seconds"
            raise parcel.failure(message, "the provider is slow; look at its status page") from error
        except httpx.HTTPError as error:
            message = f"{self.host}: {in_words(error)}"
            raise parcel.failure(message, "check the address and the connection") from error
        finally:
            parcel.body = b""


async def exchange(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    """Send the request and read its answer up to the limit."""
    response = await client.send(request, stream=True)
    try:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > LARGEST_ANSWER:
                raise Unknown(
                    f"{request.url.host} answered with more than {LARGEST_ANSWER} bytes; "
                    "the letters may have been accepted"
                )
        return Answer(response.status_code, dict(response.headers), bytes(body))
    finally:
        await response.aclose()


KINDS: Mapping[type[httpx.HTTPError], str] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the letters could not be handed over in time",
    httpx.ReadError: "the connection broke",
    httpx.WriteError: "the connection broke",
    httpx.RemoteProtocolError: "the connection broke",
}


def in_words(error: httpx.HTTPError) -> str:
    """A transport error as a person can read it: its kind, and its own text where it has one."""
    kind = KINDS.get(type(error), type(error).__name__)
    return f"{kind} ({error})" if str(error) else kind
