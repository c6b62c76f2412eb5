"""Pictures that letters show: the senders' own."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.app.reception import Reception
from engine.web.pages import Pages

HEADERS = {
    "Cache-Control": "public, max-age=31536000",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""The address changes with the picture, so it may be kept for a year."""


class Pictures:
    """What a letter shows of whoever it is from."""

    def __init__(self, reception: Reception, pages: Pages) -> None:
        self.reception = reception
        self.pages = pages

    def routes(self) -> list[Route]:
        """Where they are."""
        return [Route("/s/{sender}/{name}", self.photo, methods=["GET"])]

    async def photo(self, request: Request) -> Response:
        """The sender's picture as it is now: old letters show it, too."""
        found = await run_in_threadpool(self.reception.photo, str(request.path_params["sender"]))
        if found is None:
            return self.pages.missing()
        picture, kind = found
        return Response(picture, media_type=kind, headers=HEADERS)
