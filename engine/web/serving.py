"""The web part as a server of its own, until a signal ends it."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn

from engine.app.reception import Reception
from engine.errors import UsageError
from engine.web.application import make_application

GRACE_SECONDS = 10
"""How long an answer may still take once we were told to stop."""


def serve(reception: Reception, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `started`: told the address once somebody can come in.

    Raises UsageError where the address is taken or not ours.
    """
    configuration = uvicorn.Config(
        make_application(reception),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=16 * 1024,
        http="h11",
        ws="none",
        lifespan="on",
    )
    try:
        socket = configuration.bind_socket()
    except (OSError, SystemExit) as error:
        raise UsageError(f"{host}:{port} cannot be listened on", help="choose another --port") from error
    server = uvicorn.Server(configuration)
    started(f"http://{host}:{socket.getsockname()[1]}")
    with socket:
        server.run(sockets=[socket])
