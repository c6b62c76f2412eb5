"""Counterparts that somebody else wrote and npm has: brought in at the first use, skipped with the reason without."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

SECONDS_TO_START = 60


def installed(package: str, version: str, program: str) -> Path:
    """A package's program from a cache folder; skips the test where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchbase-tests"
    folder = cache / f"{program}-{version}"
    found = folder / "node_modules" / ".bin" / program
    if found.exists():
        return found
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{program} needs npm, which is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
    done = subprocess.run([*command, f"{package}@{version}"], capture_output=True, text=True)
    if done.returncode or not found.exists():
        pytest.skip(f"{program} could not be installed: {done.stderr.strip()[-200:]}")
    return found


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[str]:
    """A program until the block ends, once it listens; its address."""
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
