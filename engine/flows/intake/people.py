"""One row of a customers file: from cells to the values that are stored, or to the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engine.definitions.schema.customers import Customers
from engine.definitions.suggest import suggestion
from engine.flows.intake.addresses import read_address
from engine.flows.intake.allowed import check_cell
from engine.flows.intake.cells import unguard
from engine.flows.intake.evidence import Evidence
from engine.flows.intake.header import Columns
from engine.flows.intake.reading import Table
from engine.flows.intake.values import (
    Reader,
    Value,
    field_reader,
    read_language,
    read_list,
    read_text,
    read_time_zone,
)
from engine.model.address import normalise_address

LONGEST_KEY = 200
BUILT_IN_READERS: dict[str, Reader] = {
    "email": read_address,
    "time_zone": read_time_zone,
    "language": read_language,
    "tags": read_list,
    "topics": read_list,
    "customer_id": read_text,
}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A good row. `values` in the order of PersonReader.names; `email` is "" where the cell was empty."""

    line: int
    cells: list[str]
    key: str
    email: str
    topics: tuple[str, ...]
    values: list[object]


class PersonReader:
    """Reads the rows of one table.

    Attributes:
        names: what stands where in PersonRow.values: "customer_id", then the stored fields the file has.
        has_email: whether the file has a column for the address.
    """

    def __init__(
        self,
        table: Table,
        columns: Columns,
        customers: Customers,
        zone: ZoneInfo,
        topics: Collection[str] | None,
    ) -> None:
        self._columns = columns
        self._key = customers.key
        self._known_topics = topics
        self._evidence = Evidence.of(table, columns.fields, customers.fields)
        self.names = ["customer_id", *(name for name in columns.fields.values() if name != "topics")]
        self.has_email = "email" in self.names
        self._slots: list[tuple[int, str, Callable[[str], Value]]] = []
        for place, name in columns.fields.items():
            kind = customers.fields.get(name)
            read = field_reader(kind, place, self._evidence, zone) if kind else BUILT_IN_READERS[name]
            self._slots.append((place, name, read))

    def read(self, line: int, cells: list[str]) -> PersonRow:
        """The row's values. Raises ValueError with the reason when one of them cannot be taken."""
        key = self._read_key(cells[self._columns.key])
        values: list[object] = [key]
        topics: tuple[str, ...] = ()
        email = ""
        for place, name, read in self._slots:
            cell = tidy(cells[place], name)
            value: object = None
            if cell:
                try:
                    value = read(cell)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from error
            if name == "topics":
                topics = self._read_topics(value)
                continue
            if name == "email":
                email = str(value or "")
            values.append(_storable(value))
        return PersonRow(line, cells, key, email, topics, values)

    def _read_key(self, cell: str) -> str:
        key = tidy(cell, self._key)
        if not key:
            raise ValueError(f"{self._key} is empty, so nobody knows who this is")
        if self._key == "email":
            return normalise_address(_named("email", read_address, key))
        if len(key) > LONGEST_KEY:
            raise ValueError(f"{self._key} is longer than {LONGEST_KEY} characters")
        return key

    def _read_topics(self, value: object) -> tuple[str, ...]:
        topics = value if isinstance(value, tuple) else ()
        if self._known_topics is not None:
            for topic in topics:
                if topic not in self._known_topics:
                    raise ValueError(
                        f"topics: `{topic}` is no topic; {suggestion(topic, self._known_topics)}"
                    )
        return topics


def tidy(cell: str, name: str) -> str:
    """The cell without space around it and without a guard. Raises ValueError for what no cell may hold."""
    if not cell:
        return ""
    cell = unguard(cell.strip())
    if len(cell) > 200 or not cell.isprintable():
        try:
            check_cell(cell)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    return cell


def _storable(value: object) -> object:
    """An empty list is no value."""
    return None if value == () else value


def _named(name: str, read: Callable[[str], str], cell: str) -> str:
    try:
        return read(cell)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
