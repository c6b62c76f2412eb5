"""The verb that carries schedules out: run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.cli.tables import moment, sum_line
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.model.tick import TickReport


@click.command("run", epilog="Examples: touchbase run --once · touchbase run --once --json")
@click.option("--once", is_flag=True, help="Do what is due now and stop, for a cron of your own.")
@shared
def run_command(once: bool, workspace: Path | None, as_json: bool) -> int:
    """Carry the schedules out: plan what is due, send it, and keep on record what was missed."""
    if not once:
        raise UsageError("`run` does what is due and stops", help="say `touchbase run --once`")
    with opened(workspace) as app:
        report = app.run_once()
    if as_json:
        print_json(report.as_json())
    else:
        show_tick(report)
    return report.exit_code


def show_tick(report: TickReport) -> None:
    """What a tick came to, a line for everything that happened, and when to look again."""
    for missed in report.missed:
        click.echo(f"missed    {missed.campaign} · {missed.occurrence} · {missed.reason}")
        click.echo(
            f"  to send it all the same: touchbase send {missed.campaign} --occurrence {missed.occurrence}"
        )
    for planned in report.planned:
        later = f", {planned.waiting:,} of them at their readers' own moments" if planned.waiting else ""
        click.echo(
            f"planned   {planned.campaign} · {planned.occurrence} · run {planned.run} · {planned.state}"
            f" · {plural(planned.letters, 'letter')}{later}"
        )
    for sent in report.sent:
        click.echo(f"sent      {sent.campaign} · {sent.occurrence} · run {sent.run} · {sent.sent_now:,} now")
        click.echo(f"  {sum_line(sent.counts)}")
    for trouble in report.troubles:
        click.echo(f"trouble   {trouble.campaign} · {trouble.problem}", err=True)
        if trouble.help:
            click.echo(f"  = help: {trouble.help}", err=True)
    if not (report.missed or report.planned or report.sent or report.troubles):
        click.echo("nothing is due")
    if report.next_at is not None:
        click.echo(f"next look: {moment(report.next_at)}")
