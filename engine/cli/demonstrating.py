"""The verb demo: the example workspace end to end, offline."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from engine.cli.frame import plural, print_json, shared
from engine.cli.tables import sum_line


@click.command("demo", epilog="Example: touchbase demo --folder /tmp/letters")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("touchbase-demo"),
    show_default=True,
    help="Where the example workspace is laid out.",
)
@shared
def demo_command(folder: Path, workspace: Path | None, as_json: bool) -> int:
    """Lay out the example workspace, import its customers, plan and send its newsletter to an outbox."""
    from engine.app.starting import DEMO_LETTER, demonstrate

    def tell(line: str) -> None:
        if not as_json:
            click.echo(line)

    report = demonstrate(folder, tell)
    if as_json:
        print_json(report.as_json())
        return 0
    click.echo(sum_line(report.counts))
    click.echo("")
    click.echo(f"{plural(report.sent_now, 'letter')} written; nothing left this machine. Open:")
    click.echo(f"  {report.letters}   all of them, for any mail program")
    click.echo(f"  {folder / DEMO_LETTER}   one of them, for a browser")
    click.echo(f"then look around: cd {folder} && {_command(folder)} runs")
    return 0


def _command(folder: Path) -> str:
    """How this very program is called from inside the folder, where `touchbase` alone is not found."""
    if shutil.which("touchbase"):
        return "touchbase"
    return os.path.relpath(sys.argv[0], folder) if Path(sys.argv[0]).name == "touchbase" else "touchbase"
