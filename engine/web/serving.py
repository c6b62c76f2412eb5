"""The web part as a server of its own, until a signal ends it."""

from __future__ import annotations

from collections.abc import Callable
from socket import socket

import uvicorn

from engine.app.reception import Reception
from engine.errors import UsageError
from engine.web.application import make_application

GRACE_SECONDS = 10
"""How long an answer may still take once we were told to stop."""


class Door:
    """An address that is listened on. `address`: where somebody can come in."""

    def __init__(self, configuration: uvicorn.Config, listening: socket, address: str) -> None:
        self.address = address
        self._listening = listening
        self._server = uvicorn.Server(configuration)

    def serve(self) -> None:
        """Answer until `close`, or in the main thread until SIGTERM or SIGINT."""
        with self._listening:
            self._server.run(sockets=[self._listening])

    def close(self) -> None:
        """Let nobody in any more; who is inside is still answered. From any thread."""
        self._server.should_exit = True


def open_door(reception: Reception, host: str, port: int) -> Door:
    """Listen, without answering yet; port 0 is any free one. Raises UsageError where the address is taken or not ours."""
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
        listening = configuration.bind_socket()
        # Whoever comes before we answer waits, and is not turned away.
        listening.listen(configuration.backlog)
    except (OSError, SystemExit) as error:
        raise UsageError(f"{host}:{port} cannot be listened on", help="choose another --port") from error
    return Door(configuration, listening, f"http://{host}:{listening.getsockname()[1]}")


def serve(reception: Reception, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `started`: told the address once somebody can come in.

    Raises UsageError where the address is taken or not ours.
    """
    door = open_door(reception, host, port)
    started(door.address)
    door.serve()
