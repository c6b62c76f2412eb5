"""Verbs about people: segments, why, history."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.completing import offer_campaigns, offer_entries
from engine.cli.frame import opened, plural, print_json, shared
from engine.model.report import Fact


@click.command(
    "segments",
    epilog="Examples: touchbase segments · touchbase segments best-ten --explain ana@mail.example",
)
@click.argument("name", required=False, shell_complete=offer_entries("segments"))
@click.option("--explain", metavar="EMAIL", help="Say which condition lets this person in or keeps them out.")
@click.option("--at", "at", metavar="WHEN", help="Count as of this moment.")
@shared
def segments_command(
    name: str | None, explain: str | None, at: str | None, workspace: Path | None, as_json: bool
) -> int:
    """Count every segment, list one segment's people, or explain one person."""
    if explain and not name:
        raise click.UsageError("--explain needs a segment: touchbase segments NAME --explain EMAIL")
    with opened(workspace) as app:
        if name and explain:
            return _explain(app.explain(name, explain, at=at), name, explain, as_json)
        if name:
            people = app.segment_people(name, at=at)
            if as_json:
                print_json([{"customer_id": person.customer_id, "email": person.email} for person in people])
                return 0
            for person in people:
                click.echo(f"{person.customer_id}  {person.email}")
            click.echo(plural(len(people), "person", "people"))
            return 0
        counts = app.segments(at=at)
    if as_json:
        print_json([count.as_json() for count in counts])
        return 0
    width = max((len(count.segment) for count in counts), default=0)
    for count in counts:
        mark = "" if count.expected else f"   ! expected {count.expectation}"
        click.echo(f"{count.segment:<{width}}  {count.count:>9,}  {count.title}{mark}")
    return 0


def _explain(answer: tuple[bool, list[Fact]], name: str, email: str, as_json: bool) -> int:
    inside, facts = answer
    if as_json:
        print_json(
            {"segment": name, "email": email, "in": inside, "facts": [fact.as_json() for fact in facts]}
        )
        return 0
    click.echo(f"{email} is {'in' if inside else 'not in'} {name}")
    show_facts(facts)
    return 0


def show_facts(facts: list[Fact] | tuple[Fact, ...]) -> None:
    """Facts as an indented list with ticks and crosses."""
    for fact in facts:
        mark = {True: "✓", False: "✗", None: "·"}[fact.passed]
        where = f"   ({fact.where})" if fact.where else ""
        click.echo(f"  {'  ' * fact.depth}{mark} {fact.text}{where}")


@click.command("why", epilog="Example: touchbase why ana@mail.example monthly-digest")
@click.argument("email")
@click.argument("campaign", shell_complete=offer_campaigns)
@shared
def why_command(email: str, campaign: str, workspace: Path | None, as_json: bool) -> None:
    """The decision for one person and one campaign, and every fact behind it."""
    with opened(workspace) as app:
        report = app.why(email, campaign)
    if as_json:
        print_json(report.as_json())
        return
    decision = report.decision
    sentence = {"send": "gets", "skip": "does not get", "hold_out": "is held out of"}[decision.decision]
    reason = f": {decision.reason}" if decision.reason else ""
    click.echo(f"{report.email} {sentence} {report.campaign}{reason}")
    if decision.detail:
        click.echo(f"  {decision.detail}")
    if report.run:
        click.echo(f"  run {report.run}: {report.state}")
    show_facts(tuple(report.facts))


@click.command(
    "history",
    epilog="Examples: touchbase history ana@mail.example --limit 50"
    " · touchbase history ana@mail.example --letter 12 --out letter.html",
)
@click.argument("email")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many lines.")
@click.option(
    "--skip", "skip", type=click.IntRange(0), default=0, help="Leave out the newest N (to page on)."
)
@click.option("--letter", metavar="RUN", help="Show the letter of that run, exactly as it was sent.")
@click.option("--out", type=click.Path(path_type=Path), help="Write that letter: .html, .txt or .eml.")
@shared
def history_command(
    email: str,
    limit: int,
    skip: int,
    letter: str | None,
    out: Path | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Every touch and event of a customer, newest first; or one letter of long ago."""
    if out is not None and letter is None:
        raise click.UsageError("--out writes a letter: say which with --letter RUN")
    if letter is not None:
        _letter(email, letter, out, workspace, as_json)
        return
    with opened(workspace) as app:
        lines = app.history(email, limit=limit, skip=skip)
    if as_json:
        print_json([line.as_json() for line in lines])
        return
    if not lines:
        click.echo("nothing older" if skip else "no touches or events yet")
    for line in lines:
        detail = f" · {' '.join(line.detail.split())}" if line.detail else ""
        by = f" by {line.by}" if line.by else ""
        campaign = f" · {line.campaign}" if line.campaign else ""
        click.echo(f"{line.at:%Y-%m-%d %H:%M}  {line.kind:<10} {line.what}{by}{campaign}{detail}")
    if len(lines) == limit:
        click.echo(f"more: touchbase history {email} --skip {skip + limit}")


def _letter(email: str, run: str, out: Path | None, workspace: Path | None, as_json: bool) -> None:
    with opened(workspace) as app:
        from engine.app import rereading

        found = rereading.letter(app.desk, email, run)
        if out is not None:
            rereading.write(found, out)
    if as_json:
        told = {"from": found.sender.address, "to": found.to.address, "date": found.date}
        print_json({**told, "subject": found.subject, "html": found.html, "text": found.text})
        return
    if out is not None:
        click.echo(f"written: {out}")
        return
    click.echo(f"From: {found.sender.name} <{found.sender.address}>")
    click.echo(f"To: {found.to.address}")
    click.echo(f"Date: {found.date}")
    click.echo(f"Subject: {found.subject}")
    click.echo("")
    click.echo(found.text)
