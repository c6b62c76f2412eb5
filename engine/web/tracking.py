"""The picture of one pixel and the links that lead over here; what they tell waits in a queue of its own."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engine.app.reception import Reception, Visit
from engine.errors import StoreError
from engine.model.heard import Heard
from engine.web.pages import Pages

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one by one, 42 bytes."""

WAITING = 10_000
"""Visits that may wait to be written down. A flood beyond is counted and dropped; unsubscribing has its own way."""

AT_ONCE = 500
LONGEST_NUMBER = 6
"""Digits of a link's number."""

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}

log = logging.getLogger(__name__)


class Tracking:
    """Opens and clicks. The visitor is answered at once, whether or not the visit can be written down."""

    def __init__(
        self, reception: Reception, pages: Pages, write: Callable[[Sequence[Heard]], object]
    ) -> None:
        self.reception = reception
        self.pages = pages
        self.write = write
        self.queue: asyncio.Queue[Heard] = asyncio.Queue(WAITING)
        self.dropped = 0

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/o/{token}.gif", self.pixel, methods=["GET"]),
            Route("/c/{token}/{number}", self.link, methods=["GET"]),
        ]

    async def pixel(self, request: Request) -> Response:
        """The same picture for every address, ours or not."""
        try:
            visit = await run_in_threadpool(
                self.reception.opened, str(request.path_params["token"]), request.method, headers_of(request)
            )
            self.note(visit)
        except StoreError:
            self.dropped += 1
        return Response(PIXEL, media_type="image/gif", headers=HEADERS)

    async def link(self, request: Request) -> Response:
        """To where the stored link leads; nowhere for any other."""
        written = str(request.path_params["number"])
        number = int(written) if written.isdecimal() and len(written) <= LONGEST_NUMBER else 0
        try:
            visit = await run_in_threadpool(
                self.reception.clicked,
                str(request.path_params["token"]),
                number,
                request.method,
                headers_of(request),
            )
        except StoreError:
            return self.pages.unavailable()
        self.note(visit)
        if not visit.target:
            return self.pages.missing()
        return RedirectResponse(visit.target, 302, headers=HEADERS)

    def note(self, visit: Visit) -> None:
        """Queues what a visit tells, while there is room."""
        if visit.heard is None:
            return
        try:
            self.queue.put_nowait(visit.heard)
        except asyncio.QueueFull:
            self.dropped += 1

    async def keep_writing(self) -> None:
        """Writes visits down in batches until cancelled; then what still waits, once."""
        try:
            while True:
                waiting = [await self.queue.get()]
                await asyncio.sleep(0.05)
                await self.flush(waiting)
        finally:
            await self.flush([])

    async def flush(self, waiting: list[Heard]) -> None:
        """Writes down these and whatever waits behind them."""
        while not self.queue.empty() and len(waiting) < AT_ONCE:
            waiting.append(self.queue.get_nowait())
        if not waiting:
            return
        try:
            await run_in_threadpool(self.write, waiting)
        except StoreError as error:
            self.dropped += len(waiting)
            log.warning("visits not written down", extra={"letters": len(waiting), "reason": error.message})


def headers_of(request: Request) -> dict[str, str]:
    """Names in lower case."""
    return {name.lower(): value for name, value in request.headers.items()}
