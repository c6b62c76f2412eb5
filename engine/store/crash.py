"""Places where a test may end the process as a power cut would; without its variable they do nothing.

TOUCHBASE_CRASH names a place, "after_intent" or "after_intent:3" for the third time it is passed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

VARIABLE = "TOUCHBASE_CRASH"

PLACES = (
    "freeze",
    "assign",
    "open_run",
    "after_plan",
    "after_begin",
    "claim",
    "after_claim",
    "intent",
    "after_intent",
    "after_call",
    "receipt",
    "after_receipt",
    "recover",
)
"""In the order a delivery passes them: plain ones inside a transaction, `after_…` behind its commit."""

HANDING = ("hand_over", "after_hand_over")
"""The same for a delivery that becomes a task."""

FILLING = ("after_missed", "after_filler", "after_floor_tasks")
"""In the order in which silences are filled, each behind a commit."""

EXIT_STATUS = 86
"""Unlike any status the program ends with by itself, so that a test knows why it ended."""

watch: Callable[[str], None] | None = None
"""Told of every place that is passed, where a test sets it: a simulated process ends by what this raises."""

_passed = dict.fromkeys((*PLACES, *HANDING, *FILLING), 0)


def crash(place: str) -> None:
    """Ends the process here, without any tidying up, if the variable says so."""
    if watch is not None:
        watch(place)
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, _, time = wanted.partition(":")
    _passed[place] += 1
    if name == place and _passed[place] == int(time or 1):
        os._exit(EXIT_STATUS)
