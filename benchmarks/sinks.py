"""Where the letters go: a double of each provider's API that counts and answers, as a process of its own."""

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

    module: str
    settings: str
    batch: int


SINKS = {
    "postmark": Sink("postmark", 'type: postmark, token: a-token, stream: broadcast, url: "{url}"', 500),
}
"""One line for each provider that has a double with `--count-only`."""


@contextmanager
def running(sink: Sink) -> Iterator[str]:
    """The double on loopback; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.doubles.{sink.module}", "--port", "0", "--count-only"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
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
