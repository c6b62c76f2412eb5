"""Names at a glance, while somebody types: read off the files' lines in milliseconds, without loading a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.errors import UsageError
from engine.settings import find_workspace

CAMPAIGN = re.compile(r"""^campaign:\s*["']?([\w.-]+)""", re.MULTILINE)
ENTRY = re.compile(r"""^(\s+)["']?([\w.-]+)["']?\s*:""")
MOST_BYTES = 256 * 1024
"""Of a file: the loader takes no larger one either."""


def campaigns(workspace: Path | None) -> list[str]:
    """The names of every campaign; none where there is no workspace. Never raises."""
    return sorted({name for text in _texts(workspace, "campaigns") for name in CAMPAIGN.findall(text)[:1]})


def entries(workspace: Path | None, kind: str) -> list[str]:
    """The names under `segments:`, `feeds:` or another top-level key of config/. Never raises."""
    return sorted({name for text in _texts(workspace, "config") for name in _below(text, kind)})


def _below(text: str, key: str) -> Iterator[str]:
    """The keys one level below a top-level key, as they are indented."""
    inside, depth = False, ""
    for line in text.splitlines():
        if line[:1] not in ("", " ", "#"):
            inside, depth = line.rstrip().startswith(f"{key}:"), ""
        elif inside and (found := ENTRY.match(line)):
            depth = depth or found[1]
            if found[1] == depth:
                yield found[2]


def _texts(workspace: Path | None, folder: str) -> Iterator[str]:
    try:
        root = find_workspace(workspace)
        paths = sorted((root / folder).rglob("*.y*ml"))
    except (UsageError, OSError):
        return
    for path in paths:
        try:
            with path.open("rb") as file:
                yield file.read(MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
