"""Wiring for imports: a CSV file, or standard input, into the workspace's database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from engine.app.desk import Desk
from engine.app.tiering import tier_field
from engine.audience.owning import owning_of
from engine.flows.intake import customers, events
from engine.flows.intake.owners import Owners
from engine.model.report import ImportReport

Progress = Callable[[str, int, int | None], None]


def import_customers(
    desk: Desk, file: Path, *, dry_run: bool, rejects: Path | None, progress: Progress
) -> ImportReport:
    """Customers; see engine.flows.intake.customers."""
    return customers.import_customers(
        desk.database,
        desk.workspace.customers,
        _source(file),
        now=desk.now,
        zone=desk.zone,
        topics=desk.workspace.project.topics or None,
        tier=tier_field(desk),
        owners=_owners(desk),
        dry_run=dry_run,
        rejects=rejects or _rejects(file),
        progress=progress,
    )


def import_events(
    desk: Desk, file: Path, event: str, *, dry_run: bool, rejects: Path | None, progress: Progress
) -> ImportReport:
    """Events of known customers; see engine.flows.intake.events."""
    return events.import_events(
        desk.database,
        desk.workspace.customers,
        event,
        _source(file),
        now=desk.now,
        zone=desk.zone,
        offers=desk.workspace.offers,
        dry_run=dry_run,
        rejects=rejects or _rejects(file),
        progress=progress,
    )


def _owners(desk: Desk) -> Owners | None:
    owning, owner = owning_of(desk.workspace), desk.workspace.account_owner
    return Owners(owning, owner.assigns) if owning is not None and owner is not None else None


def _source(file: Path) -> Path | BinaryIO:
    return sys.stdin.buffer if str(file) == "-" else file


def _rejects(file: Path) -> Path:
    return Path("stdin.rejects.csv") if str(file) == "-" else file.parent / f"{file.stem}.rejects.csv"
