"""Senders' photos: a picture in templates/ lies at the workspace's own address in the web."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from engine.definitions.checks.files import signature_file
from engine.definitions.schema.senders import Sender
from engine.definitions.workspace import Workspace

KINDS = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""What is given out, by the file's ending."""


def photo_address(workspace: Workspace, key: str) -> str:
    """Where the sender's photo lies in the web; "" where there is none.

    The address changes with the picture, so that a mail program that keeps pictures shows the new one.
    """
    written = workspace.senders[key].photo or ""
    if "://" in written or workspace.project is None:
        return written
    path = photo_file(workspace.root, workspace.senders[key])
    if path is None:
        return ""
    found = path.stat()
    digest = _digest(path, found.st_mtime_ns, found.st_size)
    return f"{workspace.project.public_url.rstrip('/')}/s/{key}/{digest}{path.suffix}"


def photo_file(root: Path, sender: Sender) -> Path | None:
    """The file of the sender's photo; None where it lies elsewhere in the web, or is no picture that is there."""
    if not sender.photo or "://" in sender.photo or Path(sender.photo).suffix not in KINDS:
        return None
    return signature_file(root, sender.photo)


@lru_cache(maxsize=64)
def _digest(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
