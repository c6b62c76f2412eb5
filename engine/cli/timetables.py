"""A campaign's schedule on the screen: in words, and the next days it happens or does not."""

from __future__ import annotations

from textwrap import fill

import click

from engine.cli.tables import moment
from engine.model.timetable import Timetable, TimetableLine

WIDTH = 100


def show_timetable(timetable: Timetable) -> None:
    """What `plan --calendar` prints."""
    click.echo(f"{timetable.campaign} · “{timetable.title}” · as of {moment(timetable.as_of)}")
    click.echo("")
    click.echo(fill(timetable.schedule, WIDTH, initial_indent="  ", subsequent_indent="  "))
    if timetable.lines:
        click.echo("")
    width = max((len(line.occurrence) for line in timetable.lines), default=0)
    for line in timetable.lines:
        click.echo(f"  {line.occurrence:<{width}}  {_told(line)}".rstrip())
    if timetable.notes:
        click.echo("")
    for note in timetable.notes:
        click.echo(f"  note: {note}")


def _told(line: TimetableLine) -> str:
    day = f"{line.day:%a %d %b %Y}"
    if line.opens is None or line.closes is None:
        return f"{day}    −    {line.reason}"
    told = f"{day} {line.time:%H:%M}  {_span(line)}"
    if line.meant is not None:
        told += f"  moved from {line.meant:%a %d %b}: {line.reason}"
    return f"{told}  {line.customers}" if line.customers else told


def _span(line: TimetableLine) -> str:
    """`2027-01-05 09:30 UTC`, or the first and the last instant where readers have moments of their own."""
    assert line.opens is not None
    if line.closes is None or line.closes == line.opens:
        return f"{line.opens:%Y-%m-%d %H:%M} UTC"
    return f"{line.opens:%Y-%m-%d %H:%M} to {line.closes:%Y-%m-%d %H:%M} UTC"
