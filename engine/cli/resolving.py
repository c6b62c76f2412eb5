"""The verb resolve: what became of letters in doubt, and a person's word on those nobody can tell about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.cli.tables import sum_line
from engine.errors import Refused
from engine.model.doubt import DoubtLine, Resolution, Word

SHOWN = 20
MEANINGS = {
    Word.ACCEPTED: "as arrived, so that nobody gets them again",
    Word.NOT_SENT: "as not sent, so that the next `send` sends them again",
}


@click.command(
    "resolve",
    epilog="Examples: touchbase resolve 12 · touchbase resolve 12 --accepted · "
    "touchbase resolve 12 --not-sent ana@mail.example",
)
@click.argument("run")
@click.argument("emails", nargs=-1, metavar="[EMAIL]...")
@click.option("--accepted", is_flag=True, help="These letters, or all in doubt, have arrived.")
@click.option(
    "--not-sent", "not_sent", is_flag=True, help="They have certainly not arrived: send them again."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def resolve_command(
    run: str,
    emails: Sequence[str],
    accepted: bool,
    not_sent: bool,
    yes: bool,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Find out what became of a run's uncertain letters, show those still in doubt, and take a person's word."""
    if accepted and not_sent:
        raise click.UsageError("letters are either --accepted or --not-sent")
    word = Word.ACCEPTED if accepted else Word.NOT_SENT if not_sent else None
    if emails and word is None:
        raise click.UsageError("say what is known of these letters: --accepted or --not-sent")
    decided = 0
    with opened(workspace) as app:
        found = app.resolve(run)
        if word is not None and found.doubts:
            if not yes:
                _ask(found, word, emails, as_json=as_json)
            decided = app.decide(run, word, emails)
            after = app.resolve(run)
            found = Resolution(after.report, found.arrived, found.refused, found.send_again, after.doubts)
    if as_json:
        print_json({**found.as_json(), "decided": decided})
    else:
        _show(found, decided, word)
    return 1 if found.doubts else 0


def _ask(found: Resolution, word: Word, emails: Sequence[str], *, as_json: bool) -> None:
    letters = plural(len(emails) or len(found.doubts), "letter")
    if as_json or not sys.stdin.isatty():
        raise Refused(
            f"{letters} would be marked {MEANINGS[word]}, and nobody is here to ask",
            help="look at the list first, then say --yes",
        )
    click.confirm(f"Mark {letters} {MEANINGS[word]}?", abort=True, err=True)


def _show(found: Resolution, decided: int, word: Word | None) -> None:
    report = found.report
    click.echo(f"{report.campaign} · {report.occurrence} · run {report.run} · {report.state}")
    for number, words in (
        (found.arrived, "had arrived"),
        (found.send_again, "had not arrived, and will be sent again"),
        (found.refused, "had been turned down"),
    ):
        if number:
            click.echo(f"{plural(number, 'letter')} in doubt {words}")
    if decided and word is not None:
        click.echo(f"{plural(decided, 'letter')} marked {MEANINGS[word]}")
    for line in found.doubts[:SHOWN]:
        _show_line(line)
    if len(found.doubts) > SHOWN:
        click.echo(f"  … and {len(found.doubts) - SHOWN:,} more (--json lists everyone)")
    click.echo(sum_line(report.counts))
    if found.doubts:
        click.echo(
            f"look for their references at the provider, then: touchbase resolve {report.run} --accepted"
        )
    if report.counts.pending:
        click.echo(f"to go on: touchbase send {report.campaign}")


def _show_line(line: DoubtLine) -> None:
    who = line.email or line.customer_id
    click.echo(f"  ? {who:<36} {line.reference:<20} {line.provider}, {line.submitted_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"      {line.detail}" if line.detail else "      nobody knows")
    click.echo(f"      {line.next}")
