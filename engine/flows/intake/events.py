"""Events from a table: the key column, `at`, and the event's own fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from engine.definitions.schema.customers import Customers, FieldKind, FieldType
from engine.definitions.schema.offers import Offer
from engine.errors import ImportRefused
from engine.flows.intake.addresses import read_address
from engine.flows.intake.batches import ROWS_A_BATCH, Progress, estimated_total, silent, transaction
from engine.flows.intake.evidence import Evidence
from engine.flows.intake.header import Columns, event_columns
from engine.flows.intake.people import tidy
from engine.flows.intake.reading import Table, open_table
from engine.flows.intake.rejects import Rejects
from engine.flows.intake.report import Tally, column_notes
from engine.flows.intake.values import Value, field_reader, plain_reader
from engine.model.address import normalise_address
from engine.model.built_in_events import BUILT_IN_EVENTS
from engine.model.report import ImportReport
from engine.store import codes
from engine.store.events import Event, Repeats, add

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.store.database import Database

MOMENT = FieldType(FieldKind.MOMENT)


@dataclass(frozen=True, slots=True)
class EventRow:
    """A good row."""

    line: int
    cells: list[str]
    event: Event


def import_events(
    database: Database,
    customers: Customers,
    event_name: str,
    source: Path | BinaryIO,
    *,
    now: datetime,
    zone: ZoneInfo,
    offers: Mapping[str, Offer] | None = None,
    dry_run: bool = False,
    rejects: Path | None = None,
    progress: Progress = silent,
) -> ImportReport:
    """Adds events of known customers; the same file twice adds nothing.

    Codes of `offers` that stand in an event's field (see Offer.used_in) are used from then on.

    Two equal rows in one file are two events. Fields declared under `events:` are read by their kind; the
    others as what they look like (see values.plain_reader). The arguments and errors are those of
    `import_customers`; ImportRefused too for an event that is written here alone.
    """
    built_in = BUILT_IN_EVENTS.get(event_name)
    if built_in is not None and not built_in.imported:
        raise ImportRefused(
            f"`{event_name}` is noted by Touchbase itself, so no file can bring it in",
            help="give events of your own another name, such as `crm_" + event_name + "`",
        )
    with open_table(source) as table, Repeats() as repeats:
        columns = event_columns(table.header, customers, table.name)
        reader = _EventReader(table, columns, customers, event_name, zone)
        origin = f"import of {table.name}"
        tally = Tally()
        with Rejects(rejects, table.header) as refused:
            for batch in _batches(table, reader, refused, tally):
                with transaction(database, dry_run=dry_run) as connection:
                    done = add(connection, [row.event for row in batch], origin, repeats)
                    _use_codes(connection, offers or {}, batch, tally)
                tally.add(done.added, 0, done.unchanged)
                for place in done.unknown:
                    key = batch[place].event.customer_id
                    reason = f"no customer has the {customers.key} `{key}`; import customers first"
                    refused.add(batch[place].line, reason, batch[place].cells)
                progress("rows", tally.read, estimated_total(tally.read, table.position, table.size))
        return tally.report(refused, [*tally.uses, *column_notes(table, columns.ignored)])


def _use_codes(
    connection: Connection, offers: Mapping[str, Offer], batch: list[EventRow], tally: Tally
) -> None:
    """Notes the codes these events came with."""
    for name, offer in offers.items():
        if offer.code is None or offer.code.shared is not None:
            continue
        told = [
            codes.Use(str(event.fields[offer.used_in]), event.customer_id, event.at)
            for event in (row.event for row in batch)
            if offer.used_in in event.fields
        ]
        if told:
            used = codes.use(connection, name, told)
            tally.used += used.codes
            tally.used_by_others += used.by_others


def _batches(table: Table, reader: _EventReader, refused: Rejects, tally: Tally) -> Iterator[list[EventRow]]:
    batch: list[EventRow] = []
    for row in table.rows():
        tally.read += 1
        if row.fault:
            refused.add(row.line, row.fault, row.cells)
            continue
        try:
            batch.append(EventRow(row.line, row.cells, reader.read(row.cells)))
        except ValueError as error:
            refused.add(row.line, str(error), row.cells)
        if len(batch) >= ROWS_A_BATCH:
            yield batch
            batch = []
    yield batch


class _EventReader:
    """Reads the rows of one table as events."""

    def __init__(
        self, table: Table, columns: Columns, customers: Customers, event_name: str, zone: ZoneInfo
    ) -> None:
        kinds = customers.events.get(event_name, {})
        names = columns.fields
        evidence = Evidence.of_events(table, names, kinds)
        self._name = event_name
        self._key_name = customers.key
        self._zone = zone
        self._key = columns.key
        self._at = next(place for place, name in names.items() if name == "at")
        self._read_at = field_reader(MOMENT, self._at, evidence, zone)
        self._slots: list[tuple[int, str, Callable[[str], Value]]] = []
        for place, name in names.items():
            if place == self._at:
                continue
            kind = kinds.get(name)
            read = field_reader(kind, place, evidence, zone) if kind else plain_reader(place, evidence)
            self._slots.append((place, name, read))

    def read(self, cells: list[str]) -> Event:
        """The event, without its empty cells. Raises ValueError with the reason for a bad value."""
        key = tidy(cells[self._key], self._key_name)
        if not key:
            raise ValueError(f"{self._key_name} is empty, so nobody knows whose event this is")
        if self._key_name == "email":
            key = normalise_address(str(_named("email", read_address, key)))
        moment = _named("at", self._read_at, tidy(cells[self._at], "at"))
        assert isinstance(moment, datetime)
        fields: dict[str, object] = {}
        for place, name, read in self._slots:
            cell = tidy(cells[place], name)
            if cell:
                fields[name] = self._plain(_named(name, read, cell))
        return Event(key, self._name, moment, fields)

    def _plain(self, value: Value) -> object:
        """A value as JSON has it. A moment begins with its day on the project's clock, which tests go by."""
        if isinstance(value, datetime):
            return value.astimezone(self._zone).isoformat()
        return value.isoformat() if isinstance(value, date) else value


def _named(name: str, read: Callable[[str], Value], cell: str) -> Value:
    try:
        return read(cell)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
