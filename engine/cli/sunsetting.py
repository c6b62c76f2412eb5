"""The verb sunset: who does nothing with our letters, who moves from stage to stage, and why."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.stage import SunsetReport


@click.command(
    "sunset", epilog="Examples: touchbase sunset · touchbase sunset --people · touchbase sunset --apply"
)
@click.option("--apply", "apply", is_flag=True, help="Let it take effect; each change becomes an event.")
@click.option("--people", "everybody", is_flag=True, help="Name everybody who moves (else the first 20).")
@shared
def sunset_command(apply: bool, everybody: bool, workspace: Path | None, as_json: bool) -> None:
    """Show how many customers are in each stage, now and after working it out, and who moves and why."""
    with opened(workspace) as app:
        from engine.app import sunsetting

        act = sunsetting.apply if apply else sunsetting.look
        report = act(app.desk, people=None if everybody else sunsetting.SHOWN)
    if as_json:
        print_json(report.as_json())
    else:
        _show(report)


def _show(report: SunsetReport) -> None:
    width = max(len(line.stage.words) for line in report.stages)
    click.echo(f"{'stage':<{width}}  {'now':>9}  {'after':>9}")
    for line in report.stages:
        click.echo(f"{line.stage.words:<{width}}  {line.now:>9,}  {line.after:>9,}   {line.rule}".rstrip())
    click.echo("")
    for move in report.people:
        way = f"{move.before.words} → {move.after.words}"
        click.echo(f"  {move.customer_id}  {move.email}  {way}: {move.reason}")
    rest = report.moving - len(report.people)
    if rest > 0:
        click.echo(f"  … and {rest:,} more (--people names everybody)")
    tasks = f", {plural(report.tasks, 'task')} for owners" if report.tasks else ""
    verb = "moved" if report.applied else "would move"
    click.echo(f"{plural(report.moving, 'customer')} {verb}{tasks}")
    if not report.applied:
        last = f"{report.last:%Y-%m-%d %H:%M} UTC" if report.last is not None else "never"
        click.echo(f"worked out last: {last} · next: touchbase sunset --apply")
