"""Verbs that stop something: pause, resume, cancel."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.cli.completing import offer_campaigns
from engine.cli.frame import opened, plural, print_json, shared
from engine.cli.tables import sum_line
from engine.errors import Refused


@click.command("pause", epilog='Example: touchbase pause monthly-digest --reason "wrong picture"')
@click.argument("campaign", shell_complete=offer_campaigns)
@click.option("--reason", default="", help="Why, for whoever wants to send it.")
@shared
def pause_command(campaign: str, reason: str, workspace: Path | None, as_json: bool) -> None:
    """Send nothing of a campaign until it is resumed; a running `send` stops after the calls in flight."""
    with opened(workspace) as app:
        halt = app.pause(campaign, reason)
    if as_json:
        print_json(halt.as_json())
        return
    click.echo(f"{campaign} is paused{f': {halt.reason}' if halt.reason else ''}")
    if halt.runs:
        click.echo(f"stopped: run {', '.join(map(str, halt.runs))}")
    click.echo(f"to go on: touchbase resume {campaign}")


@click.command("resume", epilog="Example: touchbase resume monthly-digest")
@click.argument("campaign", shell_complete=offer_campaigns)
@shared
def resume_command(campaign: str, workspace: Path | None, as_json: bool) -> None:
    """Let a paused campaign go on, also one that `stop_if` stopped: what came back until now counts no more."""
    with opened(workspace) as app:
        halt = app.resume(campaign)
    if as_json:
        print_json(halt.as_json())
        return
    click.echo(f"{campaign} may be sent again")
    click.echo(f"to go on: touchbase send {campaign}")


@click.command("cancel", epilog="Example: touchbase cancel 12 --yes")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def cancel_command(run: str, yes: bool, workspace: Path | None, as_json: bool) -> None:
    """End a run for good. What has left stays sent; nothing else of it ever leaves, and its codes are free."""
    with opened(workspace) as app:
        report = app.run(run)
        if not yes:
            letters = plural(report.counts.pending, "letter")
            if as_json or not sys.stdin.isatty():
                raise Refused(
                    f"run {run} of {report.campaign} still has {letters} to send, and nobody is here to ask",
                    help=f"look at `touchbase runs {run}` first, then say `touchbase cancel {run} --yes`",
                )
            click.confirm(
                f"End run {run} of {report.campaign}? {letters} will never leave.", abort=True, err=True
            )
        ended, report = app.cancel(run)
    if as_json:
        print_json({**report.as_json(), "cancelled": ended})
        return
    click.echo(f"run {run} of {report.campaign} is cancelled; {plural(ended, 'letter')} will never leave")
    click.echo(sum_line(report.counts))
