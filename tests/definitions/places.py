"""Lays out the good workspace with one file replaced by a broken one."""

from __future__ import annotations

import shutil
from pathlib import Path

HERE = Path(__file__).parent
GOOD = HERE / "good"
BROKEN = HERE / "broken"
ENVIRONMENT = {"TOUCHBASE_SIGNING_KEY": "only-for-tests"}

# What each folder of broken files replaces in the good workspace.
REPLACED = {
    "campaign": "campaigns/monthly-digest.yaml",
    "other": "config/other.yaml",
    **{
        kind: f"config/{kind}.yaml"
        for kind in ("project", "customers", "segments", "senders", "feeds", "offers", "policy", "tiers")
    },
}


def good_workspace(folder: Path) -> Path:
    """A copy of the good workspace."""
    root = folder / "workspace"
    shutil.copytree(GOOD, root)
    return root


def broken_workspace(folder: Path, broken: Path) -> tuple[Path, str]:
    """A copy in which one file is the broken one, and that file's name in it."""
    root, name = good_workspace(folder), REPLACED[broken.parent.name]
    shutil.copyfile(broken, root / name)
    return root, name


def broken_files() -> list[Path]:
    """Every broken file, by folder and name."""
    return sorted(BROKEN.glob("*/*.yaml"))
