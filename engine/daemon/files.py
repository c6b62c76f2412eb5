"""Watches the workspace's folders: an edit is looked at within a second, not at the next turn of the job."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles import watch

log = logging.getLogger(__name__)

SETTLED = 400
"""Milliseconds without a change until somebody counts as done saving: editors write a file in several steps."""

GLANCE = 5_000
"""Milliseconds between looks at whether the daemon ends."""


class Files:
    """A thread that tells of changes below some folders. Where a folder cannot be watched, the job's own turn does."""

    def __init__(self, folders: Sequence[Path], tell: Callable[[], None]) -> None:
        self.folders = folders
        self.tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="files", daemon=True)

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()

    def _watch(self) -> None:
        present = [folder for folder in self.folders if folder.is_dir()]
        try:
            for _ in watch(
                *present,
                debounce=SETTLED,
                step=SETTLED // 2,
                stop_event=self._stop,
                rust_timeout=GLANCE,
                raise_interrupt=False,
            ):
                self.tell()
        except Exception as error:
            log.warning("files are not watched, only looked at", extra={"reason": type(error).__name__})
