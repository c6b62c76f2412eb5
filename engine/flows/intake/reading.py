"""Rows from a file a spreadsheet wrote: any encoding and separator, true line numbers, constant memory."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from engine.errors import ImportRefused
from engine.flows.intake.allowed import CONTROL
from engine.flows.intake.dialect import ROWS_JUDGED, declared_delimiter, find_delimiter
from engine.flows.intake.encoding import find_encoding
from engine.flows.intake.records import Row, split_records

LONGEST_LINE = 1_000_000
"""Characters. A longer line means that this is not a table of people."""
MOST_COLUMNS = 500
LINES_BETWEEN_LOOKS = 256


class Table:
    """A table in a file: its `header`, and its rows as often as they are asked for.

    `encoding` and `delimiter` are what was found; `size` is in bytes, `position` how far the last pass has
    come.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.name = name
        self.position = 0
        with path.open("rb") as stream:
            self.size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            self.encoding = find_encoding(stream)
        # A byte that fits no letter is the fault of its row. Wide characters cannot be told apart after one.
        self._on_error = "strict" if self.encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
        opening = self._opening_lines()
        declared = declared_delimiter(opening[0])
        self.delimiter = declared or find_delimiter(opening)
        self._lines_above = 1 if declared else 0
        first = next(self._records(), None)
        if first is None or not any(cell.strip() for cell in first.cells):
            raise ImportRefused(
                f"{name} has no header",
                help="the first row must name the columns, like: customer_id,email,first_name",
            )
        if first.fault:
            raise ImportRefused(f"{name}, line {first.line}: {first.fault}", help="repair the first row")
        self.header = [cell.strip() for cell in first.cells]
        while not self.header[-1]:
            self.header.pop()
        if any(CONTROL.search(name) for name in self.header):
            raise ImportRefused(
                f"{name} is not a text file: its first row holds bytes no spreadsheet writes",
                help='export the table as "CSV UTF-8"',
            )
        if len(self.header) > MOST_COLUMNS:
            raise ImportRefused(f"{name} has {len(self.header)} columns", help=f"keep at most {MOST_COLUMNS}")

    def rows(self) -> Iterator[Row]:
        """Every record below the header; rows without any content are left out."""
        records = self._records()
        next(records)
        width = len(self.header)
        for row in records:
            if row.fault:
                yield row
            elif len(row.cells) == width:
                if any(row.cells):
                    yield row
            elif any(row.cells):
                yield _fitted(row, width)

    def _opening_lines(self) -> list[str]:
        lines = list(islice(self._lines(), ROWS_JUDGED * 4))
        if not lines:
            raise ImportRefused(f"{self.name} is empty", help="export the table again, with its header row")
        return lines

    def _lines(self) -> Iterator[str]:
        with (
            self._path.open("rb") as stream,
            io.TextIOWrapper(stream, encoding=self.encoding, errors=self._on_error, newline="") as text,
        ):
            number = 0
            try:
                for line in iter(partial(text.readline, LONGEST_LINE), ""):
                    number += 1
                    if len(line) >= LONGEST_LINE:
                        raise ImportRefused(
                            f"{self.name}, line {number}: longer than {LONGEST_LINE:,} characters",
                            help="this does not look like a table; export it as CSV",
                        )
                    if not number % LINES_BETWEEN_LOOKS:
                        self.position = stream.tell()
                    yield line
            except UnicodeError as error:
                raise ImportRefused(
                    f"{self.name}, after line {number}: not readable as {self.encoding}",
                    help='export it again as "CSV UTF-8"; rows before this line may be in already',
                ) from error

    def _records(self) -> Iterator[Row]:
        lines = self._lines()
        for _ in range(self._lines_above):
            next(lines)
        for row in split_records(lines, self.delimiter):
            yield replace(row, line=row.line + self._lines_above) if self._lines_above else row


def _fitted(row: Row, width: int) -> Row:
    """A row of another width than the header: empty cells beyond it are dropped, the rest is a fault."""
    extra = row.cells[width:]
    if len(row.cells) > width and not any(cell.strip() for cell in extra):
        return Row(row.line, row.cells[:width])
    found = f"{len(row.cells)} cell{'' if len(row.cells) == 1 else 's'}"
    return Row(row.line, row.cells, f"{found} where the header has {width}")


NOT_TABLES = (
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
)
"""How files begin that are often mistaken for CSV."""


@contextmanager
def open_table(source: Path | BinaryIO) -> Iterator[Table]:
    """The table in a file, or in a stream such as standard input (kept in a temporary file while it is read).

    Raises ImportRefused when there is no readable table in it.
    """
    if isinstance(source, Path):
        yield _table(source, source.name)
        return
    with tempfile.NamedTemporaryFile(prefix="touchbase-import-") as kept:
        shutil.copyfileobj(source, kept)
        kept.flush()
        yield _table(Path(kept.name), "standard input")


def _table(path: Path, name: str) -> Table:
    try:
        with path.open("rb") as stream:
            head = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        for mark, what in NOT_TABLES:
            if head.startswith(mark):
                raise ImportRefused(f"{name} is {what}, not CSV", help='save it as "CSV UTF-8" first')
        return Table(path, name)
    except OSError as error:
        raise ImportRefused(f"{path}: {error.strerror}", help="check the path") from error
