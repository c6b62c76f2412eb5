"""The web part as one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.app.reception import Reception
from engine.errors import StoreError
from engine.web.limits import Limits
from engine.web.pages import Pages
from engine.web.readers import Readers
from engine.web.tracking import Tracking
from engine.web.webhooks import Webhooks

log = logging.getLogger(__name__)

OWN_PROVIDER = "web"
"""Where opens and clicks come from that we noticed ourselves."""


def make_application(reception: Reception) -> Starlette:
    """Readers' pages, tracking, webhooks and health, for one opened workspace."""
    pages = Pages(reception.desk.root / "templates")
    tracking = Tracking(reception, pages, lambda heard: reception.news(OWN_PROVIDER, heard))

    @contextlib.asynccontextmanager
    async def living(application: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(tracking.keep_writing())
        yield
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(request: Request) -> Response:
        try:
            await run_in_threadpool(reception.ready)
        except StoreError:
            return PlainTextResponse("the database cannot be reached", 503)
        return PlainTextResponse("ok")

    async def missing(request: Request, error: Exception) -> Response:
        return pages.missing()

    async def broken(request: Request, error: Exception) -> Response:
        # The name of the route and not its path, which holds a reader's token.
        route = f"{request.method} {request.scope.get('route_name', '')}"
        log.error("page broke", exc_info=error, extra={"reason": route})
        return pages.unavailable()

    return Starlette(
        routes=[
            *Readers(reception, pages).routes(),
            *tracking.routes(),
            *Webhooks(reception).routes(),
            Route("/livez", alive, methods=["GET"]),
            Route("/readyz", ready, methods=["GET"]),
        ],
        middleware=[Middleware(Limits)],
        exception_handlers={404: missing, 500: broken},
        lifespan=living,
    )
