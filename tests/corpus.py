"""Where the real-data collections lie: outside a user's clone, so tests over them skip where they are missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "TOUCHBASE_CORPUS"


def find_corpus() -> Path | None:
    """The folder named by TOUCHBASE_CORPUS, or `shared/data` beside the repository; None where neither exists."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


CORPUS = find_corpus()


def corpus_path(*parts: str) -> Path:
    """A file or folder of the collections; skips the test with a reason where it is missing."""
    if CORPUS is None:
        pytest.skip(f"the real-data folder is not here (set {VARIABLE} to run this)")
    path = CORPUS.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not in the real-data folder")
    return path
