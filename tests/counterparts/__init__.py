"""Stand-ins for email APIs that somebody else wrote, run as processes of their own; `make counterparts` installs them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "node_modules" / ".bin"
SECONDS_TO_START = 60


def program(name: str) -> str:
    """A counterpart's program; skips the test where it is not installed."""
    path = PROGRAMS / name
    if not path.exists():
        pytest.skip(f"{name} is not installed (needs npm; run `make counterparts`)")
    return str(path)


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[str]:
    """The program until the block ends, once it listens; its address."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens; fails the test where the program ends or takes a minute."""
    for _ in range(SECONDS_TO_START * 10):
        assert process.poll() is None, "the counterpart ended by itself"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    pytest.fail("the counterpart does not listen")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])
