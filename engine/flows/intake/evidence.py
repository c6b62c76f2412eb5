"""What a whole column says about a value with two meanings: is 1.234 a thousand, is 03/04/2026 in March?

The file is read a second time only when such a value comes up, once for every column at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from engine.definitions.schema.customers import FieldKind, FieldType
from engine.flows.intake import dates, numbers
from engine.flows.intake.reading import Table
from engine.flows.intake.unsure import UNSURE


class Evidence:
    """The columns' decimal marks and orders of day and month."""

    def __init__(self, table: Table, number_places: list[int], date_places: list[int]) -> None:
        self._table = table
        self._numbers = number_places
        self._dates = date_places

    @classmethod
    def of(cls, table: Table, names: Mapping[int, str], kinds: Mapping[str, FieldType]) -> Evidence:
        """Evidence for the columns that hold declared numbers, dates and moments."""
        kind_at = {place: kinds[name].kind for place, name in names.items() if name in kinds}
        numeric = [place for place, kind in kind_at.items() if kind is FieldKind.NUMBER]
        dated = [place for place, kind in kind_at.items() if kind in (FieldKind.DATE, FieldKind.MOMENT)]
        return cls(table, numeric, dated)

    @classmethod
    def of_events(cls, table: Table, names: Mapping[int, str], kinds: Mapping[str, FieldType]) -> Evidence:
        """The same for an events file, where `at` is a moment and an undeclared field may be a number."""
        declared = cls.of(table, names, kinds)
        numeric = [place for place, name in names.items() if name not in kinds and name != "at"]
        dated = [place for place, name in names.items() if name == "at"]
        return cls(table, [*declared._numbers, *numeric], [*declared._dates, *dated])

    def decimal(self, place: int) -> str:
        """The column's decimal mark.

        Where the column does not show it: a point, unless the cells are separated by semicolons, as
        spreadsheets do where the comma is the decimal mark. Then nobody can know.
        """
        shown = self._shown[place]
        if len(shown) == 1:
            return next(iter(shown))
        return UNSURE if shown or self._table.delimiter == ";" else numbers.POINT

    def order(self, place: int) -> str:
        """The column's order of day and month."""
        shown = self._shown[place]
        return next(iter(shown)) if len(shown) == 1 else UNSURE

    @cached_property
    def _shown(self) -> Mapping[int, set[str]]:
        judges: list[tuple[int, Callable[[str], str]]] = [(place, _decimal) for place in self._numbers]
        judges += [(place, dates.day_order) for place in self._dates]
        shown: dict[int, set[str]] = {place: set() for place, _ in judges}
        for row in self._table.rows():
            for place, judge in judges:
                if not row.fault and (answer := judge(row.cells[place])) != UNSURE:
                    shown[place].add(answer)
        return shown


def _decimal(cell: str) -> str:
    """Only values with a separator say anything."""
    if "." not in cell and "," not in cell:
        return UNSURE
    return numbers.decimal_mark(cell) or UNSURE
