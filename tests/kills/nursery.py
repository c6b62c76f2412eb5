"""Starts senders quickly: everything is imported once, and each sender is a process forked from here.

Reads `start OCCURRENCE` and `wait PID` from standard input and answers each with a line: the sender's process
number, and how it ended (a negative number names the signal).
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path

from engine.app.verbs import App
from engine.errors import ProviderError, StoreError, TouchbaseError
from tests.kills.world import CAMPAIGN

UNFORESEEN = 70


def send(root: Path, occurrence: str) -> int:
    """What `touchbase send` does; its exit code."""
    app = App.open(root)
    try:
        app.send(app.prepare(CAMPAIGN, occurrence=occurrence))
        return 0
    except TouchbaseError as error:
        if not isinstance(error, ProviderError | StoreError):
            raise
        return error.exit_code
    finally:
        app.close()


def start(root: Path, occurrence: str) -> int:
    """A new sender; its process number."""
    child = os.fork()
    if child:
        return child
    status = UNFORESEEN
    try:
        status = send(root, occurrence)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def main() -> None:
    """Until standard input ends."""
    root = Path(sys.argv[1])
    # What a sender tells its log is no complaint.
    logging.getLogger("engine").addHandler(logging.NullHandler())
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "start":
            answer = start(root, rest)
        else:
            _, status = os.waitpid(int(rest), 0)
            answer = os.waitstatus_to_exitcode(status)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
