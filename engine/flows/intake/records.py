"""Physical lines into records: quoted line breaks kept, an unclosed quote found where it opens."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

UNCLOSED = "a quote opens in this row and is not closed"
TOO_LONG = f"a cell is longer than {csv.field_size_limit():,} characters"


@dataclass(frozen=True, slots=True)
class Row:
    """One record. `line`: where it begins, counted from 1. `fault`: why it cannot be read, or ""."""

    line: int
    cells: list[str]
    fault: str = ""


class _Lines:
    """Lines for csv.reader that remembers those of the record being read, so that they can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            try:
                line = next(self._lines)
            except StopIteration:
                self.ended = True
                raise
        self.number += 1
        self.taken.append(line)
        return line

    def give_back_all_but_one(self) -> None:
        """Everything after the record's first line is read again as rows of its own."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.ended = False


def split_records(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    """Rows with the line each begins on.

    A record over several lines must be well formed to the last quote. One that is not, or that never ends, is
    a quote somebody forgot: only its first line is at fault, the lines after it are read again on their own.
    """
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter)
    while True:
        source.taken = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # Only a cell without end is an error to this reader; over several lines it is a forgotten quote.
            cells, broken, fault = [], True, UNCLOSED if len(source.taken) > 1 else TOO_LONG
        else:
            fault = UNCLOSED
            broken = source.ended or (len(source.taken) > 1 and not _well_formed(source.taken, delimiter))
        line = source.number - len(source.taken) + 1
        if not broken:
            yield Row(line, cells)
            continue
        first = source.taken[0]
        source.give_back_all_but_one()
        reader = csv.reader(source, delimiter=delimiter)
        yield Row(line, [first.rstrip("\r\n")], fault)


def _well_formed(lines: list[str], delimiter: str) -> bool:
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) == 1
    except csv.Error:
        return False
