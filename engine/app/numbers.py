"""Wiring for runs as people see them: every number counted from the ledger's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine import clock
from engine.app.desk import Desk
from engine.app.handing import made_in_words
from engine.errors import UsageError
from engine.flows.deliver.circuit import in_words
from engine.flows.receive import quarantine
from engine.model.counts import ahead
from engine.model.report import RunReport
from engine.model.words import Reason
from engine.store import counts, pace, runs

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_NUMBER = 18
"""Digits: more than any run will ever have, and few enough for every database."""


def recent(desk: Desk) -> list[RunReport]:
    """The runs so far, newest first."""
    with desk.database.read() as connection:
        return [_report(desk, connection, run) for run in runs.recent(connection)]


def of_run(
    desk: Desk, run: str, *, sent_now: int = 0, interrupted: bool = False, notes: Sequence[str] = ()
) -> RunReport:
    """One run's numbers. UsageError when there is no such run."""
    with desk.database.read() as connection:
        found = find_run(connection, run)
        report = _report(desk, connection, found, sent_now=sent_now, interrupted=interrupted)
        held = quarantine.held(connection, found.id)
        troubles = _troubles(desk, connection) if report.counts.pending else ()
    waiting = (f"{held:,} bounces wait for a person's word: touchbase heard",) if held else ()
    return replace(report, notes=(*report.notes, *notes, *waiting, *troubles))


def find_run(connection: Connection, run: str) -> runs.Run:
    """The run of that number. UsageError when there is none."""
    found = runs.get(connection, int(run)) if run.isdecimal() and len(run) <= LONGEST_NUMBER else None
    if found is None:
        raise UsageError(f"there is no run `{run}`", help="`touchbase runs` lists them")
    return found


def _report(
    desk: Desk, connection: Connection, run: runs.Run, *, sent_now: int = 0, interrupted: bool = False
) -> RunReport:
    tally = counts.counts(connection, run.id)
    notes = run.snapshot.get("notes", ())
    told = [str(note) for note in notes] if isinstance(notes, (list, tuple)) else []
    if run.state == runs.AWAITING:
        told.append(f"nothing leaves before a person approves it: touchbase approve {run.id}")
    if Reason.OWNER_TASK in tally.skipped:
        told.append(made_in_words(connection, run.id))
    return RunReport(
        campaign=run.campaign,
        run=str(run.id),
        occurrence=run.occurrence,
        state=run.state,
        counts=tally,
        provider=run.provider,
        as_of=run.as_of,
        sent_now=sent_now,
        interrupted=interrupted,
        letters=_outbox(desk) if sent_now else None,
        reason=run.reason,
        waves=ahead(counts.waves(connection, run.id), clock.now()) if run.state not in runs.CLOSED else (),
        notes=tuple(told),
        approved_at=run.approved_at,
        approved_by=run.approved_by,
    )


def _troubles(desk: Desk, connection: Connection) -> list[str]:
    """How the workspace's ways out stand that are in trouble now, in words."""
    found = ((name, pace.read(connection, name)) for name in desk.ways_out)
    told = (in_words(name, known, clock.wall()) for name, known in found if known is not None)
    return [words for words in told if words]


def _outbox(desk: Desk) -> Path | None:
    """The page that lists the letters, where they were written to a folder."""
    if desk.leaves_machine:
        return None
    options = desk.workspace.project.options()
    folder = options.plain().get("folder", "outbox") if options is not None else "outbox"
    return desk.root / str(folder) / "index.html"
