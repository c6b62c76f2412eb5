"""The verb backup: the database into a file."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import print_json, shared


@click.command("backup", epilog="Example: touchbase backup /backups/touchbase-$(date +%F).db")
@click.argument("file", type=click.Path(path_type=Path))
@shared
def backup_command(file: Path, workspace: Path | None, as_json: bool) -> None:
    """Write the whole database, as it is at this moment, into a new FILE; sending and everything else goes on."""
    from engine import logs
    from engine.app import backing_up

    logs.set_up("error")
    made = backing_up.back_up(workspace, file)
    if as_json:
        print_json(made.as_json())
    else:
        click.echo(f"{made.file}: {made.size:,} bytes, read again and whole")
