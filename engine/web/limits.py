"""What one visitor may cost: bytes of a body, seconds to send it."""

from __future__ import annotations

import asyncio

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 1024 * 1024
"""Bytes. The largest batch of news any provider documents is well below; forms are a few hundred."""

BODY_SECONDS = 20.0


class TooMuch(Exception):
    """The body is larger, or takes longer, than anybody needs."""


class Limits:
    """Answers 413 or 408 instead of waiting for what is too large or too slow."""

    def __init__(self, app: ASGIApp, *, largest: int = LARGEST_BODY, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.largest = largest
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.largest:
            await PlainTextResponse("too large", 413)(scope, receive, send)
            return
        body = Body(receive, self.largest, asyncio.get_running_loop().time() + self.seconds)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, body.receive, watched)
        except TooMuch:
            if not begun:
                status = 413 if body.size > self.largest else 408
                await PlainTextResponse("too much", status)(scope, receive, send)


class Body:
    """Counts what comes in."""

    def __init__(self, receive: Receive, largest: int, until: float) -> None:
        self.source = receive
        self.largest = largest
        self.until = until
        self.size = 0
        self.whole = False

    async def receive(self) -> Message:
        """The next piece; TooMuch past the limits."""
        if self.whole:
            return await self.source()
        try:
            async with asyncio.timeout_at(self.until):
                message = await self.source()
        except TimeoutError as error:
            raise TooMuch from error
        self.size += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self.size > self.largest:
            raise TooMuch
        return message
