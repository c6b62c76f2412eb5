"""How customers are shared out: in turn, or to who has fewest. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Phase:
    """From the customer at `start` in the line (from 0) up to the one at `end`, each of `names` in turn."""

    start: int
    end: int
    names: tuple[str, ...]


def in_turn(names: Sequence[str], had: Sequence[int], customers: int) -> list[Phase]:
    """Each in turn. Who comes first follows from how many all of them `had`, so that turns go on the next day."""
    if not customers or not names:
        return []
    first = sum(had) % len(names)
    return [Phase(0, customers, (*names[first:], *names[:first]))]


def to_the_fewest(names: Sequence[str], had: Sequence[int], customers: int) -> list[Phase]:
    """Each customer to who has fewest at that point; of those who have as many, to the first.

    At most one phase for each name: those with fewest take turns until they have as many as the next one.
    """
    phases: list[Phase] = []
    start = 0
    levels = [*sorted(set(had)), None]
    for level, following in pairwise(levels):
        if start >= customers or level is None:
            break
        fewest = tuple(name for name, number in zip(names, had, strict=True) if number <= level)
        room = customers - start if following is None else (following - level) * len(fewest)
        end = min(start + room, customers)
        phases.append(Phase(start, end, fewest))
        start = end
    return phases
