"""Customers from a table: every row judged, good ones stored by the batch, bad ones kept with their reason.

An empty cell means "no value": it clears a field of a customer who had one, if the file has the column at
all. Three things an import never does, whatever the cells say: take away an address, unsubscribe anybody, or
subscribe somebody who has left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from engine.audience.addresses import shared_addresses
from engine.definitions.schema.customers import Customers
from engine.flows.intake.batches import ROWS_A_BATCH, Progress, estimated_total, silent, transaction
from engine.flows.intake.header import customer_columns
from engine.flows.intake.kinds import stored_kinds
from engine.flows.intake.owners import Owners, note, watch
from engine.flows.intake.people import PersonReader, PersonRow
from engine.flows.intake.reading import Table, open_table
from engine.flows.intake.rejects import Rejects
from engine.flows.intake.report import Tally, column_notes
from engine.flows.intake.stored import Known, follow_to_new_addresses, known_customers
from engine.flows.intake.tiers import TierField, without_scored
from engine.flows.intake.tiers import note as note_tiers
from engine.flows.intake.tiers import watch as watch_tiers
from engine.model.report import ImportReport
from engine.store import customers as store
from engine.store import preferences, subscriptions
from engine.store.events import Repeats
from engine.store.fields import FieldColumn, ensure

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database


def import_customers(
    database: Database,
    customers: Customers,
    source: Path | BinaryIO,
    *,
    now: datetime,
    zone: ZoneInfo,
    topics: Collection[str] | None = None,
    tier: TierField | None = None,
    owners: Owners | None = None,
    dry_run: bool = False,
    rejects: Path | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Adds customers and brings them up to date; the same file twice changes nothing.

    Args:
        customers: the key, the fields with their kinds, and how columns are called.
        source: a file, or a binary stream such as standard input.
        now: the moment of the import.
        zone: the project's, for moments without an offset.
        topics: the project's topics; a row that names another is rejected. None takes any.
        tier: the field that holds tiers, whose changes are noted; None where there is none.
        owners: whose customers they are, so that a change is noted; None where nobody is anybody's.
        dry_run: read, judge and count everything, keep nothing (missing columns for fields are made all the
            same).
        rejects: where bad rows go; written when the import ends, if there are any.
        progress: called after every batch with ("rows", done, estimated total).

    Raises:
        ImportRefused: not a table, or without the key's column, or with two columns for one field. Nothing
            was changed, unless the message says that rows before a broken place are in already.
        StoreError: the database could not be written; the batches before are kept, and importing again is
            safe.
    """
    with open_table(source) as table, Repeats() as repeats:
        columns, left_out = without_scored(customer_columns(table.header, customers, table.name), tier)
        reader = PersonReader(table, columns, customers, zone, topics)
        declared = ensure(database, stored_kinds(customers.fields), now)
        tally = Tally()
        with Rejects(rejects, table.header) as refused:
            work = _Import(
                declared, reader, f"import of {table.name}", now, dry_run, refused, repeats, owners, tier
            )
            for batch in _batches(table, reader, refused, tally):
                with transaction(database, dry_run=dry_run) as connection:
                    work.store(connection, batch, tally)
                progress("rows", tally.read, estimated_total(tally.read, table.position, table.size))
        with database.read() as connection:
            shared = shared_addresses(connection)
        notes = [*column_notes(table, columns.ignored), *left_out, *tally.notes(shared)]
        if not reader.has_email:
            notes.append("the file has no column `email`: rows of people not known yet are rejected")
        return tally.report(refused, notes)


def _batches(table: Table, reader: PersonReader, refused: Rejects, tally: Tally) -> Iterator[list[PersonRow]]:
    batch: list[PersonRow] = []
    waiting = 0
    for row in table.rows():
        tally.read += 1
        waiting += 1
        if row.fault:
            refused.add(row.line, row.fault, row.cells)
        else:
            try:
                batch.append(reader.read(row.line, row.cells))
            except ValueError as error:
                refused.add(row.line, str(error), row.cells)
        if waiting >= ROWS_A_BATCH:
            yield batch
            batch, waiting = [], 0
    yield batch


@dataclass(frozen=True)
class _Import:
    """What every batch of one import needs."""

    declared: tuple[FieldColumn, ...]
    reader: PersonReader
    source: str
    now: datetime
    dry_run: bool
    refused: Rejects
    repeats: Repeats
    owners: Owners | None = None
    tier: TierField | None = None

    def store(self, connection: Connection, batch: list[PersonRow], tally: Tally) -> None:
        """One batch within its transaction."""
        known = known_customers(connection, [row.key for row in batch])
        if not self.reader.has_email:
            batch = self._only_known(batch, known)
        batch = self._counting_repeats(batch, tally)
        self._keep_addresses(batch, known)
        given = [(row.key, row.email) for row in batch]
        tally.moved += follow_to_new_addresses(connection, known, given, self.now)
        self._keep_choices(connection, batch)
        watched = None
        if self.owners is not None:
            watched = watch(connection, self.owners, self.declared, self.reader.names, batch)
        tiers_before = watch_tiers(connection, self.tier, self.declared, self.reader.names, batch)
        rows = [row.values for row in batch]
        done = store.upsert(connection, self.declared, self.reader.names, rows, self.now) if rows else None
        if done is None:
            return
        if watched is not None and self.owners is not None:
            note(connection, self.owners, watched, batch, done.customers, self.source, self.now)
        if tiers_before is not None:
            note_tiers(connection, tiers_before, batch, done.customers, self.source, self.now)
        tally.add(done.added, done.updated, done.unchanged)
        pairs = [
            (customer, topic)
            for customer, row in zip(done.customers, batch, strict=True)
            for topic in row.topics
        ]
        if pairs:
            tally.subscribed += subscriptions.subscribe_imported(connection, pairs, self.source, self.now)

    def _only_known(self, batch: list[PersonRow], known: dict[str, Known]) -> list[PersonRow]:
        for row in batch:
            if row.key not in known:
                self.refused.add(
                    row.line, "nobody has this key yet, and the file has no address for them", row.cells
                )
        return [row for row in batch if row.key in known]

    def _counting_repeats(self, batch: list[PersonRow], tally: Tally) -> list[PersonRow]:
        """Counts keys that came before in the file. A dry run has forgotten the earlier batches' rows, so
        there a
        person who came before counts as updated without asking."""
        digests = [blake2b(row.key.encode(), digest_size=16).digest() for row in batch]
        numbers = self.repeats.numbers(digests)
        tally.repeated += sum(1 for number in numbers if number)
        if not self.dry_run:
            return batch
        here: set[str] = set()
        kept = []
        for row, number in zip(batch, numbers, strict=True):
            if number and row.key not in here:
                tally.add(0, 1, 0)
            else:
                here.add(row.key)
                kept.append(row)
        return kept

    def _keep_choices(self, connection: Connection, batch: list[PersonRow]) -> None:
        """What people chose for themselves stands above what the file says of them."""
        places = [
            (place, name) for place, name in enumerate(self.reader.names) if name in preferences.STANDING
        ]
        chosen = preferences.of_keys(connection, [row.key for row in batch]) if places else {}
        for row in batch if chosen else ():
            own = chosen.get(row.key)
            for place, name in places:
                if own is not None and getattr(own, name):
                    row.values[place] = getattr(own, name)

    def _keep_addresses(self, batch: list[PersonRow], known: dict[str, Known]) -> None:
        """An empty cell never takes an address away: the stored one, or the row's before, stays."""
        if not self.reader.has_email:
            return
        place = self.reader.names.index("email")
        latest: dict[str, str] = {}
        for row in batch:
            if row.email:
                latest[row.key] = row.email
            else:
                before = known.get(row.key)
                row.values[place] = latest.get(row.key) or (before.email if before else "") or None
