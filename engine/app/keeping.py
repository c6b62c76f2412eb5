"""The workspace of a process that stays: the last one without errors, while its files are being edited."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine import clock
from engine.app.checking import examine
from engine.app.desk import Desk
from engine.definitions.files import CAMPAIGNS, CONFIG
from engine.definitions.workspace import Workspace
from engine.errors import StoreError
from engine.model.problem import Problem, Severity

FOLDERS = (CONFIG, CAMPAIGNS, "templates")
"""Everything that somebody edits stands in these; letters, databases and logs do not."""

ANOTHER_DATABASE = "another database takes a restart"
LEFT_OUT = "what it concerns is left out until it is mended"
STILL = "the files as they were before still count"

Seen = frozenset[tuple[str, int, int]]
"""Each file's path, size and time of change: what tells that nobody edited anything."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at the edited files came to. `taken`: they count from now on. `why`: why they do not, in words."""

    taken: bool
    why: str = ""
    errors: tuple[Problem, ...] = ()


class Keeper:
    """Holds the workspace that counts. One thread looks; others ask for `desk` whenever they begin something."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen = seen(desk.root, desk.workspace)
        errors = tuple(problem for problem in desk.problems if problem.severity is Severity.ERROR)
        self.latest = Look(False, in_words(errors, LEFT_OUT), errors) if errors else Look(True)

    def desk(self) -> Desk:
        """The workspace that counts, at this moment."""
        return self._desk.at(clock.now())

    def look(self, *, again: bool = False) -> Look | None:
        """Take over what was edited, as a whole or not at all; None where nothing was. `again`: look in any case.

        Raises StoreError when the database cannot take what was declared; the next look tries it again.
        """
        found = seen(self._desk.root, self._desk.workspace)
        if found == self._seen and not again:
            return None
        self._seen = found
        try:
            self.latest = self._look()
        except StoreError:
            self._seen = frozenset()
            raise
        return self.latest

    def _look(self) -> Look:
        before = self._desk
        workspace, problems = examine(before.root, clock.now())
        errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
        if workspace is None or errors:
            return Look(False, in_words(errors), errors)
        if _address(before, workspace) != _address(before, before.workspace):
            return Look(False, f"{ANOTHER_DATABASE}; {STILL}")
        after = Desk(before.settings, workspace, problems)
        after.share(before)
        # Columns for new fields are made here, before anybody asks for them.
        assert after.fields is not None
        self._desk = after
        return Look(True)


def in_words(errors: Iterable[Problem], so: str = STILL) -> str:
    """The first error with its place, how many more there are, and what follows from them."""
    first, *more = errors
    place = f"{first.file}:{first.line}" if first.line else first.file
    others = f" (and {len(more)} more)" if more else ""
    return f"{place}: {first.message}{others}; {so}"


def seen(root: Path, workspace: Workspace) -> Seen:
    """The state of every file somebody edits, those that are included from elsewhere too."""
    included = {name for document in workspace.documents.values() for name in document.included}
    paths = {*_files(root), *(os.path.join(root, name) for name in included)}
    return frozenset(state for path in paths if (state := _state(path)) is not None)


def _files(root: Path) -> Iterator[str]:
    """Hidden files and those that end in `~` are an editor's own."""
    for folder in FOLDERS:
        for at, folders, names in os.walk(root / folder):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (os.path.join(at, name) for name in names if name[0] != "." and name[-1] != "~")


def _state(path: str) -> tuple[str, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return path, found.st_size, found.st_mtime_ns


def _address(desk: Desk, workspace: Workspace) -> str:
    return desk.settings.database_url(workspace.project.database.reveal())
