"""The rejects file: every bad row with its line, its reason and its own cells, ready to be repaired."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import TextIO

from engine.errors import ImportRefused
from engine.flows.intake.cells import guard

SHOWN = 3


class Rejects:
    """Collects bad rows. The file appears under its name only when the import ends, and only if there are
    any.

    `path` None keeps no file; `first` are the first few reasons with their lines. Cells that a spreadsheet
    would run as formulas get an apostrophe, which the next import takes away again.
    """

    def __init__(self, path: Path | None, header: list[str]) -> None:
        self.path = path
        self.count = 0
        self.first: list[str] = []
        self._header = header
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}") if path else None
        self._file: TextIO | None = None

    def add(self, line: int, reason: str, cells: list[str]) -> None:
        """One bad row."""
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(f"line {line}: {reason}")
        if self._unfinished is None:
            return
        if self._file is None:
            try:
                self._file = self._unfinished.open(
                    "w", encoding="utf-8-sig", errors="surrogateescape", newline=""
                )
            except OSError as error:
                raise ImportRefused(
                    f"the rejects file {self.path} cannot be written: {error.strerror}",
                    help="name another with --rejects; rows before this one are already in",
                ) from error
            csv.writer(self._file).writerow(["line", "reason", *map(guard, self._header)])
        csv.writer(self._file).writerow([line, guard(reason), *map(guard, cells)])

    @property
    def written(self) -> Path | None:
        """The rejects file, if there is one."""
        return self.path if self.count else None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None or self._unfinished is None or self.path is None:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._unfinished, self.path)
