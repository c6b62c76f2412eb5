"""When a refused letter is tried again: full jitter, doubling, bounded, and the provider's own wish first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

MOST_ATTEMPTS = 8
FIRST = 5.0
LONGEST = 3600.0
"""Seconds. A wish beyond an hour is clamped: some providers answer 999999 (see docs/howto)."""


def next_attempt(
    attempt: int, now: datetime, *, wished: float | None, chance: Callable[[], float]
) -> datetime | None:
    """When to try again after `attempt` tries, or None when it has been tried often enough.

    `wished`: Retry-After in seconds. `chance`: a number in [0, 1), so that many waiting letters spread.
    """
    if attempt >= MOST_ATTEMPTS:
        return None
    if wished is not None and wished > 0:
        return now + timedelta(seconds=min(wished, LONGEST) * (1 + chance() / 10))
    ceiling = min(LONGEST, FIRST * 2 ** max(attempt - 1, 0))
    return now + timedelta(seconds=max(1.0, ceiling * chance()))
