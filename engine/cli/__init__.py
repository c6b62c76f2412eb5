"""The command line: one function per verb, opening only onto the app."""

from __future__ import annotations

import sys
from collections.abc import Sequence

EXIT_INTERRUPTED = 130


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code (docs/reference/commands.md lists them)."""
    from engine.cli.commands import touchbase

    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = touchbase.main(args=arguments, prog_name="touchbase", standalone_mode=False)
    except SystemExit:
        # The shell asked what fits here, and was answered.
        raise
    except BaseException as error:
        from engine.cli.failing import fail

        return fail(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else 0
