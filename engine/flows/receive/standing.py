"""What the news about one address has it suppressed for, whatever order it came in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model.heard import HARD, Bounce, Effect, News
from engine.store.heard import Told

BOUNCED, SOFT_BOUNCES, COMPLAINED = "bounced", "soft_bounces", "complained"
"""Reasons of a suppression that news makes."""

TWICE_WITHIN = timedelta(days=7)
"""A closed mailbox counts as gone when it is closed again at least so long after the first time."""

SOFT_BOUNCES_TO_PAUSE = 5
CAMPAIGNS_TO_PAUSE = 3
SPAN_TO_PAUSE = timedelta(days=30)
PAUSE = timedelta(days=60)
"""Five soft bounces of three campaigns over a month stop the mail for two; then one letter tries again."""

ARRIVED = frozenset({News.DELIVERED, News.CLICKED, News.REPLIED})
"""What proves that a mailbox takes letters, if no machine did it; soft bounces before it count no more."""

COUNTS = frozenset({Effect.APPLIED, Effect.NOTED, Effect.CONFIRMED})
"""News that counts: neither held back nor known to be the provider's fault."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One suppression that the news justifies. `until`: the end of a pause."""

    scope: str
    reason: str
    provider: str
    at: datetime
    detail: str = ""
    until: datetime | None = None


def standing(news: Iterable[Told]) -> list[Standing]:
    """Every suppression that an address's news justifies, at most one for each scope."""
    counting = (each for each in news if each.effect in COUNTS)
    ordered = sorted(counting, key=lambda each: (each.at, each.news, each.provider, each.detail))
    came_back = [each for each in ordered if each.news in (News.BOUNCED, News.REFUSED)]
    found = []
    gone = next((each for each in came_back if each.bounce in HARD), None) or _closed_twice(ordered)
    if gone is not None:
        found.append(Standing("all", BOUNCED, gone.provider, gone.at, gone.detail))
    complaint = next((each for each in ordered if each.news is News.COMPLAINED), None)
    if complaint is not None:
        found.append(Standing("marketing", COMPLAINED, complaint.provider, complaint.at, complaint.detail))
    elif gone is None and (pause := _pause(ordered)) is not None:
        found.append(pause)
    return found


def _closed_twice(ordered: list[Told]) -> Told | None:
    first: Told | None = None
    for each in ordered:
        if _arrived(each):
            first = None
        elif each.bounce is Bounce.DISABLED and each.news in (News.BOUNCED, News.REFUSED):
            if first is not None and each.at - first.at >= TWICE_WITHIN:
                return each
            first = first or each
    return None


def _pause(ordered: list[Told]) -> Standing | None:
    """The latest pause that soft bounces bring; it may be over already."""
    soft: list[Told] = []
    pause: Standing | None = None
    for each in ordered:
        if _arrived(each):
            soft, pause = [], None
        elif each.bounce is Bounce.SOFT and each.news is News.BOUNCED:
            if pause is not None and pause.until is not None and each.at <= pause.until:
                continue
            soft.append(each)
            if pause is not None or _enough(soft):
                end = each.at + PAUSE
                pause = Standing("marketing", SOFT_BOUNCES, each.provider, each.at, each.detail, end)
                soft = []
    return pause


def _enough(soft: list[Told]) -> bool:
    return (
        len(soft) >= SOFT_BOUNCES_TO_PAUSE
        and len({each.campaign for each in soft}) >= CAMPAIGNS_TO_PAUSE
        and soft[-1].at - soft[0].at >= SPAN_TO_PAUSE
    )


def _arrived(each: Told) -> bool:
    return each.news in ARRIVED and not each.machine
