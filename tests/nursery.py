"""Real processes that begin at once: each is forked from one that has the program imported already.

To import it takes longer than most of what these processes are started for. `Born` stands for
`subprocess.Popen` of `python -m MODULE …` with pipes: the process has its own folder, environment, pipes and end,
may be sent any signal, and leaves by the interpreter's own way out.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parents[1]
PIPES = 4
"""Standard input, output and error, and where the end is told."""
LONGEST = 1 << 16
"""Bytes of a wish: an environment and some words."""
STOPPED = "stopped"
IMPORTED = (
    "engine.app.verbs",
    "engine.cli.commands",
    "engine.daemon.daemon",
    "tests.store.sender",
    "psycopg",
)


class Born:
    """A process, as far as tests ask for one. `stdin`, `stdout`, `stderr`: text; without `talking` it hears nothing.

    `errors_to`: a file that takes what it says on standard error.
    """

    def __init__(
        self,
        module: str,
        words: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        talking: bool = False,
        errors_to: IO[str] | None = None,
    ) -> None:
        self.returncode: int | None = None
        heard, speak = os.pipe()
        out, said = os.pipe()
        errors, complained = os.pipe()
        told, tell = os.pipe()
        wish = {"module": module, "words": list(words), "folder": str(folder), "environment": {**environment}}
        ends = [heard, said, complained if errors_to is None else errors_to.fileno(), tell]
        socket.send_fds(_nursery(), [json.dumps(wish).encode()], ends)
        for end in (heard, said, complained, tell):
            os.close(end)
        self.stdin: IO[str] = os.fdopen(speak, "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(out, encoding="utf-8")
        self.stderr: IO[str] = os.fdopen(errors, encoding="utf-8")
        self._told: IO[str] = os.fdopen(told, buffering=1, encoding="ascii")
        if not talking:
            self.stdin.close()
        self.pid = int(self._told.readline())

    def send_signal(self, number: int) -> None:
        """A signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def wait_until_stopped(self) -> None:
        """Until it has stopped itself, or ended."""
        self._hear(None)

    def poll(self) -> int | None:
        """How it ended, as `subprocess` counts it; None while it lives."""
        while self.returncode is None and self._hear(0):
            pass
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ends; raises subprocess.TimeoutExpired."""
        while self.returncode is None:
            if not self._hear(timeout):
                raise subprocess.TimeoutExpired("a process of the nursery", timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it says until it ends."""
        said = ["", ""]
        self.stdin.close()

        def listen(place: int, stream: IO[str]) -> None:
            with suppress(ValueError), stream:
                said[place] = stream.read()

        listeners = [
            threading.Thread(target=listen, args=each) for each in enumerate((self.stdout, self.stderr))
        ]
        for listener in listeners:
            listener.start()
        self.wait(timeout)
        for listener in listeners:
            listener.join(timeout)
        self._told.close()
        return said[0], said[1]

    def _hear(self, seconds: float | None) -> bool:
        """Whether the nursery told something of it in that time."""
        if not select.select([self._told], [], [], seconds)[0]:
            return False
        line = self._told.readline().strip()
        assert line, "the nursery is gone"
        if line != STOPPED:
            self.returncode = int(line)
        return True


@cache
def _nursery() -> socket.socket:
    """Our end of the line to the nursery, which ends with this process, however that ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    nursery = subprocess.Popen(
        [sys.executable, "-m", __name__, str(theirs.fileno())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()

    def leave() -> None:
        ours.close()
        nursery.wait(60)

    atexit.register(leave)
    return ours


def main() -> None:
    """Forks a process for every wish, until nobody is left to wish for one. Returns in each of them, too."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    while True:
        wish, ends, _, _ = socket.recv_fds(line, LONGEST, PIPES)
        if not wish:
            return
        if not os.fork():
            break
        for end in ends:
            os.close(end)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    line.close()
    child = os.fork()
    if child:
        guard(child, ends)
    become(json.loads(wish), ends)


def guard(child: int, ends: Sequence[int]) -> NoReturn:
    """Tells a process's number, when it stops itself, and how it ends."""
    *others, told = ends
    for end in others:
        os.close(end)
    os.write(told, b"%d\n" % child)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        with suppress(BrokenPipeError):
            ended = STOPPED if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)
            os.write(told, f"{ended}\n".encode())
        if not os.WIFSTOPPED(status):
            os._exit(0)


def become(wish: dict[str, Any], ends: Sequence[int]) -> None:
    """This process is now what was wished for; it leaves by returning, or as the module leaves."""
    for place, end in enumerate(ends[:-1]):
        os.dup2(end, place)
    for end in ends:
        os.close(end)
    os.environ.clear()
    os.environ.update(wish["environment"])
    os.chdir(wish["folder"])
    sys.argv = [wish["module"], *wish["words"]]
    runpy.run_module(wish["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
