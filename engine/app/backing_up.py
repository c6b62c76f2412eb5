"""Wiring for the verb backup: the database as it is at one moment, in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.app.desk import Desk
from engine.errors import Refused, UsageError


@dataclass(frozen=True, slots=True)
class BackUp:
    """`file`: where it stands; `size`: its bytes."""

    file: Path
    size: int

    def as_json(self) -> dict[str, object]:
        """The object `backup --json` prints."""
        return {"file": str(self.file), "bytes": self.size}


def back_up(workspace: Path | None, file: Path) -> BackUp:
    """The whole database in a new file. Refused for PostgreSQL, whose own tool does it."""
    desk = Desk.open_as_it_is(workspace)
    try:
        file = file.absolute()
        if file.exists():
            raise UsageError(
                f"{file} is there already", help="name a new file, such as one with today's date"
            )
        if not file.parent.is_dir():
            raise UsageError(f"there is no folder {file.parent}", help="make it, or name another file")
        if not desk.database.is_sqlite:
            raise Refused(
                "this database is PostgreSQL, which is backed up by its own tool",
                help=f'pg_dump --format=custom --file={file} "{desk.database.place.replace(":***@", "@")}"',
            )
        desk.database.back_up(file)
        return BackUp(file, file.stat().st_size)
    finally:
        desk.close()
