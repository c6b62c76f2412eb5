"""Prism, by Stoplight: a mock server that checks calls against an OpenAPI document, written by somebody else.

It comes through npm; see there.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.doubles.npm import free_port, installed

VERSION = "5.14.2"
READY = "Prism is listening"
PATIENCE = 60.0


@contextlib.contextmanager
def mocking(document: Path) -> Iterator[str]:
    """A mock of the document's API on loopback; its address."""
    program = installed("@stoplight/prism-cli", VERSION, "prism")
    port = free_port()
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
