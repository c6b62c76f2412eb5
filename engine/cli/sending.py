"""Verbs that plan and send: plan, preview, send, runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.completing import offer_campaigns
from engine.cli.frame import opened, plural, print_json, progress_bar, shared
from engine.cli.tables import show_plan, show_run
from engine.errors import Refused

if TYPE_CHECKING:
    from engine.app.dispatching import Prepared

AT = click.option("--at", "at", metavar="WHEN", help="As of this moment, like 2027-01-05T09:30.")
SHOWN_PEOPLE = 20
LONGEST_OCCURRENCE = 64


OCCURRENCE = click.option(
    "--occurrence",
    metavar="NAME",
    callback=lambda context, option, name: _occurrence(name),
    help="An occurrence of your own: everybody may get one letter more.",
)


@click.command(
    "plan",
    epilog="Examples: touchbase plan monthly-digest · touchbase plan monthly-digest --at 2027-01-05 --json",
)
@click.argument("campaign", shell_complete=offer_campaigns)
@AT
@OCCURRENCE
@click.option("--people", "people", is_flag=True, help="List every person, not only the first few.")
@click.option("--save", "saved", is_flag=True, help="Keep this plan until a person approves it.")
@click.option("--discard", is_flag=True, help="Throw the saved plan away; its codes are free again.")
@click.option(
    "--calendar", "calendar", is_flag=True, help="When instead of who: the schedule's next occurrences."
)
@shared
def plan_command(
    campaign: str,
    at: str | None,
    occurrence: str | None,
    people: bool,
    saved: bool,
    discard: bool,
    calendar: bool,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Show who gets what, who does not, and why. Changes nothing, unless the plan is kept with --save."""
    if saved and discard:
        raise click.UsageError("`--save` and `--discard` exclude each other.")
    if calendar and (saved or discard):
        raise click.UsageError(
            "`--calendar` shows a schedule; it goes with neither `--save` nor `--discard`."
        )
    if calendar:
        _plan_calendar(campaign, at, workspace, as_json)
        return
    with opened(workspace) as app, progress_bar(quiet=as_json) as progress:
        if discard:
            run = app.discard_plan(campaign, at=at, occurrence=occurrence)
        elif saved:
            report = app.save_plan(campaign, at=at, occurrence=occurrence)
        else:
            report = app.plan(campaign, at=at, occurrence=occurrence, progress=progress)
    if discard:
        if as_json:
            print_json({"campaign": campaign, "discarded": str(run)})
        else:
            click.echo(f"the plan of run {run} is thrown away; its codes are free again")
        return
    if as_json:
        print_json(report.as_json())
        return
    show_plan(report, shown=None if people else SHOWN_PEOPLE)


def _plan_calendar(campaign: str, at: str | None, workspace: Path | None, as_json: bool) -> None:
    from engine.cli.timetables import show_timetable

    with opened(workspace) as app:
        timetable = app.timetable(campaign, at=at)
    if as_json:
        print_json(timetable.as_json())
    else:
        show_timetable(timetable)


@click.command(
    "preview", epilog="Example: touchbase preview monthly-digest --for ana@mail.example --out letter.html"
)
@click.argument("campaign", shell_complete=offer_campaigns)
@click.option("--for", "email", required=True, metavar="EMAIL", help="The customer whose letter to show.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the letter here: .html, .txt or .eml.")
@AT
@shared
def preview_command(
    campaign: str, email: str, out: Path | None, at: str | None, workspace: Path | None, as_json: bool
) -> None:
    """Show one person's letter, exactly as it would be sent, and what the linter says of it."""
    with opened(workspace) as app:
        preview = app.preview(campaign, email, at=at)
        if out:
            app.write_preview(preview, out)
    if as_json:
        print_json(preview.as_json())
        return
    click.echo(f"From:      {preview.sender}" + (f", {preview.covering}" if preview.covering else ""))
    click.echo(f"To:        {preview.email}")
    click.echo(f"Subject:   {preview.subject}")
    if preview.preheader:
        click.echo(f"Preheader: {preview.preheader}")
    if preview.decision.decision != "send":
        click.echo(
            f"Note:      would not be sent now: {preview.decision.reason} {preview.decision.detail}".rstrip()
        )
    if out:
        click.echo(f"written to {out}")
    else:
        click.echo("")
        click.echo(preview.text)
    said = [
        f"{finding['severity']}[{finding['code']}]: {finding['message']}"
        + (f"; {finding['help']}" if finding["help"] else "")
        for finding in preview.findings
    ]
    for line in dict.fromkeys(said):
        click.echo(line, err=True)


@click.command(
    "send",
    epilog="Examples: touchbase send monthly-digest · touchbase send monthly-digest --test me@mail.example",
)
@click.argument("campaign", shell_complete=offer_campaigns)
@click.option("--yes", is_flag=True, help="Do not ask.")
@AT
@click.option(
    "--limit", type=click.IntRange(1), help="At most this many letters now; the rest stays pending."
)
@click.option(
    "--test", "test", metavar="ADDRESS", help="One sample letter to this address; nothing is recorded."
)
@OCCURRENCE
@click.option("--now", "at_once", is_flag=True, help="Let nobody wait for their own moment.")
@shared
def send_command(
    campaign: str,
    yes: bool,
    at: str | None,
    limit: int | None,
    test: str | None,
    occurrence: str | None,
    at_once: bool,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Send a campaign now. Running it twice sends nothing twice; after Ctrl-C run it again to go on."""
    with opened(workspace) as app:
        if test:
            outcome = app.send_test(campaign, test, at=at)
            if as_json:
                print_json(outcome)
            else:
                click.echo(f"one sample letter for {outcome['sample']} went to {test}")
            return 0
        ask = not yes and app.leaves_machine and not app.is_by_owner(campaign)
        if ask and (as_json or not sys.stdin.isatty()):
            raise _nobody_to_ask(campaign, app.provider_name)
        with progress_bar(quiet=as_json) as progress:
            prepared = app.prepare(campaign, at=at, occurrence=occurrence, at_once=at_once, progress=progress)
        if ask and prepared.to_send and not _agreed(prepared, app.provider_name):
            if prepared.made:
                app.discard(prepared)
            raise Refused("nothing was sent", help=_LEFT[prepared.made])
        with progress_bar(quiet=as_json) as progress:
            report = app.send(prepared, limit=limit, progress=progress)
    if as_json:
        print_json(report.as_json())
    else:
        show_run(report)
    if report.interrupted:
        return 130
    if report.state == "paused":
        return Refused.exit_code
    counts = report.counts
    held_up = counts.pending > report.waiting and limit is None
    return 1 if counts.failed or counts.uncertain or held_up else 0


_LEFT = {
    True: "the plan was thrown away; `touchbase send` makes a new one",
    False: "the run stays as it was; `touchbase cancel RUN` ends it",
}


def _occurrence(name: str | None) -> str | None:
    """The name without spaces around it; it stands in the ledger and on screens for ever."""
    if name is not None and (not name.strip() or not name.isprintable() or len(name) > LONGEST_OCCURRENCE):
        raise click.BadParameter(
            f"write a short name, like `2026-11 again` ({LONGEST_OCCURRENCE} characters at most)"
        )
    return name.strip() if name is not None else None


def _nobody_to_ask(campaign: str, provider: str) -> Refused:
    return Refused(
        f"letters of {campaign} would leave through {provider}, and nobody is here to ask",
        help=f"look at `touchbase plan {campaign}` first, then say `touchbase send {campaign} --yes`",
    )


def _agreed(prepared: Prepared, provider: str) -> bool:
    letters, waiting = prepared.to_send, sum(wave.people for wave in prepared.waves)
    later = f", {waiting:,} of them at their readers' own moments" if waiting else ""
    question = f"Send {plural(letters, 'letter')} of {prepared.campaign} through {provider}{later}?"
    return click.confirm(question, err=True)


@click.command("runs", epilog="Examples: touchbase runs · touchbase runs 12 --json")
@click.argument("run", required=False)
@shared
def runs_command(run: str | None, workspace: Path | None, as_json: bool) -> None:
    """The runs so far, newest first, or one run's numbers."""
    with opened(workspace) as app:
        if run:
            report = app.run(run)
            if as_json:
                print_json(report.as_json())
            else:
                show_run(report)
            return
        reports = app.runs()
    if as_json:
        print_json([report.as_json() for report in reports])
        return
    if not reports:
        click.echo("no runs yet")
    for report in reports:
        counts = report.counts
        click.echo(
            f"{report.run:>5}  {report.campaign:<24} {report.occurrence:<16} {report.state:<9}"
            f" {counts.accepted:>8,} accepted · {sum(counts.skipped.values()):,} skipped"
            f" · {counts.failed:,} failed · {counts.uncertain:,} uncertain · {counts.pending:,} pending"
        )
