"""Planning alone: the newsletter's run is made and nothing is sent. `python -m benchmarks.ways.planning WORKSPACE CAMPAIGN`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.ways.starting import measured
from engine.app.verbs import App


def main() -> None:
    """See the top of this file."""
    app = App.open(Path(sys.argv[1]))
    measured(lambda: {"letters": app.prepare(sys.argv[2]).to_send})
    app.close()


if __name__ == "__main__":
    main()
