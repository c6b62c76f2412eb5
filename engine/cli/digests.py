"""The verb digest: what an owner is told, shown or sent."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, print_json, shared


@click.command(
    "digest",
    epilog="Examples: touchbase digest priya-shah · touchbase digest priya-shah --preview --out digest.html"
    " · touchbase digest priya-shah --send",
)
@click.argument("owner")
@click.option("--preview", is_flag=True, help="Show it and send nothing, as without --send.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the letter here: .html, .txt or .eml.")
@click.option("--send", "sends", is_flag=True, help="Send it to them now, once for each period.")
@shared
def digest_command(
    owner: str, preview: bool, out: Path | None, sends: bool, workspace: Path | None, as_json: bool
) -> int:
    """What a sender is told: tasks that wait, customers who answered, who heard from them, and what comes."""
    if sends and (preview or out):
        raise click.UsageError("--send sends it: leave out --preview and --out")
    with opened(workspace) as app:
        from engine.app import digest_sending, digest_showing

        if sends:
            sent = digest_sending.send_one(app.desk, owner.strip())
            words = digest_sending.in_words(sent)
        else:
            shown = digest_showing.show(app.desk, owner.strip(), out)
    if sends:
        if as_json:
            print_json(sent.as_json())
        else:
            click.echo(words)
        return 0 if sent.state in ("accepted", "skipped") else 1
    if as_json:
        print_json(shown.digest.as_json())
        return 0
    click.echo(f"To:        {shown.digest.name} <{shown.digest.address}>")
    click.echo(f"Subject:   {shown.subject}")
    click.echo(f"written to {out}" if out else f"\n{shown.text}")
    return 0
