"""Missed occurrences on a screen: the latest of each campaign, and how many more there were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

LATEST = 3
"""More of one campaign tell nothing new: it was off for a while."""


class MissedOccurrence(Protocol):
    """What is told of a missed occurrence, whoever tells it."""

    @property
    def campaign(self) -> str:
        """Its campaign."""


M = TypeVar("M", bound=MissedOccurrence)


def latest(missed: Iterable[M]) -> Iterator[tuple[M, int]]:
    """Of each campaign the latest few; with the first of them, how many came before it. `missed`: the earlier first."""
    of_campaign: defaultdict[str, list[M]] = defaultdict(list)
    for line in missed:
        of_campaign[line.campaign].append(line)
    for lines in of_campaign.values():
        for place, line in enumerate(lines[-LATEST:]):
            yield line, len(lines) - LATEST if place == 0 and len(lines) > LATEST else 0
