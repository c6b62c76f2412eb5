"""An import: `python -m benchmarks.ways.importing WORKSPACE FILE.csv`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.ways.starting import measured
from engine.app.verbs import App


def main() -> None:
    """See the top of this file."""
    app = App.open(Path(sys.argv[1]))
    measured(lambda: {"letters": app.import_customers(Path(sys.argv[2])).added})
    app.close()


if __name__ == "__main__":
    main()
