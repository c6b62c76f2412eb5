"""The verb silent: who does not hear from us in time, what prevents it, and why nothing does."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.silence import SilentGroup, SilentPerson, SilentReport


@click.command(
    "silent",
    epilog='Examples: touchbase silent · touchbase silent --within "7 days" --tier platinum'
    " · touchbase silent --owner priya-shah · touchbase silent --fill",
)
@click.option("--within", metavar="SPAN", default="30 days", show_default=True, help="How far to look ahead.")
@click.option(
    "--tier", default="", metavar="NAME", help="One floor alone; `otherwise` is that of all others."
)
@click.option("--owner", default="", metavar="NAME", help="The customers of one sender alone.")
@click.option("--fill", is_flag=True, help="For whom something would be done today, and what; does nothing.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many people.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Leave out the first N (to page on).")
@shared
def silent_command(
    within: str,
    tier: str,
    owner: str,
    fill: bool,
    limit: int,
    skip: int,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Who has not heard from us in time, whose floor runs out when, and what prevents it. Changes nothing."""
    with opened(workspace) as app:
        from engine.app import silence

        report = silence.silent(
            app.desk, within=within, tier=tier, owner=owner.strip(), fill=fill, limit=limit, skip=skip
        )
    if as_json:
        print_json(report.as_json())
        return
    _show_groups(report, fill=fill)
    _show_ways(report)
    for person in report.people:
        _show(person)
    if skip + len(report.people) < report.total:
        click.echo(f"  … and more: say the same with --skip {skip + limit}")


def _show_groups(report: SilentReport, *, fill: bool) -> None:
    """A line for every floor and owner, and their sum; every line adds up."""
    if fill:
        click.echo(f"to be filled on {report.today:%a %d %b %Y}: {plural(report.total, 'silence')}")
        return
    click.echo(f"{report.today:%a %d %b %Y}, looking ahead until {report.until:%a %d %b %Y}")
    for clock in dict.fromkeys(group.clock for group in report.groups):
        groups = [group for group in report.groups if group.clock == clock]
        click.echo("")
        owners = any(group.owner for group in groups)
        words = clock.replace("_", " ")
        click.echo(
            f"  {words:<16}{'owner' if owners else '':<16}{'customers':>11}{'in touch':>11}{'lapsing':>11}{'silent':>11}"
        )
        for group in groups:
            _show_group(group, group.value or "everybody else", group.owner)
        total = SilentGroup(
            clock,
            "",
            "",
            sum(group.customers for group in groups),
            sum(group.lapsing for group in groups),
            sum(group.silent for group in groups),
        )
        _show_group(total, "=", "")


def _show_group(group: SilentGroup, name: str, owner: str) -> None:
    numbers = (group.customers, group.in_touch, group.lapsing, group.silent)
    click.echo(f"  {name:<16}{owner:<16}" + "".join(f"{number:>11,}" for number in numbers))


def _show_ways(report: SilentReport) -> None:
    click.echo("")
    for name, number in sorted(report.prevented.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  + {number:>7,}  {_way(name)}")
    for reason, number in sorted(report.reasons.items(), key=lambda item: (-item[1], item[0])):
        click.echo(f"  − {number:>7,}  nothing prevents it: {reason}")
    click.echo(f"  = {report.total:>7,}  lapsing or silent")
    if report.people:
        click.echo("")


def _way(filler: str) -> str:
    return {"task": "a task for their owner is open", "owner": "a task for their owner"}.get(filler, filler)


def _show(person: SilentPerson) -> None:
    mark = "✗" if person.missed else "·"
    since = f"{'floor ended' if person.missed else 'until'} {person.until:%Y-%m-%d}"
    last = f"last {person.what or 'touch'} on {person.last:%Y-%m-%d}" if person.last else "no touch yet"
    owner = f" · {person.owner}" if person.owner else ""
    way = _way(person.filler) if person.filler else f"nothing: {person.reason}"
    who = person.email or person.customer_id
    click.echo(f"  {mark} {since}  {who}{owner} · {last} · {way}")
    click.echo(f"      {person.floor}   ({person.where})")
