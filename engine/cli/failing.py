"""How a command ends badly: one message on stderr, what to do about it, and the agreed exit code."""

from __future__ import annotations

import os
import sys
from types import TracebackType

import click

from engine.errors import DefinitionsError, TouchbaseError
from engine.logs import scrubbed, without_secrets

EXIT_BROKE = 1
EXIT_UNREACHABLE = 5
EXIT_INTERRUPTED = 130


def fail(error: BaseException, *, as_json: bool) -> int:
    """Print what went wrong and return the exit code; anything unforeseen is raised again."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, DefinitionsError):
        _show_problems(error, as_json=as_json)
        return error.exit_code
    if isinstance(error, TouchbaseError):
        _show(error, as_json=as_json)
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        # The reader (head, less) went away: not our failure, and nothing more can be printed.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 0
    click.echo("this is a fault of Touchbase itself; please report it with the lines below", err=True)
    sys.excepthook = _tell_without_secrets
    raise error


def _tell_without_secrets(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    import traceback

    click.echo(without_secrets("".join(traceback.format_exception(kind, error, trace))), err=True, nl=False)


def _show(error: TouchbaseError, *, as_json: bool) -> None:
    # What a provider or a database answered may repeat what it was given; what a person typed is theirs.
    message = (scrubbed if error.exit_code == EXIT_UNREACHABLE else without_secrets)(error.message)
    if as_json:
        _print_json({"error": message, "help": error.help, "exit_code": error.exit_code})
    click.echo(f"{click.style('error', fg='red', bold=True)}: {message}", err=True)
    if error.help:
        click.echo(f"  = help: {error.help}", err=True)


def _show_problems(error: DefinitionsError, *, as_json: bool) -> None:
    from engine.app.screens import problem_screen

    if as_json:
        _print_json(
            {
                "error": error.message,
                "problems": [problem.as_json() for problem in error.problems],
                "exit_code": error.exit_code,
            }
        )
    for problem in error.problems:
        click.echo(problem_screen(problem, error.root, colour=colour_wanted()), err=True)
        click.echo("", err=True)
    click.echo(f"{error.message}; nothing was done", err=True)


def colour_wanted() -> bool:
    """Colour only for a person's terminal, and never where NO_COLOR is set (no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _print_json(value: object) -> None:
    import orjson

    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
