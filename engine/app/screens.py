"""How a problem looks to a person, for every door."""

from __future__ import annotations

from pathlib import Path

from engine.definitions.screen import screen
from engine.model.problem import Problem


def problem_screen(problem: Problem, root: Path, *, colour: bool) -> str:
    """The problem as lines of text, with the line of the file it is about."""
    return screen(problem, root, colour=colour)
