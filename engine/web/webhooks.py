"""News from providers: proven over the raw bytes, written down once, and only then answered with yes."""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine import clock
from engine.app.reception import Reception
from engine.errors import StoreError, WebhookRefused
from engine.model.heard import Post
from engine.web.tracking import headers_of

log = logging.getLogger(__name__)


class Webhooks:
    """One address per provider of the workspace: `/webhooks/NAME`."""

    def __init__(self, reception: Reception) -> None:
        self.reception = reception

    def routes(self) -> list[Route]:
        """Where they are."""
        return [Route("/webhooks/{provider}", self.hear, methods=["POST"])]

    async def hear(self, request: Request) -> Response:
        """One call of a provider. What cannot be written down is answered 503, so that it comes again."""
        name = str(request.path_params["provider"])
        ear = self.reception.ear(name)
        if ear is None:
            return PlainTextResponse("not found", 404)
        post = Post(await request.body(), headers_of(request), dict(request.query_params))
        try:
            heard = await ear.hear(post, clock.now())
            await run_in_threadpool(self.reception.news, name, heard)
        except WebhookRefused as error:
            told = {"provider": name, "status": error.status, "reason": error.message}
            log.warning("news refused", extra=told)
            return PlainTextResponse("refused", error.status)
        except StoreError as error:
            log.warning("news not written down", extra={"provider": name, "reason": error.message})
            return PlainTextResponse("not now", 503, headers={"Retry-After": "60"})
        return PlainTextResponse("ok")
