"""How plans and runs look on a terminal: every number adds up, and the next command is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from engine.cli.frame import plural
from engine.model.counts import Counts, Wave
from engine.model.report import PlanReport, RunReport


def show_plan(report: PlanReport, *, shown: int | None) -> None:
    """The plan screen; `shown` is how many people to list (None: everyone)."""
    counts = report.counts
    click.echo(
        f"{report.campaign} · “{report.title}” · {report.occurrence} · as of {report.as_of:%a %d %b %Y %H:%M} UTC"
    )
    click.echo("")
    click.echo(f"  {counts.selected:>9,}  selected by the audience")
    for reason, number in sorted(counts.skipped.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  − {number:>7,}  {reason}")
    if counts.held_out:
        click.echo(f"  − {counts.held_out:>7,}  holdout")
    if counts.accepted:
        click.echo(f"  − {counts.accepted:>7,}  already_sent")
    click.echo(f"  = {counts.pending:>7,}  to {_verb(report)}")
    click.echo("")
    for line in report.variants:
        offer = f" · offer {line.offer}" if line.offer else ""
        posts = f" · {plural(len(line.posts), 'post')}" if line.posts else ""
        sender = f"{line.sender}, {line.covering}" if line.covering else line.sender
        click.echo(f"  + {line.people:>7,}  {line.name:<5} from {sender}{posts}{offer} · {line.subject}")
    _show_waves(report.waves)
    _show_people(report, shown)
    for note in report.notes:
        click.echo(f"  note: {note}")
    click.echo("")
    left_out = sum(counts.skipped.values()) + counts.held_out
    click.echo(f"{plural(counts.pending, report.what)} to {_verb(report)}, {left_out:,} left out")
    if report.state == "awaiting":
        click.echo(f"next: touchbase approve {report.run} · touchbase send {report.campaign}")
    elif counts.pending:
        click.echo(
            f"next: touchbase preview {report.campaign} --for EMAIL · touchbase send {report.campaign}"
        )


def _verb(report: PlanReport) -> str:
    return "hand over" if report.what == "task" else "send"


def _show_waves(waves: Sequence[Wave]) -> None:
    """When the letters are due, where readers have moments of their own."""
    if not waves:
        return
    click.echo("")
    for wave in waves:
        click.echo(f"  {wave.people:>9,}  due {moment(wave.at)}")


def moment(at: datetime) -> str:
    """`Tue 05 Jan 2027 09:30 UTC`."""
    return f"{at:%a %d %b %Y %H:%M} UTC"


def _show_people(report: PlanReport, shown: int | None) -> None:
    people = report.people if shown is None else report.people[:shown]
    if not people:
        return
    click.echo("")
    for person in people:
        mark = "+" if person.decision == "send" else "−"
        why = f" {person.reason}" if person.reason else f" {person.variant}"
        detail = f" ({person.detail})" if person.detail else ""
        click.echo(f"  {mark} {person.customer_id:<10} {person.email:<36}{why}{detail}")
    rest = len(report.people) - len(people)
    if rest > 0:
        click.echo(f"  … and {rest:,} more (--people lists everyone)")


def show_run(report: RunReport) -> None:
    """One run's numbers, the sum last."""
    click.echo(f"{report.campaign} · {report.occurrence} · run {report.run} · {report.state}")
    for reason, number in sorted(report.counts.skipped.items()):
        click.echo(f"  skipped   {number:>9,}  {reason}")
    click.echo(sum_line(report.counts))
    for note in report.notes:
        click.echo(f"note: {note}")
    if report.letters:
        click.echo(f"letters: {report.letters}")
    if report.state == "paused":
        click.echo(f"paused: {report.reason}" if report.reason else "paused")
        click.echo(f"to go on: touchbase resume {report.campaign}")
    elif report.state == "awaiting":
        click.echo(f"to go on: touchbase approve {report.run}")
    elif report.interrupted or report.counts.pending > report.waiting:
        click.echo(f"to go on: touchbase send {report.campaign}")
    if report.waves:
        first, last = report.waves[0].at, report.waves[-1].at
        until = f", the last {moment(last)}" if last != first else ""
        click.echo(
            f"{plural(report.waiting, 'letter')} wait for their readers' own moments: the first {moment(first)}{until}"
        )
        click.echo(f"to send them then: touchbase run · now: touchbase send {report.campaign} --now")
    if report.counts.uncertain:
        click.echo("uncertain letters may have arrived: they are never sent again by themselves")
        click.echo(f"to settle them: touchbase resolve {report.run}")


def sum_line(counts: Counts) -> str:
    """selected = accepted + skipped + failed + uncertain + pending + held out."""
    return (
        f"{counts.selected:,} selected = {counts.accepted:,} accepted + {sum(counts.skipped.values()):,} skipped"
        f" + {counts.failed:,} failed + {counts.uncertain:,} uncertain + {counts.pending:,} pending"
        f" + {counts.held_out:,} held out"
    )
