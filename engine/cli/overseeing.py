"""The verb status: the whole house at one glance, what needs a person first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import click

from engine.cli.frame import plural, print_json, shared
from engine.cli.missing import latest
from engine.model.job import JobState
from engine.model.status import RunLine, Status, TasksLine


@click.command("status", epilog="Examples: touchbase status · touchbase status --json")
@shared
def status_command(workspace: Path | None, as_json: bool) -> int:
    """What needs a person, with the command to type; then what runs, what comes, and how everything else is."""
    from engine.app import overseeing

    found = overseeing.status(workspace)
    if as_json:
        print_json(found.as_json())
    else:
        _show(found)
    return 1 if found.needs else 0


def _show(found: Status) -> None:
    if found.needs:
        number = len(found.needs)
        click.echo(f"{plural(number, 'thing')} {'needs' if number == 1 else 'need'} a person")
        for need in found.needs:
            click.echo(f"  ! {need.what}")
            click.echo(f"      {need.command}")
    else:
        click.echo("nothing needs a person")
    _part("runs", (_run(line) for line in found.runs))
    _part("next", (f"{line.campaign} ({line.occurrence})  {_moment(line.at)}" for line in found.coming))
    _part("missed", _missed(found))
    _part("feeds", _feeds(found))
    _part(
        "ways out",
        (line.trouble or f"{line.provider} ({line.type}): no trouble known" for line in found.providers),
    )
    _part("processes", _processes(found))
    _part("tasks", (_tasks(line) for line in found.tasks))
    _part("jobs", (_job(line) for line in found.jobs))


def _part(title: str, lines: Iterable[str]) -> None:
    """A heading and its lines; nothing where there are none."""
    told = list(lines)
    if told:
        click.echo("")
        click.echo(title)
        for line in told:
            click.echo(f"  {line}")


def _run(line: RunLine) -> str:
    told = [f"{line.pending:,} of {line.selected:,} to go"] if line.pending else []
    if line.in_flight:
        told.append(f"{line.in_flight:,} in flight")
    if line.pending and not line.due and line.later is not None:
        told.append(f"the next at {_moment(line.later)}")
    if line.uncertain:
        told.append(f"{line.uncertain:,} uncertain")
    if line.reason:
        told.append(line.reason)
    words = f": {' · '.join(told)}" if told else ""
    return f"run {line.run} of {line.campaign} ({line.occurrence}) {line.state}{words}"


def _tasks(line: TasksLine) -> str:
    overdue = f", {line.overdue:,} overdue" if line.overdue else ""
    return f"{line.owner or 'nobody in particular'}: {line.open:,} open{overdue}"


def _missed(found: Status) -> Iterable[str]:
    for line, earlier in latest(found.missed):
        if earlier:
            yield f"{line.campaign}: {earlier:,} more before; --json names them"
        yield f"{line.campaign} ({line.occurrence})  {_moment(line.at)}: {line.reason}"
        yield f"    touchbase send {line.campaign} --occurrence {line.occurrence}"


def _feeds(found: Status) -> Iterable[str]:
    for feed in found.feeds:
        read = f", read {_moment(feed.read_at)}" if feed.read_at is not None else ""
        state = feed.state if feed.state != "read" else "well"
        yield f"{feed.feed}: {state}{read}{f'; {feed.failure}' if feed.failure else ''}"


def _processes(found: Status) -> Iterable[str]:
    for line in found.processes:
        yield f"{line.role}: process {line.pid} on {line.host} since {_moment(line.started_at)}"


def _job(line: JobState) -> str:
    told = [f"last {_moment(line.ended_at)}" if line.ended_at is not None else "not yet"]
    if line.next_at is not None:
        told.append(f"next {_moment(line.next_at)}")
    if line.failures:
        told.append(f"failed {plural(line.failures, 'time')}: {line.error}")
    elif line.outcome:
        told.append(line.outcome)
    return f"{line.name}: {' · '.join(told)}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
