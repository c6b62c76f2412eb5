"""Verbs about customers' own people: who has how many, who is given to whom, and one given by hand."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.owners import OwnersReport


@click.command(
    "owners",
    epilog="Examples: touchbase owners · touchbase owners priya-shah · touchbase owners --assign"
    " · touchbase owners --assign --apply",
)
@click.argument("name", required=False, default="")
@click.option(
    "--assign", "assign", is_flag=True, help="Who would be given to whom, of those who have nobody."
)
@click.option("--apply", "apply", is_flag=True, help="With --assign: let it take effect.")
@click.option(
    "--people", "everybody", is_flag=True, help="Name everybody who gets somebody (else the first 20)."
)
@shared
def owners_command(
    name: str, assign: bool, apply: bool, everybody: bool, workspace: Path | None, as_json: bool
) -> None:
    """Show how many customers each person has, by tier; give those who have nobody to somebody."""
    if (apply or everybody) and not assign:
        raise click.UsageError("--apply and --people go with --assign")
    if name and assign:
        raise click.UsageError("--assign is about everybody who has nobody: leave the name out")
    with opened(workspace) as app:
        from engine.app import assigning

        if name:
            report = assigning.of_one(app.desk, name.strip())
        elif assign:
            act = assigning.apply if apply else assigning.preview
            report = act(app.desk, people=None if everybody else assigning.SHOWN)
        else:
            report = assigning.look(app.desk)
    if as_json:
        print_json(report.as_json())
        return
    _show(report, assign=assign)
    if name:
        _show_new(report)


def _show(report: OwnersReport, *, assign: bool) -> None:
    width = max([len(line.name) for line in report.owners], default=4)
    for line in report.owners:
        gets = f"  {'+' if line.gets else ''}{line.gets:,}" if assign else ""
        tiers = ", ".join(f"{number:,} {tier or 'without tier'}" for tier, number in line.tiers.items())
        parts = [tiers] if tiers else []
        parts += [plural(line.open_tasks, "open task")] if line.open_tasks else []
        parts += [f"{line.at_most:,} letters a day"] if line.at_most is not None else []
        parts += [f"away; {line.cover} stands in"] if line.cover else []
        told = "  " + " · ".join(parts) if parts else ""
        click.echo(f"{line.name:<{width}}  {line.customers:>9,}{gets}{told}")
    if not assign:
        click.echo(f"{plural(report.unassigned, 'customer')} of nobody: {report.field} names no sender")
        return
    click.echo("")
    for move in report.people:
        click.echo(f"  {move.customer_id}  {move.email}  → {move.after}: {move.reason}")
    rest = report.moving - len(report.people)
    if rest > 0:
        click.echo(f"  … and {rest:,} more (--people names everybody)")
    click.echo(
        f"{plural(report.moving, 'customer')} {'got' if report.applied else 'would get'} a person of their own,"
        f" {report.unassigned - report.moving:,} stay without"
    )
    if report.moving and not report.applied:
        click.echo("next: touchbase owners --assign --apply")


def _show_new(report: OwnersReport) -> None:
    for move in report.people:
        day = f"{move.at:%Y-%m-%d}" if move.at is not None else ""
        before = f" from {move.before}" if move.before else ""
        click.echo(f"  {day}  {move.customer_id}  {move.email}{before}: {move.reason}")


@click.command(
    "assign",
    epilog='Example: touchbase assign ana@mail.example priya-shah --because "They know each other from the fair"',
)
@click.argument("email")
@click.argument("name")
@click.option("--because", required=True, metavar="TEXT", help="Why; it stands in the history.")
@shared
def assign_command(email: str, name: str, because: str, workspace: Path | None, as_json: bool) -> None:
    """Give one customer to one person; open tasks go along, and the history says why."""
    with opened(workspace) as app:
        from engine.app import assigning

        done = assigning.give(app.desk, email, name.strip(), because)
    if as_json:
        print_json(done.as_json())
        return
    who = done.email or done.customer_id
    if done.before == done.after:
        click.echo(f"{who} is {done.after}'s already; nothing was changed")
        return
    click.echo(f"{who} is {done.after}'s now{f' (was {done.before})' if done.before else ''}")
