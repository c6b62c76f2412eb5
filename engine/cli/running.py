"""The verb that carries schedules out: run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.frame import opened, plural, print_json, print_line, shared
from engine.cli.missing import latest
from engine.cli.tables import moment, sum_line
from engine.errors import UsageError

if TYPE_CHECKING:
    from engine.model.tick import TickReport


@click.command("run", epilog="Examples: touchbase run · touchbase run --once --json · touchbase run --jobs")
@click.option("--once", is_flag=True, help="Do what is due now and stop, for a cron of your own.")
@click.option("--jobs", is_flag=True, help="Show what the daemon does by itself, and how often.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address the web part listens on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8025, show_default=True, help="0 takes any free one."
)
@click.option("--no-web", is_flag=True, help="Without the web part: `touchbase serve` runs elsewhere.")
@shared
def run_command(
    once: bool, jobs: bool, host: str, port: int, no_web: bool, workspace: Path | None, as_json: bool
) -> int:
    """Carry the schedules out, send what is due and serve the web part, until it is stopped."""
    if once and jobs:
        raise UsageError("--once and --jobs are two different things", help="say one of them")
    if jobs:
        return _show_jobs(as_json=as_json)
    if not once:
        return _stay(workspace, None if no_web else (host, port), as_json=as_json)
    with opened(workspace) as app:
        report = app.run_once()
    if as_json:
        print_json(report.as_json())
    else:
        show_tick(report)
    return report.exit_code


@click.command("worker", epilog="Example: touchbase worker   (on a second machine, beside touchbase run)")
@shared
def worker_command(workspace: Path | None, as_json: bool) -> int:
    """Send along with the daemon, on the same PostgreSQL, until it is stopped. It begins nothing by itself."""
    return _stay(workspace, None, as_json=as_json, leads=False)


def _show_jobs(*, as_json: bool) -> int:
    """Everything the daemon does by itself; no workspace is needed for it."""
    from engine.daemon.jobs import JOBS, in_words

    if as_json:
        print_json(
            [{"job": job.name, "every_seconds": job.every.total_seconds(), "does": job.does} for job in JOBS]
        )
        return 0
    for job in JOBS:
        click.echo(f"{job.name:<16} every {in_words(job.every):<11} {job.does}")
    return 0


def _stay(
    workspace: Path | None, address: tuple[str, int] | None, *, as_json: bool, leads: bool = True
) -> int:
    """The daemon, or one that only sends; its exit code."""
    from engine import clock, logs
    from engine.daemon.daemon import Daemon, Hand
    from engine.daemon.webside import Webside

    if clock.is_fixed():
        raise UsageError(
            f"{clock.VARIABLE} fixes the clock, and the daemon needs one that goes",
            help="do what is due at that moment with `touchbase run --once`",
        )

    def tell(words: str) -> None:
        if as_json:
            print_line({"event": words})
        elif sys.stderr.isatty():
            click.echo(words, err=True)

    with opened(workspace) as app:
        logs.set_up("info")
        household = app.household()
        webside = Webside(household.reception, *address) if address is not None else None
        return (Daemon if leads else Hand)(household, webside, tell).run()


def show_tick(report: TickReport) -> None:
    """What a tick came to, a line for everything that happened, and when to look again."""
    for missed, earlier in latest(report.missed):
        if earlier:
            click.echo(f"missed    {missed.campaign} · {earlier:,} more before; --json names them")
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
    for did in report.done:
        click.echo(f"done      {did}")
    if not (report.missed or report.planned or report.sent or report.troubles or report.done):
        click.echo("nothing is due")
    if report.next_at is not None:
        click.echo(f"next look: {moment(report.next_at)}")
