"""Tells systemd how it goes (sd_notify(3)): ready, reloading, stopping; silent where nobody listens."""

from __future__ import annotations

import contextlib
import os
import socket
import time

VARIABLE = "NOTIFY_SOCKET"
READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"


def notify(*words: str) -> None:
    """Sends these words to whoever started us, if they asked for them."""
    address = os.environ.get(VARIABLE, "")
    if not address:
        return
    # A name that begins with @ is in Linux's abstract namespace.
    place = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto("\n".join(words).encode(), place)


def reloading() -> None:
    """The files are being looked at again."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
