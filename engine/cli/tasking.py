"""Verbs for what people are to do for customers: tasks, task, done, snooze."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from engine.cli.frame import opened, print_json, shared
from engine.cli.touching import KIND
from engine.model.report import HistoryLine
from engine.model.task import TaskLine
from engine.model.touch import TouchKind


@click.command(
    "tasks",
    epilog='Examples: touchbase tasks --owner priya-shah · touchbase tasks --within "30 days" · touchbase tasks 7',
)
@click.argument("task", required=False)
@click.option("--owner", default="", metavar="NAME", help="Those of one sender of config/senders.yaml.")
@click.option("--within", metavar="SPAN", help='Overdue, or due within so long: "30 days".')
@click.option("--all", "everything", is_flag=True, help="Also snoozed and closed ones.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many tasks.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Leave out the first N (to page on).")
@shared
def tasks_command(
    task: str | None,
    owner: str,
    within: str | None,
    everything: bool,
    limit: int,
    skip: int,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """What people are to do for customers, overdue first, with the customer's last touches and open matters.

    With TASK, a task's number: that one as a whole, with its draft.
    """
    if task and (owner or within or everything):
        raise click.UsageError("a task's number says which one: leave out --owner, --within and --all")
    with opened(workspace) as app:
        from engine.app import tasking

        if task:
            _one(tasking.one(app.desk, task), as_json=as_json)
            return
        lines = tasking.listed(
            app.desk, owner=owner.strip(), within=within, everything=everything, limit=limit, skip=skip
        )
    if as_json:
        print_json([line.as_json() for line in lines])
        return
    if not lines:
        click.echo("no more tasks" if skip else "nothing to do")
    for line in lines:
        _show(line)
    if len(lines) == limit:
        click.echo(f"more: say the same with --skip {skip + limit}")


def _one(line: TaskLine, *, as_json: bool) -> None:
    """Everything about one task, its draft last, so that it can be copied."""
    if as_json:
        print_json(line.as_json())
        return
    _show(line, whole=True)
    for each in line.answers:
        click.echo(
            f"       answer: {each.at:%Y-%m-%d} {each.what}{f' ({each.detail})' if each.detail else ''}"
        )
    if line.tier:
        click.echo(f"       tier: {line.tier}")
    if line.expires_at is not None and line.state == "open":
        click.echo(f"       expires: {line.expires_at:%Y-%m-%d}")
    if line.text:
        click.echo("")
        click.echo(line.text)


def _show(line: TaskLine, *, whole: bool = False) -> None:
    cover = f" (away; {line.cover} stands in)" if line.cover else ""
    owner = f" · {line.owner}{cover}" if line.owner else ""
    who = line.email or line.customer_id
    click.echo(f"{line.task:>5}  {_when(line)}  {line.kind} {who} · {_short(line.title)}{owner}")
    if line.text and not whole:
        click.echo(f"       draft: {_short(line.text)}")
    if line.reason:
        click.echo(f"       reason: {_short(line.reason)}")
    for each in line.matters:
        click.echo(f"       open: {each}")
    if line.last:
        click.echo(f"       last: {_last(line.last)}")


def _when(line: TaskLine) -> str:
    if line.state != "open":
        return f"{line.state.replace('_', ' ')} {line.closed_at:%Y-%m-%d}"
    if line.snoozed_until is not None:
        return f"snoozed until {line.snoozed_until:%Y-%m-%d}"
    if line.overdue:
        return f"overdue since {line.due_at:%Y-%m-%d}"
    return f"due {line.due_at:%Y-%m-%d}" if line.due_at is not None else "no date"


def _last(lines: Sequence[HistoryLine]) -> str:
    parts = []
    for line in lines:
        what = f"letter {line.campaign}" if line.kind == "delivery" else line.what
        by = f" by {line.by}" if line.by else ""
        parts.append(f"{line.at:%Y-%m-%d} {what}{by}{f' ({_short(line.detail)})' if line.detail else ''}")
    return " · ".join(parts)


def _short(text: str, most: int = 80) -> str:
    """The beginning of what somebody wrote, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


@click.command(
    "task",
    epilog='Examples: touchbase task ana@mail.example call "Ask how the grinder does" --due 2027-01-08'
    ' · touchbase task ana@mail.example visit "See the new shop" --due "2 weeks" --owner priya-shah',
)
@click.argument("email")
@click.argument("kind", type=KIND)
@click.argument("title")
@click.option("--due", metavar="WHEN", help='By when: a date, a moment, or "3 days". A date means its end.')
@click.option("--owner", default="", metavar="NAME", help="Who does it (else the customer's own person).")
@click.option("--text", default="", help="What may help: a drafted note, what to ask.")
@shared
def task_command(
    email: str,
    kind: str,
    title: str,
    due: str | None,
    owner: str,
    text: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Give a person something to do for a customer."""
    with opened(workspace) as app:
        from engine.app import tasking

        made = tasking.add(app.desk, email, TouchKind(kind), title, due=due, owner=owner.strip(), text=text)
    if as_json:
        print_json(made.as_json())
        return
    _show(made)
    click.echo(f'when it is done: touchbase done {made.task} "what was said"')


@click.command(
    "done",
    epilog='Examples: touchbase done 7 "They open a second shop in May"'
    ' · touchbase done 8 --not-needed "They rang us"',
)
@click.argument("task")
@click.argument("text", required=False, default="")
@click.option("--not-needed", is_flag=True, help="Nobody has to do it any more; TEXT says why.")
@click.option("--at", "at", metavar="WHEN", help="When it was done (else now); never in the future.")
@click.option("--by", default="", metavar="SENDER", help="Who did it (else the task's owner).")
@shared
def done_command(
    task: str,
    text: str,
    not_needed: bool,
    at: str | None,
    by: str,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Close a task: what was done is a touch, in the customer's history with what was said."""
    if not_needed and (at or by):
        raise click.UsageError("--not-needed says that nothing was done: leave out --at and --by")
    with opened(workspace) as app:
        from engine.app import tasking

        if not_needed:
            closed = tasking.not_needed(app.desk, task, text)
        else:
            closed = tasking.done(app.desk, task, text, at=at, by=by.strip())
    if as_json:
        print_json(closed.as_json())
        return
    who = closed.email or closed.customer_id
    if not_needed:
        click.echo(f"task {closed.task} is not needed: {_short(closed.reason)}")
    else:
        click.echo(f"task {closed.task} is done; the {closed.kind} is in the history of {who}")


@click.command("snooze", epilog='Examples: touchbase snooze 7 2027-01-11 · touchbase snooze 7 "3 days"')
@click.argument("task")
@click.argument("until")
@shared
def snooze_command(task: str, until: str, workspace: Path | None, as_json: bool) -> None:
    """Put a task out of sight until a day, a moment, or for so long. Its due date stays."""
    with opened(workspace) as app:
        from engine.app import tasking

        line = tasking.snooze(app.desk, task, until)
    if as_json:
        print_json(line.as_json())
        return
    click.echo(f"task {line.task} is out of sight until {line.snoozed_until:%Y-%m-%d %H:%M} UTC")
