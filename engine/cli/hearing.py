"""Verbs for hearing back: hear, heard."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, progress_bar, shared

SHOWN = 200
"""Lines a person is shown; --json has them all."""


@click.command(
    "hear",
    epilog="Examples: touchbase hear · touchbase hear ~/Maildir · touchbase hear bounces.mbox --dry-run",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH...]")
@click.option("--dry-run", is_flag=True, help="Read and judge every mail; change nothing.")
@shared
def hear_command(paths: tuple[Path, ...], dry_run: bool, workspace: Path | None, as_json: bool) -> None:
    """Read bounces, complaints and automatic answers from .eml files, mbox files, Maildirs or folders.

    Without a path, from the mailbox in config/project.yaml. Every mail counts once, however often it is read.
    """
    with opened(workspace) as app, progress_bar(quiet=as_json) as progress:
        from engine.app.hearing import hear

        lines = hear(app.desk, paths, dry_run=dry_run, tell=lambda done: progress("reading", done, None))
    if as_json:
        print_json([line.as_json() for line in lines])
        return
    for line in lines[:SHOWN]:
        answer = line.answer
        meaning = f" ({answer.bounce})" if answer.bounce else ""
        click.echo(f"{line.action:<11} {answer.kind}{meaning}  {answer.address or '?'}  {line.file}")
    if len(lines) > SHOWN:
        click.echo(f"… and {len(lines) - SHOWN:,} more (--json has them all)")
    kinds = Counter(str(line.answer.kind) for line in lines)
    told = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    click.echo(
        f"{plural(len(lines), 'answer')}: {told or 'nothing'}{'; nothing was changed' if dry_run else ''}"
    )
    if any(line.action == "hold" for line in lines):
        click.echo("too many bounces at once wait for your word: touchbase heard")


@click.command("heard", epilog="Examples: touchbase heard · touchbase heard --release 17")
@click.option("--confirm", metavar="RUN", help="These addresses are really dead: suppress them.")
@click.option("--release", metavar="RUN", help="It was the provider's fault: suppress nobody.")
@shared
def heard_command(confirm: str | None, release: str | None, workspace: Path | None, as_json: bool) -> None:
    """Bounces held back because they look like a storm; confirm or release them."""
    if confirm and release:
        raise click.UsageError("either --confirm or --release, not both")
    with opened(workspace) as app:
        from engine.app import hearing

        chosen = confirm or release
        if chosen:
            judged = hearing.judge(app.desk, chosen, real=bool(confirm))
        lines = hearing.storms(app.desk)
    if as_json:
        if chosen:
            print_json({"run": chosen, "confirmed": bool(confirm), "bounces": judged})
        else:
            print_json([line.as_json() for line in lines])
        return
    if chosen:
        done = "confirmed: their addresses are suppressed" if confirm else "released: nobody is suppressed"
        click.echo(f"{plural(judged, 'bounce')} {done}")
    elif not lines:
        click.echo("no bounces are held back")
    for line in lines:
        storm = line.storm
        name = (
            f"{storm.campaign} · {storm.occurrence} · run {line.run}" if storm.campaign else "no letter known"
        )
        click.echo(f"{name} · by {storm.provider}: {storm.reason}")
        for domain, number in storm.domains.items():
            click.echo(f"  {number:>7,}  to {domain}")
        click.echo(f"  dead addresses: touchbase heard --confirm {line.run}")
        click.echo(f"  a provider's fault: touchbase heard --release {line.run}")
