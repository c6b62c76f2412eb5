"""Where the letters go: a double that counts and answers as the provider's API does, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.request import urlopen

import orjson

from benchmarks.race import ROOT


@dataclass(frozen=True)
class Sink:
    """A provider to send to. `settings`: of config/project.yaml, with {url}. `batch`: letters in a call."""

    settings: str
    batch: int


SINKS = {
    "postmark": Sink('type: postmark, token: a-token, stream: broadcast, url: "{url}"', 500),
    "sendgrid": Sink('type: sendgrid, token: a-token, url: "{url}"', 1000),
}
"""One line for each provider whose calls `tests.doubles.counting` understands. SendGrid merges on its side."""


@contextmanager
def running() -> Iterator[str]:
    """The double on loopback; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.doubles.counting"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def counted(url: str) -> dict[str, int]:
    """`messages` and `bytes` that have arrived so far."""
    with urlopen(f"{url}/count", timeout=10) as answer:
        found: dict[str, int] = orjson.loads(answer.read())
    return found
