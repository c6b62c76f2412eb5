"""A Maildir as the place where mails land: read from new and cur, and marked as seen once they were heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.errors import UsageError
from engine.mailbox.sources import LARGEST, MAILDIR, Source

INFO = ":2,"
"""What parts a name from its flags (https://cr.yp.to/proto/maildir.html)."""

SEEN = "S"


class MaildirBox:
    """Nothing is written but the names of files, so that a mail program beside us is not disturbed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mails(self) -> Iterator[Source]:
        """Every mail that nobody has seen yet. UsageError where the folder is no Maildir."""
        if not all((self.folder / name).is_dir() for name in MAILDIR):
            raise UsageError(
                f"{self.folder} is no Maildir: it has no folders `new` and `cur`",
                help="check maildir under `mailbox:` in config/project.yaml",
            )
        for name in MAILDIR:
            for entry in sorted((self.folder / name).iterdir()):
                if entry.name.startswith(".") or SEEN in _flags(entry.name) or not entry.is_file():
                    continue
                yield from _read(entry)

    def heard(self, sources: Sequence[Source]) -> None:
        """Says of these mails that they need no second look."""
        for source in sources:
            path = Path(source.key)
            flags = "".join(sorted({*_flags(path.name), SEEN}))
            with suppress(FileNotFoundError):
                path.rename(self.folder / "cur" / f"{path.name.partition(INFO)[0]}{INFO}{flags}")

    def close(self) -> None:
        """Nothing is open."""


def _read(path: Path) -> Iterator[Source]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST)
    except FileNotFoundError:
        return  # A mail program moved it meanwhile; next time it is there under its new name.
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    yield Source(str(path), raw, str(path))


def _flags(name: str) -> str:
    return name.partition(INFO)[2]
