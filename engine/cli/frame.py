"""What every command shares: --workspace, --json, opening the app, printing JSON and progress."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from engine.app.verbs import App

Command = TypeVar("Command", bound=Callable[..., Any])


def shared(command: Command) -> Command:
    """Add the options every command has."""

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @click.option(
        "--workspace",
        "workspace",
        type=click.Path(path_type=Path),
        envvar="TOUCHBASE_WORKSPACE",
        help="The workspace's folder (else the nearest one upwards).",
    )
    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return command(*args, **kwargs)

    return wrapped  # type: ignore[return-value]


@contextmanager
def opened(workspace: Path | None) -> Iterator[App]:
    """The app on the nearest workspace, closed afterwards."""
    from engine import logs
    from engine.app.verbs import App

    logs.set_up("error")

    app = App.open(workspace)
    try:
        yield app
    finally:
        app.close()


def print_json(value: object) -> None:
    """Pretty JSON on stdout, UTF-8 whatever the terminal says."""
    import orjson

    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def print_line(value: object) -> None:
    """One JSON object on a line of its own, at once: for what goes on while somebody reads."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


Progress = Callable[[str, int, int | None], None]


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Progress]:
    """A line of progress on stderr while a person watches; silence otherwise."""
    if quiet or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total, rate="")
            task = bar.tasks[bar.task_ids.index(tasks[what])]
            speed = f"{task.speed:,.0f}/s" if task.speed else ""
            bar.update(tasks[what], completed=done, total=total, rate=speed)

        yield report


def plural(number: int, one: str, many: str = "") -> str:
    """`1 letter`, `2,000 letters`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
