"""What stops a run by itself: letters that would come too late, and too many that come back. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.model.counts import Fate

LEAST_LETTERS = 100
"""Below so many letters a share says nothing: one bounce of ten letters is ten percent."""

LEAST_EVENTS = 3
"""One complaint among nine hundred letters is more than 0.1%, and may be one angry morning."""


@dataclass(frozen=True, slots=True)
class Brakes:
    """A campaign's brakes. `deadline`: what waits until then expires. The others are shares of one."""

    deadline: datetime | None = None
    bounces: float | None = None
    complaints: float | None = None

    @property
    def watching(self) -> bool:
        """Whether letters that come back are to be counted at all."""
        return self.bounces is not None or self.complaints is not None


def too_late(brakes: Brakes, now: datetime) -> bool:
    """Whether what still waits would come too late."""
    return brakes.deadline is not None and now >= brakes.deadline


def reason_to_stop(brakes: Brakes, fate: Fate) -> str:
    """Why a run must not go on, in words; "" while it may."""
    for allowed, number, words in (
        (brakes.bounces, fate.bounced, "came back"),
        (brakes.complaints, fate.complained, "were complained about"),
    ):
        if allowed is None or fate.out < LEAST_LETTERS or number < LEAST_EVENTS:
            continue
        if number > allowed * fate.out:
            share = number / fate.out
            return (
                f"{number:,} of {fate.out:,} letters {words}: {share:.2%}, and `stop_if` allows {allowed:.2%}"
            )
    return ""
