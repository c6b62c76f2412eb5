"""Verbs for what people do for customers: log."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, print_json, shared
from engine.model.touch import TouchKind

KIND = click.Choice([str(kind) for kind in TouchKind], case_sensitive=False)


@click.command(
    "log",
    epilog='Examples: touchbase log ana@mail.example call "Glad about the new grinder"'
    ' · touchbase log ana@mail.example visit "Showed us the shop" --at 2027-01-04T15:00 --by priya-shah',
)
@click.argument("email")
@click.argument("kind", type=KIND)
@click.argument("text")
@click.option("--at", "at", metavar="WHEN", help="When it happened (else now); never in the future.")
@click.option("--by", default="", metavar="SENDER", help="Who it was: a name of config/senders.yaml.")
@shared
def log_command(
    email: str, kind: str, text: str, at: str | None, by: str, workspace: Path | None, as_json: bool
) -> None:
    """Write down a call, visit, gift, note, meeting, check-in or message of a person's own: a touch like a letter."""
    with opened(workspace) as app:
        from engine.app import touching

        done = touching.log(app.desk, email, TouchKind(kind), text, at=at, by=by.strip())
    if as_json:
        print_json(done.as_json())
        return
    who = f" by {done.by}" if done.by else ""
    what = f"{done.kind}{who} with {done.email or done.customer_id}, {done.at:%Y-%m-%d %H:%M} UTC"
    if done.new:
        click.echo(f"logged: {what}")
    else:
        click.echo(f"nothing new: the same was logged within the last minute ({what})")
