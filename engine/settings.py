"""What the environment decides before any file is read: which workspace, which database, colours or not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError

MARKER = Path("config") / "project.yaml"
WORKSPACE_VARIABLE = "TOUCHBASE_WORKSPACE"
DATABASE_VARIABLE = "TOUCHBASE_DATABASE_URL"
NO_WORKSPACE_HELP = "go into one, name it with --workspace DIR, or make one with `touchbase init DIR`"


@dataclass(frozen=True, slots=True)
class Settings:
    """`root`: the workspace's folder, absolute. `database`: the URL from the environment, or None."""

    root: Path
    database: str | None
    colour: bool

    def database_url(self, written: str) -> str:
        """The environment's URL, or else the one `written` in project.yaml; SQLite files absolute."""
        return _absolute(self.database or written, self.root)


def settings(
    workspace: Path | None = None, *, environment: Mapping[str, str] | None = None, here: Path | None = None
) -> Settings:
    """The settings for one command. Raises UsageError when there is no workspace."""
    variables = os.environ if environment is None else environment
    return Settings(
        root=find_workspace(workspace, environment=variables, here=here),
        database=variables.get(DATABASE_VARIABLE) or None,
        colour=wants_colour(variables),
    )


def find_workspace(
    named: Path | None = None, *, environment: Mapping[str, str] | None = None, here: Path | None = None
) -> Path:
    """`--workspace`, else TOUCHBASE_WORKSPACE, else the nearest folder upwards with config/project.yaml."""
    variables = os.environ if environment is None else environment
    start = (here or Path.cwd()).absolute()
    if named is not None:
        return _marked(start / named, "--workspace")
    if variables.get(WORKSPACE_VARIABLE):
        return _marked(start / variables[WORKSPACE_VARIABLE], WORKSPACE_VARIABLE)
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return folder
    raise UsageError("there is no workspace here or above", help=NO_WORKSPACE_HELP)


def _marked(folder: Path, source: str) -> Path:
    if not (folder / MARKER).is_file():
        raise UsageError(f"{source}: `{folder}` is no workspace, it has no {MARKER}", help=NO_WORKSPACE_HELP)
    return folder.resolve()


def wants_colour(environment: Mapping[str, str]) -> bool:
    """False when NO_COLOR is set and not empty (no-color.org), or the terminal is `dumb`."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _absolute(url: str, root: Path) -> str:
    scheme, separator, path = url.partition(":///")
    if not separator or not scheme.startswith("sqlite") or not path or path.startswith(("/", ":memory:")):
        return url
    return f"{scheme}:///{root / path}"
