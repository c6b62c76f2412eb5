"""Wiring for the verb send: the occurrence's run made ready, then sent from this process, or closed where it is empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engine import clock
from engine.app import absences, approving, halting, numbers, running, vouching
from engine.app.desk import Desk
from engine.app.mailing import Mailed, send_run
from engine.app.opening import keep_window
from engine.errors import ProviderError, Refused
from engine.model.counts import Wave, ahead
from engine.model.report import RunReport
from engine.store import counts, runs, variants
from engine.store.ledger import closing, queue

Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that is ready to be sent.

    `uncertain`: letters of it that may have arrived. `made`: it was planned just now, for whoever asked.
    `waves`: its letters that wait for a moment to come.
    """

    campaign: str
    run: runs.Run
    to_send: int
    variants: int
    uncertain: int = 0
    made: bool = True
    waves: Sequence[Wave] = ()


def prepare(
    desk: Desk, campaign: str, at: str | None, occurrence: str | None, *, at_once: bool = False
) -> Prepared:
    """The occurrence's run, planned now unless it was before.

    Refused for drafts, for what is paused or was missed, and for a saved plan that nobody approved or that is out
    of date. `at_once`: nobody's letter waits for their own moment. An occurrence that was missed is sent by its name
    alone.
    """
    running.check_sendable(desk, desk.campaign(campaign), desk.moment(at))
    made = running.draft(desk, campaign, at, occurrence, at_once=at_once)
    with desk.database.read() as connection:
        halting.check_not_paused(connection, campaign, made.occurrence)
    missed = _missed(desk, made)
    if missed is not None and occurrence is None:
        raise Refused(
            f"{made.occurrence} of {campaign} was missed: {missed.reason}",
            help=f"`touchbase send {campaign} --occurrence {made.occurrence}` sends it all the same",
        )
    run, fresh = running.make_run(desk, made, instead_of=missed.id if missed is not None else None)
    approving.check_approved(desk, run)
    if at_once:
        with desk.database.write() as connection:
            queue.bring_forward(connection, run.id, desk.now)
    return replace(prepared(desk, run), made=fresh)


def prepared(desk: Desk, run: runs.Run) -> Prepared:
    """A run that was planned before, to go on with."""
    with desk.database.read() as connection:
        found = counts.counts(connection, run.id)
        letters = len(variants.of_run(connection, run.id))
        waves = ahead(counts.waves(connection, run.id), desk.now)
    return Prepared(run.campaign, run, found.pending, letters, found.uncertain, made=False, waves=waves)


def go_on(desk: Desk, run: int) -> RunReport:
    """Send what is due of a run that has begun, and its numbers; one of which nothing is left is closed."""
    with desk.database.read() as connection:
        found = runs.get(connection, run)
    if found is None:
        raise LookupError(f"run {run} is gone again")
    mailed = send(desk, prepared(desk, found), None, lambda what, done, total: None, by_schedule=True)
    return numbers.of_run(
        desk, str(run), sent_now=mailed.accepted, interrupted=mailed.interrupted, notes=mailed.notes
    )


def _missed(desk: Desk, made: running.Draft) -> runs.Run | None:
    """What is on record of an occurrence that was missed; it makes room for a plan when a person wants one."""
    found = running.planned_run(desk, made)
    return found if found is not None and found.state == runs.MISSED else None


def send(
    desk: Desk,
    prepared: Prepared,
    limit: int | None,
    progress: Progress,
    stop: Callable[[], bool] | None = None,
    by_schedule: bool = False,
) -> Mailed:
    """Send what is due of the run. Raises ProviderError when the way out is closed; what left is kept.

    `stop`: whether it is to end, asked again and again; without it, Ctrl-C says so. `by_schedule`: no person asks for
    it now, so the schedule's window is kept.
    """
    campaign = desk.campaign(prepared.campaign)
    if not prepared.to_send and not prepared.uncertain:
        _close_empty(desk, prepared)
        return Mailed()
    with desk.database.read() as connection:
        maker = running.composer(desk, connection, campaign)
    total = prepared.to_send if limit is None else min(limit, prepared.to_send)
    mailed, over = Mailed(), True

    def tell(done: int) -> None:
        progress("sending", mailed.accepted + done, total)

    while over:
        absences.bring_in_line(desk, maker, campaign, prepared.run, clock.now())
        turns = [absences.next_turn(desk, clock.now())]
        if by_schedule:
            turns.append(keep_window(desk, campaign, prepared.run.id, clock.now()))
        until = min((turn for turn in turns if turn is not None), default=None)
        senders = absences.senders_of(desk, prepared.run)
        notes = vouching.hold_back(
            desk.at(clock.now()), prepared.run, senders, by_hand=stop is None and not by_schedule
        )
        found = send_run(
            desk,
            maker,
            campaign,
            prepared.run,
            doubts=prepared.uncertain,
            limit=None if limit is None else limit - mailed.accepted,
            tell=tell,
            stop=stop,
            until=until,
            senders=senders,
        )
        mailed = replace(
            found, accepted=mailed.accepted + found.accepted, notes=(*mailed.notes, *notes, *found.notes)
        )
        # From this moment on somebody else stands in, or a window is closed: what is left is looked at again.
        ended = found.fault is not None or found.interrupted or mailed.accepted == limit
        over = until is not None and clock.now() >= until and not ended
    if mailed.fault is not None and not mailed.interrupted:
        raise ProviderError(
            f"{mailed.fault.message}; {mailed.accepted:,} letters were handed over before",
            help=mailed.fault.help or "run the same command again; nothing is sent twice",
        )
    return mailed


def _close_empty(desk: Desk, prepared: Prepared) -> None:
    with desk.database.write() as connection:
        runs.change(connection, prepared.run.id, runs.READY, runs.SENDING, desk.now)
        closing.finish(connection, prepared.run.id, desk.now)
