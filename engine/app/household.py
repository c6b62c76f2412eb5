"""A workspace that stays open: what each job of the daemon does, in one method each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from engine import clock
from engine.app import (
    assigning,
    caretaking,
    digest_sending,
    feeding,
    filling,
    following,
    hearing,
    originality,
    resolving,
    retiring,
    sunsetting,
    ticking,
    tiering,
)
from engine.app.desk import Desk
from engine.app.duty import Duty
from engine.app.keeping import Keeper
from engine.app.outgoing import Outgoing
from engine.app.reception import Reception
from engine.model.job import Outcome
from engine.store import workers
from engine.store.ledger import recovery

LEASES_SECONDS = 600.0
"""How long a claim whose time ran out may lie, while its process lives; those of the dead are taken back at once."""


class Household:
    """An opened workspace, kept up to date. `stopping`: set once nothing new is to begin."""

    def __init__(self, desk: Desk, tick: Callable[[], float] = time.monotonic) -> None:
        self.tick = tick
        self.stopping = threading.Event()
        self.keeper = Keeper(desk)
        self.duty = Duty(desk.database, tick)
        self.outgoing = Outgoing(self.keeper.desk, self.stopping, tick)
        self.reception = Reception(desk)
        self.edited = threading.Event()
        self.web_trouble = ""
        self._leases_at = tick() - LEASES_SECONDS

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.keeper.desk().root

    def watch_calendars(self) -> Outcome:
        """Plan and begin every occurrence whose moment has come."""
        return self._by_itself(self._watch_calendars)

    def _watch_calendars(self) -> Outcome:
        report = ticking.watch(self.keeper.desk(), self.stopping.is_set)
        did = [f"planned {one.campaign} {one.occurrence}: {one.letters:,} letters" for one in report.planned]
        did += [f"missed {one.campaign} {one.occurrence}: {one.reason}" for one in report.missed]
        return Outcome("; ".join(did), "; ".join(f"{one.campaign} {one.problem}" for one in report.troubles))

    def fill_silences(self) -> Outcome:
        """Once a day: whoever would not hear from us in time gets a letter, or their own person a task."""
        return self._by_itself(self._fill_silences)

    def _fill_silences(self) -> Outcome:
        done = filling.fill(self.keeper.desk())
        return Outcome(done.words, "; ".join(f"{one.campaign} {one.problem}" for one in done.troubles))

    def send(self) -> Outcome:
        """Begin to send every run of which something is due."""
        return self._by_itself(self.outgoing.begin)

    def reconcile(self) -> Outcome:
        """Settle letters in doubt by evidence, where there is some."""
        return self._by_itself(self._reconcile)

    def _reconcile(self) -> Outcome:
        settled, left = resolving.in_doubt(self.keeper.desk(), self.stopping.is_set, self.outgoing.under_way)
        waiting = ", ".join(f"{letters:,} letters of {name}" for name, letters in left.items())
        did = [f"{settled:,} letters are in doubt no more"] if settled else []
        did += [f"still in doubt: {waiting}"] if waiting else []
        return Outcome("; ".join(did))

    def sunset(self) -> Outcome:
        """Work out once a day who drifts away, and ask whom is to be asked for the last time."""
        return self._by_itself(self._sunset)

    def _sunset(self) -> Outcome:
        desk = self.keeper.desk()
        did, troubles = sunsetting.keep_up(desk)
        return Outcome("; ".join(did), "; ".join(f"{each.campaign} {each.problem}" for each in troubles))

    def poll_feeds(self) -> Outcome:
        """Look at every feed whose time has come."""
        looked = feeding.poll(self.keeper.desk(), stopping=self.stopping.is_set)
        read = sum(not failure for failure in looked.values())
        failed = [f"{name}: {failure}" for name, failure in looked.items() if failure]
        return Outcome(f"{read} read" if read else "", "; ".join(failed))

    def compute_tiers(self) -> Outcome:
        """Compute all tiers, once in each period of `recompute`."""
        return self._by_itself(lambda: Outcome("; ".join(tiering.keep_up(self.keeper.desk()))))

    def assign_owners(self) -> Outcome:
        """Give customers without a person of their own to somebody, as `account-owner` says."""
        return self._by_itself(lambda: Outcome("; ".join(assigning.keep_up(self.keeper.desk()))))

    def take_back(self) -> Outcome:
        """Queue again what dead processes had claimed; what they had sent is in doubt."""
        desk = self.keeper.desk()
        with desk.database.read() as connection:
            somebody_died = workers.any_dead(connection, desk.database.path)
        if not somebody_died and self.tick() < self._leases_at + LEASES_SECONDS:
            return Outcome()
        self._leases_at = self.tick()
        with desk.database.write() as connection:
            found = recovery.recover(connection, desk.database.path, desk.now)
        if not found.queued and not found.uncertain:
            return Outcome()
        return Outcome(f"{found.queued:,} letters queued again, {found.uncertain:,} in doubt")

    def hear(self) -> Outcome:
        """Read the workspace's mailbox, if it has one."""
        desk = self.keeper.desk()
        if desk.workspace.project.mailbox is None:
            return Outcome()
        lines = hearing.hear(desk, [])
        return Outcome(f"{len(lines):,} heard by mail" if lines else "")

    def retire(self) -> Outcome:
        """Delete what `retention:` says is kept no longer."""
        return Outcome(retiring.retire(self.keeper.desk(), self.stopping.is_set))

    def close_tasks(self) -> Outcome:
        """Close tasks whose time has passed."""
        return Outcome(caretaking.close_expired(self.keeper.desk(), self.stopping.is_set))

    def send_digests(self) -> Outcome:
        """Send the digests whose hour has come."""
        return self._by_itself(self._send_digests)

    def _send_digests(self) -> Outcome:
        sent = digest_sending.send_due(self.keeper.desk(), self.stopping.is_set)
        went = [digest_sending.in_words(one) for one in sent if one.state in ("accepted", "skipped")]
        failed = [digest_sending.in_words(one) for one in sent if one.state not in ("accepted", "skipped")]
        return Outcome("; ".join(went), "; ".join(failed))

    def follow_files(self) -> Outcome:
        """Take over edited files, and stop or let go on whatever follows from them."""
        look = self.take_over_files()
        followed = following.follow(self.keeper.desk())
        did = [look.did] if look.did else []
        did += [f"stopped {run}: {reason}" for run, reason in followed.stopped]
        did += [f"{run} goes on" for run in followed.going_on]
        return Outcome("; ".join(did), look.trouble)

    def take_over_files(self) -> Outcome:
        """Take over edited files after a full check, or keep the last good ones and say why."""
        asked = self.edited.is_set()
        self.edited.clear()
        look = self.keeper.look(again=asked)
        did = ""
        if look is not None and look.taken:
            self.reception.follow(self.keeper.desk())
            did = f"files taken over at {clock.now():%Y-%m-%d %H:%M:%S} UTC"
        return Outcome(did, self.keeper.latest.why)

    def beat(self) -> Outcome:
        """Say that this process is alive; while letters leave, remember outside the database that they do."""
        self.duty.beat()
        copied = originality.note(self.keeper.desk()) if self.outgoing.under_way else ""
        return Outcome(trouble=copied or self.web_trouble)

    def _by_itself(self, act: Callable[[], Outcome]) -> Outcome:
        """What is done without a person, unless this database is a copy."""
        doubt = originality.doubt(self.keeper.desk())
        return Outcome(trouble=f"{doubt}; {originality.REMEDY}") if doubt else act()

    def close(self) -> None:
        """Let somebody else lead, and let go of the database."""
        try:
            self.duty.resign()
        finally:
            self.keeper.desk().close()
