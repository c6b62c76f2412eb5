"""Wiring for check and schema: every problem of a workspace, its templates included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import clock
from engine.app.letters import letter_problems
from engine.definitions.checks.everything import load_and_check
from engine.definitions.files import CAMPAIGNS, definition_files
from engine.definitions.workspace import Workspace, in_order
from engine.errors import UsageError
from engine.flows.compose.patterns import guessable_codes
from engine.model.problem import Problem, Severity
from engine.settings import settings


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found; `root`: the workspace the files are relative to."""

    root: Path
    problems: list[Problem]
    summary: str


def check(workspace: Path | None, files: Sequence[Path]) -> Checked:
    """Every problem of the workspace, or of these files only."""
    root = settings(workspace).root
    _, problems = examine(root, clock.now())
    if files:
        wanted = [_inside(path, root) for path in files]
        problems = [
            problem for problem in problems if any(Path(problem.file).is_relative_to(one) for one in wanted)
        ]
    return Checked(root, problems, _summary(root, problems))


def examine(root: Path, now: datetime) -> tuple[Workspace | None, list[Problem]]:
    """The workspace as it is written now, with every problem: of its files, between them, and of its letters."""
    found, problems = load_and_check(root)
    if found is not None:
        letters = letter_problems(found, now, _broken(problems))
        problems = in_order([*problems, *guessable_codes(found), *letters])
    return found, problems


def write_schemas(workspace: Path | None, out: Path | None) -> list[Path]:
    """The editors' schemas, into `out` or the workspace's `.schema`."""
    from engine.definitions import editor

    return editor.write_schemas(out or settings(workspace).root / ".schema")


def _broken(problems: Sequence[Problem]) -> frozenset[str]:
    return frozenset(problem.file for problem in problems if problem.severity is Severity.ERROR)


def _inside(path: Path, root: Path) -> Path:
    """A file or folder named on the command line, relative to the workspace."""
    absolute = path.resolve()
    if not absolute.exists():
        raise UsageError(f"there is no file {path}", help="name files or folders of the workspace")
    if not absolute.is_relative_to(root):
        raise UsageError(f"{path} is not in the workspace {root}", help="name it with --workspace DIR")
    return absolute.relative_to(root)


def _summary(root: Path, problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    notes = len(problems) - errors - warnings
    campaigns = sum(path.is_relative_to(root / CAMPAIGNS) for path in definition_files(root))
    parts = [_counted(campaigns, "campaign"), _counted(errors, "error"), _counted(warnings, "warning")]
    return ", ".join([*parts, _counted(notes, "note")])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
