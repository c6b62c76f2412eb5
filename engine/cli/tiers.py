"""Verbs about tiers: who has which, who moves and why, and a tier given by hand."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.tier import TierReport, TierScore


@click.command(
    "tiers",
    epilog="Examples: touchbase tiers · touchbase tiers --explain ana@mail.example · touchbase tiers --apply",
)
@click.option("--apply", "apply", is_flag=True, help="Let it take effect; each change becomes an event.")
@click.option("--explain", metavar="EMAIL", help="One person's score, and what follows from it.")
@click.option("--people", "everybody", is_flag=True, help="Name everybody who moves (else the first 20).")
@shared
def tiers_command(
    apply: bool, explain: str | None, everybody: bool, workspace: Path | None, as_json: bool
) -> None:
    """Show how many customers are in each tier, now and after computing, and who moves and why."""
    if explain and (apply or everybody):
        raise click.UsageError("--explain looks at one person; leave --apply and --people out")
    with opened(workspace) as app:
        from engine.app import tiering

        if explain:
            score = tiering.explain(app.desk, explain)
        else:
            act = tiering.apply if apply else tiering.look
            report = act(app.desk, people=None if everybody else tiering.SHOWN)
    if as_json:
        print_json(score.as_json() if explain else report.as_json())
    elif explain:
        _show_score(score)
    else:
        _show_report(report)


def _show_report(report: TierReport) -> None:
    width = max([len(line.tier or "none") for line in report.tiers], default=4)
    click.echo(f"{report.field:<{width}}  {'now':>9}" + (f"  {'after':>9}" if report.scored else ""))
    for line in report.tiers:
        after = f"  {line.after:>9,}   {line.rule}" if line.after is not None else ""
        click.echo(f"{line.tier or 'none':<{width}}  {line.now:>9,}{after}")
    if not report.scored:
        click.echo("read from the files customers are imported from; config/tiers.yaml can score it instead")
        return
    click.echo("")
    for move in report.moves:
        click.echo(f"  {move.customers:>9,}  {move.before or 'none'} → {move.after or 'none'}")
    for mover in report.people:
        click.echo(
            f"  {mover.customer_id}  {mover.email}  {mover.before or 'none'} → {mover.after or 'none'}: {mover.reason}"
        )
    rest = report.moving - len(report.people)
    if rest > 0:
        click.echo(f"  … and {rest:,} more (--people names everybody)")
    notes = [(report.kept, "would fall, but not so soon after a change"), (report.by_hand, "by hand")]
    parts = [f"{number:,} {words}" for number, words in notes if number]
    verb = "changed" if report.applied else "would change"
    click.echo(", ".join([f"{plural(report.moving, 'customer')} {verb}", *parts]))
    last = f"{report.last:%Y-%m-%d %H:%M} UTC" if report.last is not None else "never"
    if not report.applied:
        click.echo(f"computed last: {last} · next: touchbase tiers --apply")


def _show_score(score: TierScore) -> None:
    place = f", place {score.place:,} of {score.ranked:,}" if score.place is not None else ""
    click.echo(f"{score.email or score.customer_id} has {score.points} points{place}")
    for part in score.reason.split("; ")[:-1] if not score.reason.startswith("by hand: ") else []:
        click.echo(f"  · {part}")
    now, after = score.now or "none", score.after or "none"
    click.echo(f"now {now}, " + (f"then {after}" if now != after else "and stays") + f": {score.why}")


@click.command(
    "tier",
    epilog='Examples: touchbase tier ana@mail.example platinum --because "Brought us three companies" --until 2027-12-31'
    " · touchbase tier ana@mail.example --release",
)
@click.argument("email")
@click.argument("tier", required=False)
@click.option("--because", metavar="TEXT", help="Why; it stands in the history.")
@click.option("--until", metavar="DAY", help="The last day on which it holds (else it lasts).")
@click.option("--release", is_flag=True, help="Let the score decide again, from the next computing on.")
@shared
def tier_command(
    email: str,
    tier: str | None,
    because: str | None,
    until: str | None,
    release: bool,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Give one person a tier by hand; it stands above their score."""
    if release and (tier or because or until):
        raise click.UsageError("--release takes nothing but the person")
    if not release and not tier:
        raise click.UsageError('name a tier: touchbase tier EMAIL TIER --because "…"')
    if not release and not because:
        raise click.UsageError('say why: --because "…"')
    with opened(workspace) as app:
        from engine.app import tiering

        if release:
            done = tiering.release(app.desk, email)
        else:
            done = tiering.give(app.desk, email, tier or "", because or "", until)
    if as_json:
        print_json(done.as_json())
        return
    who = done.email or done.customer_id
    if release:
        click.echo(f"{who} keeps {done.tier or 'no tier'} until tiers are computed again: touchbase tiers")
        return
    before = f" (was {done.before})" if done.changed and done.before else "" if done.changed else " already"
    ends = f", until {until}" if until else ""
    click.echo(f"{who} is {done.tier} by hand{ends}{before}: {done.because}")
