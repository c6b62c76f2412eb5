"""One connection to an email API that knows, when something goes wrong, whether the body may have left.

The call is made by `line` in a thread of the lane's own: measured with batches of 13 MB, an event loop spends
22 µs of CPU a letter on copying what a blocking socket takes for 7, and holds the lock meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import NotSent, ProviderError, Unknown
from engine.network.line import Abandoned, Answer, Broken, Line, Progress
from engine.network.memory import keep_freed_memory
from engine.network.reach import check_web_address
from engine.network.trust import trusting_context

__all__ = ["Answer", "Lane", "Patience"]

CONNECT_SECONDS = 10.0
QUIET_SECONDS = 60.0
DEADLINE_SECONDS = 180.0
"""A peer answering one byte a second passes every limit between two bytes; only one on the whole ends it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, between two bytes either way, and for the whole call."""

    connect: float = CONNECT_SECONDS
    quiet: float = QUIET_SECONDS
    whole: float = DEADLINE_SECONDS


class Lane:
    """One connection; its calls follow one another. Open several for several at a time."""

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
        self.line: Line | None = None
        self.thread: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Check the address and prepare. Raises AddressRefused, NetworkError, or NotSent for an unknown name."""
        if self.line is None:
            await check_web_address(self.base_url, allow_private_networks=self.allow_private_networks)
            keep_freed_memory()
            tls = trusting_context() if self.base_url.startswith("https:") else None
            self.line = Line(self.base_url, self.headers, tls)
            self.thread = ThreadPoolExecutor(1, f"lane to {self.host}")

    async def close(self) -> None:
        """Let go of the connection and its thread."""
        line, self.line = self.line, None
        thread, self.thread = self.thread, None
        if line is not None:
            line.hang_up()
        if thread is not None:
            thread.shutdown(wait=False)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """One POST of ready-made bytes, with headers of this call's own laid over the lane's.

        Raises NotSent while no byte of the body had been handed to the connection, Unknown afterwards
        (time-out, broken connection, an answer that is cut short or never ends).
        """
        return await self.call("POST", path, body, headers or {})

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One question. Raises NotSent for whatever goes wrong on the way: asking changes nothing."""
        return await self.call("GET", path, b"", headers or {})

    async def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One call of any kind; see `post` and `get`."""
        await self.open()
        assert self.line is not None
        assert self.thread is not None
        progress, patience = Progress(), self.patience
        call = self.thread.submit(
            self.line.call, method, path, body, headers, progress, patience.connect, patience.quiet
        )
        try:
            async with asyncio.timeout(patience.whole):
                return await asyncio.wrap_future(call)
        except (TimeoutError, asyncio.CancelledError) as error:
            await self.give_up(progress, call)
            if isinstance(error, asyncio.CancelledError):
                raise
            message = f"{self.host} did not answer within {patience.whole:g} seconds"
            raise failure(progress, message, "the provider is slow; look at its status page") from error
        except Broken as error:
            message = f"{self.host}: {error}"
            raise failure(progress, message, "check the address and the connection") from error

    async def give_up(self, progress: Progress, call: Future[Answer]) -> None:
        """Leave a call alone for good: it sends nothing more, and the next one has a thread of its own."""
        progress.abandon()
        call.add_done_callback(forget)
        await self.close()


def forget(call: Future[Answer]) -> None:
    """Take note of how an abandoned call ended; nobody waits for it."""
    error = None if call.cancelled() else call.exception()
    if error is not None and not isinstance(error, Abandoned | Broken):
        raise error


def failure(progress: Progress, message: str, help: str) -> ProviderError:
    """NotSent while the body was not begun, Unknown from then on."""
    if progress.begun:
        return Unknown(f"{message}; the letters may have been accepted", help=help)
    return NotSent(message, help=help)
