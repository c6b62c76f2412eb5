"""For machines that watch over us: are we alive, may visitors come, and how is everything."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from engine.app.measuring import Measuring
from engine.app.reception import Reception
from engine.errors import StoreError
from engine.web import metrics

PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""What a web server in front of us adds: the visitor is somebody else than who connects."""

NEARBY = tuple(
    map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
"""This machine and private networks: RFC 1918, RFC 4193."""

NO_STORE = {"Cache-Control": "no-store"}


class Health:
    """`/livez` (the process), `/readyz` (the database, and whether we are about to stop), `/metrics`."""

    def __init__(self, reception: Reception, dropped: Callable[[], int]) -> None:
        self.reception = reception
        self.dropped = dropped
        self.measuring = Measuring(lambda: reception.desk)

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/livez", self.alive, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def alive(self, request: Request) -> Response:
        """Yes, whatever else is wrong: restarting us mends no database."""
        return PlainTextResponse("ok", headers=NO_STORE)

    async def ready(self, request: Request) -> Response:
        """Whether visitors may be sent here, and what this process is there for."""
        if self.reception.draining:
            return PlainTextResponse("stopping", 503, headers=NO_STORE)
        try:
            await run_in_threadpool(self.reception.ready)
        except StoreError:
            return PlainTextResponse("the database cannot be reached", 503, headers=NO_STORE)
        return PlainTextResponse(f"ok\n{self.reception.role}", headers=NO_STORE)

    async def metrics(self, request: Request) -> Response:
        """For whoever has the token; without one, for this machine and its private network."""
        if not may_measure(request, self.reception.metrics_token):
            return PlainTextResponse("not found", 404, headers=NO_STORE)
        try:
            measures = await run_in_threadpool(self.measuring.measures)
        except StoreError:
            return PlainTextResponse("the database cannot be reached", 503, headers=NO_STORE)
        page = await run_in_threadpool(metrics.page, measures, dropped=self.dropped())
        return Response(page, media_type=metrics.CONTENT_TYPE, headers=NO_STORE)


def may_measure(request: Request, token: str) -> bool:
    """Whether the visitor carries the token; where there is none, whether they come directly from nearby."""
    if token:
        shown = request.headers.get("authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in PASSED_ON) or request.client is None:
        return False
    try:
        visitor = ip_address(request.client.host)
    except ValueError:
        return False
    if isinstance(visitor, IPv6Address) and visitor.ipv4_mapped is not None:
        visitor = visitor.ipv4_mapped
    return any(visitor in network for network in NEARBY)
