"""How many functions the calendar enters for a look at one minute; counted in a process of its own.

A process that ran hypothesis before may hang for ever where it is profiled (CPython 3.11).
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine.calendar import between
from tests.calendar.rules import schedule

LONDON = ZoneInfo("Europe/London")
PATIENCE = 60
"""Seconds after which a process that counts is taken to hang."""


def calls(written: dict[str, Any], moment: datetime) -> int:
    """The functions entered by a look at the minute before that moment."""
    command = [sys.executable, "-m", "tests.calendar.effort", json.dumps(written), moment.isoformat()]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    return int(done.stdout)


def _counted(written: dict[str, Any], moment: datetime) -> int:
    rule, entered = schedule(written), 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal entered
        entered += event == "call"

    sys.setprofile(count)
    try:
        list(between(rule, moment - timedelta(minutes=1), moment, LONDON))
    finally:
        sys.setprofile(None)
    return entered


if __name__ == "__main__":
    print(_counted(json.loads(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
