"""The `touchbase` command: opens the command-line door."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    from engine.cli import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
