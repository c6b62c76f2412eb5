"""The web part as one ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from engine.app.reception import Reception
from engine.web.health import Health
from engine.web.limits import Limits
from engine.web.pages import Pages
from engine.web.pictures import Pictures
from engine.web.readers import Readers
from engine.web.tracking import Tracking
from engine.web.webhooks import Webhooks

log = logging.getLogger(__name__)

OWN_PROVIDER = "web"
"""Where opens and clicks come from that we noticed ourselves."""


def make_application(reception: Reception) -> Starlette:
    """Readers' pages, tracking, webhooks, health and metrics, for one opened workspace."""
    pages = Pages(reception.desk.root / "templates")
    tracking = Tracking(reception, pages, lambda heard: reception.news(OWN_PROVIDER, heard))

    @contextlib.asynccontextmanager
    async def living(application: Starlette) -> AsyncIterator[None]:
        writing = asyncio.create_task(tracking.keep_writing())
        yield
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing

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
            *Pictures(reception, pages).routes(),
            *Webhooks(reception).routes(),
            *Health(reception, lambda: tracking.dropped).routes(),
        ],
        middleware=[Middleware(Limits)],
        exception_handlers={404: missing, 500: broken},
        lifespan=living,
    )
