"""The verb doctor: is everything that sending needs as it should be."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import plural, print_json, shared
from engine.model.finding import Finding, Verdict

MARKS = {
    Verdict.FINE: "✓",
    Verdict.PROBLEM: "✗",
    Verdict.WARNING: "!",
    Verdict.UNKNOWN: "?",
    Verdict.SKIPPED: "·",
}


@click.command(
    "doctor",
    epilog="Examples: touchbase doctor · touchbase doctor --offline · touchbase doctor --accept-copy",
)
@click.option("--offline", is_flag=True, help="Ask nobody outside this machine.")
@click.option(
    "--dns",
    metavar="HOST[:PORT]",
    default="",
    envvar="TOUCHBASE_DNS",
    help="Ask this name server (an IP address).",
)
@click.option(
    "--accept-copy", "accept", is_flag=True, help="Say that this copy of the database may send from here."
)
@shared
def doctor_command(offline: bool, dns: str, accept: bool, workspace: Path | None, as_json: bool) -> int:
    """Look at everything that sending needs: files, database, clock, providers, feeds, and the senders' domains."""
    from engine import logs
    from engine.app import examining

    logs.set_up("error")
    if accept:
        return _accept(workspace, as_json)
    found = []
    for finding in examining.findings(workspace, offline=offline, dns=dns):
        found.append(finding)
        if not as_json:
            _show(finding)
    problems = sum(finding.verdict is Verdict.PROBLEM for finding in found)
    warnings = sum(finding.verdict is Verdict.WARNING for finding in found)
    if as_json:
        print_json(
            {"problems": problems, "warnings": warnings, "findings": [each.as_json() for each in found]}
        )
    else:
        click.echo(f"{plural(problems, 'problem')}, {plural(warnings, 'warning')}")
    return 1 if problems else 0


def _show(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.verdict]} {finding.check:<10} {finding.what}")
    if finding.why:
        click.echo(f"    why: {finding.why}")
    if finding.do:
        click.echo(f"    do:  {finding.do}")


def _accept(workspace: Path | None, as_json: bool) -> int:
    from engine.app import examining

    accepted = examining.accept_copy(workspace)
    if as_json:
        print_json({"was": accepted.was or None, "paused": [str(run) for run in accepted.paused]})
        return 0
    if not accepted.was:
        click.echo("this database was no copy; nothing was changed")
        return 0
    click.echo(f"{accepted.was}; from now on it may send")
    for run in accepted.paused:
        click.echo(f"run {run} was unfinished and is paused: touchbase resume, or touchbase cancel {run}")
    return 0
