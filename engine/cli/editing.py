"""Verbs for the marketer's files: init, check, schema."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.failing import colour_wanted
from engine.cli.frame import plural, print_json, shared
from engine.model.problem import Severity


@click.command("init", epilog="Example: touchbase init my-letters && cd my-letters && touchbase send hello")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@shared
def init_command(folder: Path, workspace: Path | None, as_json: bool) -> None:
    """Make a workspace in DIR that sends a first letter to its outbox at once."""
    from engine.app.starting import initialise

    written = initialise(folder)
    if as_json:
        print_json({"workspace": str(folder), "files": written.files, "customers": written.customers})
        return
    click.echo(
        f"{folder} is ready: {plural(len(written.files), 'file')}, {written.customers} sample customers"
    )
    click.echo(f"next: cd {folder} && touchbase check && touchbase send hello")


@click.command("check", epilog="Examples: touchbase check · touchbase check campaigns/hello.yaml --json")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@shared
def check_command(files: tuple[Path, ...], workspace: Path | None, as_json: bool) -> int:
    """Find every problem in the workspace (or in FILES), by file, line and column."""
    from engine.app.checking import check
    from engine.app.screens import problem_screen

    result = check(workspace, files)
    if as_json:
        print_json([problem.as_json() for problem in result.problems])
    else:
        for problem in result.problems:
            click.echo(problem_screen(problem, result.root, colour=colour_wanted()))
            click.echo("")
        click.echo(result.summary)
    return 1 if any(problem.severity is Severity.ERROR for problem in result.problems) else 0


@click.command(
    "schema", epilog="Example: touchbase schema   (then any editor with YAML support completes and checks)"
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write (else .schema in the workspace)."
)
@shared
def schema_command(out: Path | None, workspace: Path | None, as_json: bool) -> None:
    """Write the JSON Schemas that make editors complete and check the files."""
    from engine.app.checking import write_schemas

    written = write_schemas(workspace, out)
    if as_json:
        print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        click.echo(str(path))
