"""A problem somebody must know about: what, where to the column, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: an error stops sending, a warning is shown, a note only informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` and `column` count from 1; 0 means the file as a whole.

    `width` is how many characters the caret line covers; `file` is relative to the workspace.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    help: str = ""
    severity: Severity = Severity.ERROR
    width: int = 1

    def as_json(self) -> dict[str, object]:
        """The object `check --json` prints."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "code": self.code,
            "message": self.message,
            "help": self.help,
            "severity": str(self.severity),
        }
