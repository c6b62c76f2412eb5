"""Wiring for `run --once`: what a daemon would do at this moment, done to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from engine import clock
from engine.app import (
    assigning,
    caretaking,
    digest_sending,
    feeding,
    filling,
    originality,
    sunsetting,
    ticking,
    tiering,
)
from engine.app.desk import Desk
from engine.app.mailing import stopping
from engine.errors import Refused
from engine.model.report import RunReport
from engine.model.tick import TickReport
from engine.store.ledger import recovery

if TYPE_CHECKING:
    from engine.model.tick import Trouble

MOST_TICKS = 1000
"""More than any catching up takes: each does something, or is the last."""

Item = TypeVar("Item")


def run_once(desk: Desk) -> TickReport:
    """Take back what dead processes left, look at the feeds whose time has come, and tick until nothing is due.

    Raises Refused where the database is a copy: it sends nothing by itself.
    """
    doubt = originality.doubt(desk)
    if doubt:
        raise Refused(f"{doubt}; nothing was sent", help=originality.REMEDY)
    with desk.database.write() as connection:
        recovery.recover(connection, desk.database.path, clock.now())
    feeding.look(desk)
    computed = [*tiering.keep_up(desk), *assigning.keep_up(desk)]
    filled = filling.fill(desk.at(clock.now()), at_any_time=True)
    moved, troubles = sunsetting.keep_up(desk, at_any_time=True)
    with stopping() as stop:
        whole = TickReport(desk.now, filled.planned, troubles=filled.troubles)
        for _ in range(MOST_TICKS):
            report = ticking.tick(desk, clock.now(), stop)
            whole = _together(whole, report)
            if report.interrupted or not report.did_something:
                break
        return replace(
            whole,
            troubles=[*whole.troubles, *troubles],
            done=(*computed, *filled.did, *moved, *_besides(desk.at(clock.now()), stop)),
        )


def _besides(desk: Desk, stop: Callable[[], bool]) -> tuple[str, ...]:
    """What else a daemon does from time to time; in words, where it did something."""
    told = [digest_sending.in_words(sent) for sent in digest_sending.send_due(desk, stop)]
    return tuple(filter(None, [caretaking.close_expired(desk, stop), *told]))


def _together(before: TickReport, after: TickReport) -> TickReport:
    """Several ticks as one; of each run what was last seen, of each campaign its last trouble."""
    sent = {report.run: report for report in before.sent}
    for report in after.sent:
        earlier = sent.get(report.run)
        sent[report.run] = _added(earlier, report) if earlier is not None else report
    troubles: dict[str, Trouble] = {
        trouble.campaign: trouble for trouble in (*before.troubles, *after.troubles)
    }
    return replace(
        after,
        at=before.at,
        planned=_joined(before.planned, after.planned),
        missed=_joined(before.missed, after.missed),
        sent=[*sent.values()],
        troubles=[*troubles.values()],
        interrupted=after.interrupted,
    )


def _added(before: RunReport, after: RunReport) -> RunReport:
    return replace(after, sent_now=before.sent_now + after.sent_now)


def _joined(before: Sequence[Item], after: Sequence[Item]) -> Sequence[Item]:
    return (*before, *after)
