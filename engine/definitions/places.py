"""Where something is written: file, line, column; for every key and every value of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.model.problem import Problem, Severity

Key = str | int
Path = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Lines and columns count from 1; 0: the whole file. `file`: relative to the workspace."""

    file: str
    line: int = 0
    column: int = 0
    width: int = 1

    @property
    def where(self) -> str:
        """`config/policy.yaml:12`, as people read it."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Document:
    """One file as plain data, with a place for every path of keys and list positions in it.

    `keys` has the place of the key at a path (mapping entries only), `values` the place of the value.
    `included`: files pulled in with `!include`; `broken`: paths whose problem is told already.
    """

    file: str
    data: Any
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    included: frozenset[str] = frozenset()
    broken: frozenset[Path] = frozenset()

    def key_place(self, path: Sequence[Key]) -> Place:
        """Where the key at `path` is written; for list items and unknown paths, the nearest thing around."""
        return self._nearest(tuple(path), self.keys, self.values)

    def value_place(self, path: Sequence[Key]) -> Place:
        """Where the value at `path` is written; for unknown paths, the nearest key around it."""
        exact = self.values.get(tuple(path))
        return exact if exact is not None and path else self.key_place(path)

    def _nearest(self, path: Path, *tables: dict[Path, Place]) -> Place:
        for length in range(len(path), 0, -1):
            for table in tables:
                if path[:length] in table:
                    return table[path[:length]]
        return self.start

    @property
    def start(self) -> Place:
        """The first key of the file, or its top."""
        return next(iter(self.keys.values()), Place(self.file))


class Unreadable(Exception):
    """Signals inside this package that a file cannot be read any further; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def problem_at(
    place: Place, code: str, message: str, help: str = "", severity: Severity = Severity.ERROR
) -> Problem:
    """A problem at a place."""
    return Problem(place.file, place.line, place.column, code, message, help, severity, place.width)


def refusal(place: Place, code: str, message: str, help: str = "") -> Unreadable:
    """The signal for a file that cannot be read any further."""
    return Unreadable(problem_at(place, code, message, help))
