"""One way of sending in one or more processes that start at the same word, and what they cost together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ways.starting import READY

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Race:
    """What some processes did together.

    `seconds`: from the first start to the last end. `cpu`: of all while sending; `before`: of one until it was
    ready. `ledger`: of all, part of `cpu`. `peak`: the largest process, in MB.
    """

    letters: int
    seconds: float
    cpu: float
    before: float
    ledger: float
    peak: float

    @property
    def rate(self) -> float:
        """Letters a second."""
        return self.letters / self.seconds

    @property
    def microseconds(self) -> float:
        """CPU of the senders for one letter."""
        return self.cpu / self.letters * 1e6


def race(way: str, arguments: Sequence[str | Path | int], processes: int) -> Race:
    """Run `benchmarks.ways.WAY` so many times at once. SystemExit when one of them fails."""
    command = [sys.executable, "-m", f"benchmarks.ways.{way}", *(str(argument) for argument in arguments)]
    runners = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
        )
        for _ in range(processes)
    ]
    try:
        for runner in runners:
            assert runner.stdout is not None
            if runner.stdout.readline().strip() != READY:
                raise SystemExit(f"{' '.join(command)} did not start")
        for runner in runners:
            assert runner.stdin is not None
            runner.stdin.write("go\n")
            runner.stdin.flush()
        answers = [runner.communicate()[0] for runner in runners]
    finally:
        for runner in runners:
            runner.kill()
            runner.wait()
    if any(runner.returncode for runner in runners):
        raise SystemExit(f"{' '.join(command)} failed")
    figures = [json.loads(answer.splitlines()[-1]) for answer in answers]
    return Race(
        letters=sum(int(figure["letters"]) for figure in figures),
        seconds=max(figure["ended"] for figure in figures) - min(figure["began"] for figure in figures),
        cpu=sum(figure["cpu"] for figure in figures),
        before=max(figure["before"] for figure in figures),
        ledger=sum(figure.get("ledger", 0.0) for figure in figures),
        peak=max(figure["peak"] for figure in figures),
    )


def environment() -> dict[str, str]:
    """This one's, so that other processes find the engine wherever they run."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def step(module: str, name: str, url: str, customers: int) -> str:
    """One step of a benchmark in a process of its own; what it printed."""
    command = [sys.executable, "-m", module, name, url, str(customers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment(), cwd=ROOT)
    return done.stdout


def touchbase(folder: Path, *arguments: str) -> str:
    """One touchbase command in a workspace; its standard output. SystemExit when it fails."""
    command = [sys.executable, "-m", "engine", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment())
    if done.returncode != 0:
        raise SystemExit(f"touchbase {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout
