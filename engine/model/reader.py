"""What a reader's own page shows, and what a reader can choose there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic in the company's words, and whether the reader gets it."""

    name: str
    title: str
    subscribed: bool


@dataclass(frozen=True, slots=True)
class ReaderPage:
    """Everything on a reader's page.

    `address`: so much of the reader's own address that they know it again. `topic`: of the letter they came from;
    None for a campaign without one. `known`: False when we hold nothing about the reader any more.
    `tracking`: whether this workspace notices opens or clicks at all; `tracked`: whether this reader's.
    """

    company: str
    postal: str
    language: str
    address: str = ""
    campaign: str = ""
    topic: Topic | None = None
    topics: tuple[Topic, ...] = ()
    paused_until: datetime | None = None
    time_zone: str = ""
    own_language: str = ""
    tracking: bool = False
    tracked: bool = True
    known: bool = False
    preferences: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a reader wrote into the form. `topics`: those they want."""

    topics: frozenset[str]
    time_zone: str = ""
    language: str = ""
    tracked: bool = True


LONGEST_PAUSE = 12
"""Months. Whoever wants longer wants to leave."""
