"""Prism, by Stoplight: a mock server that checks calls against an OpenAPI document, written by somebody else.

It comes from npm into a cache folder at the first use; without npm or a network its tests are skipped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

VERSION = "5.14.2"
READY = "Prism is listening"
PATIENCE = 60.0


def installed() -> Path:
    """The program, brought in if need be; skips the test with the reason where that is impossible."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchbase-tests"
    folder = cache / f"prism-{VERSION}"
    program = folder / "node_modules" / ".bin" / "prism"
    if program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Prism needs npm, which is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)]
    done = subprocess.run([*command, f"@stoplight/prism-cli@{VERSION}"], capture_output=True, text=True)
    if done.returncode or not program.exists():
        pytest.skip(f"Prism could not be installed: {done.stderr.strip()[-200:]}")
    return program


@contextlib.contextmanager
def mocking(document: Path) -> Iterator[str]:
    """A mock of the document's API on loopback; its address."""
    program = installed()
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port = plug.getsockname()[1]
    command = [str(program), "mock", "-h", "127.0.0.1", "-p", str(port), "--errors", str(document)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        ready = threading.Event()

        def read() -> None:
            assert process.stdout is not None
            for line in process.stdout:
                if READY in line:
                    ready.set()
            ready.set()

        reading = threading.Thread(target=read)
        reading.start()
        try:
            assert ready.wait(PATIENCE), "Prism did not begin to listen"
            assert process.poll() is None, "Prism ended"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
            reading.join()
