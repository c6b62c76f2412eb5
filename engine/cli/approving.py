"""The verb approve: a person's word that a saved plan may be sent."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared


@click.command("approve", epilog="Examples: touchbase approve 12 · touchbase approve 12 --by Priya")
@click.argument("run")
@click.option("--by", default="", metavar="NAME", help="Who approves it (else who is logged in).")
@shared
def approve_command(run: str, by: str, workspace: Path | None, as_json: bool) -> None:
    """Let a saved plan be sent: exactly these letters to exactly these people. Sends nothing by itself."""
    with opened(workspace) as app:
        report = app.approve(run, by.strip())
        named = app.in_command(report.campaign, report.occurrence)
    if as_json:
        print_json(report.as_json())
        return
    who = f" by {report.approved_by}" if report.approved_by else ""
    letters = plural(report.counts.pending, "letter")
    click.echo(f"run {report.run} of {report.campaign} ({report.occurrence}) is approved{who}: {letters}")
    click.echo(f"to go on: touchbase send {named}")
