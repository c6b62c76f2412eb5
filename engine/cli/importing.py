"""The verb import: customers and events from CSV."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, progress_bar, shared
from engine.model.report import ImportReport

SOURCE = click.argument("file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE.csv")
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Read and judge every row; leave the database as it is."
)
REJECTS = click.option(
    "--rejects", type=click.Path(path_type=Path), help="Where bad rows go (else FILE.rejects.csv beside it)."
)


class Kinds(click.Group):
    """Says what to write where the kind of rows was forgotten."""

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and name not in self.commands and (name == "-" or "." in name or "/" in name):
            context.fail(
                f"Say what the rows are: touchbase import customers {name} · "
                f"touchbase import events {name} --event NAME"
            )
        return super().resolve_command(context, args)


@click.group(
    "import",
    cls=Kinds,
    epilog="Examples: touchbase import customers people.csv · cat people.csv | touchbase import customers -",
)
def import_command() -> None:
    """Read customers or events from a CSV file; `-` is standard input."""


@import_command.command("customers")
@SOURCE
@DRY_RUN
@REJECTS
@shared
def customers_command(
    file: Path, dry_run: bool, rejects: Path | None, workspace: Path | None, as_json: bool
) -> int:
    """Add and update customers. Never re-subscribes anyone who left."""
    with opened(workspace) as app, progress_bar(quiet=as_json) as progress:
        report = app.import_customers(file, dry_run=dry_run, rejects=rejects, progress=progress)
    return _show(report, "customer", dry_run=dry_run, as_json=as_json)


@import_command.command("events")
@SOURCE
@click.option(
    "--event", "event", required=True, metavar="NAME", help="What happened: order_placed, complaint_opened …"
)
@DRY_RUN
@REJECTS
@shared
def events_command(
    file: Path, event: str, dry_run: bool, rejects: Path | None, workspace: Path | None, as_json: bool
) -> int:
    """Add events (key column, `at`, and the event's own fields). The same file twice adds nothing."""
    with opened(workspace) as app, progress_bar(quiet=as_json) as progress:
        report = app.import_events(file, event, dry_run=dry_run, rejects=rejects, progress=progress)
    return _show(report, "event", dry_run=dry_run, as_json=as_json)


def _show(report: ImportReport, noun: str, *, dry_run: bool, as_json: bool) -> int:
    if as_json:
        print_json(report.as_json())
    else:
        would = "would be " if dry_run else ""
        click.echo(
            f"{plural(report.read, 'row')} read: {plural(report.added, noun)} {would}added, {report.updated:,} updated, "
            f"{report.unchanged:,} unchanged, {report.rejected:,} rejected"
        )
        for note in report.notes:
            click.echo(f"  note: {note}")
        if report.rejected and report.rejects:
            click.echo(f"  rejected rows, each with its line and reason: {report.rejects}")
    return 1 if report.rejected else 0
