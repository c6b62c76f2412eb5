"""Verb for how well customers are kept: scoreboard."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, print_json, shared
from engine.model.scoreboard import Score, Scoreboard


@click.command(
    "scoreboard", epilog="Examples: touchbase scoreboard · touchbase scoreboard --since 2027-01-01"
)
@click.option("--since", metavar="WHEN", help="Where the period begins (else as long as the policy says).")
@shared
def scoreboard_command(since: str | None, workspace: Path | None, as_json: bool) -> None:
    """How well customers are kept, person by person and for the team."""
    with opened(workspace) as app:
        from engine.app import scoreboard

        found = scoreboard.scoreboard(app.desk, since=since)
    if as_json:
        print_json(found.as_json())
        return
    _show(found)


def _show(board: Scoreboard) -> None:
    click.echo(
        f"since {board.since:%Y-%m-%d} (compared with the time since {board.before:%Y-%m-%d}; bought: {board.purchase})"
    )
    lines = [*((each.owner or "nobody", each) for each in board.owners), ("everybody", board.team)]
    width = max(len(name) for name, _ in lines)
    click.echo(
        f"{'':<{width}}  customers  floors kept   retained   bought again   answered   touches   tasks done in time"
        "   overdue"
    )
    for name, score in lines:
        click.echo(_line(f"{name:<{width}}", score))


def _line(name: str, score: Score) -> str:
    done = f"{score.in_time:,} of {score.done + score.expired:,}"
    return (
        f"{name}  {score.customers:>9,}  {_share(score.coverage):>11}   {_share(score.retention):>8}"
        f"   {_share(score.repeat):>12}   {score.answered:>8,}   {score.touches:>7,}   {done:>18}   {score.overdue:>7,}"
    )


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
