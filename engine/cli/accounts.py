"""The verb accounts: companies with several people, what these are there, and whose they are."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.frame import opened, plural, print_json, shared
from engine.model.account import AccountLine, ContactLine
from engine.model.report import HistoryLine


@click.command(
    "accounts",
    epilog='Examples: touchbase accounts · touchbase accounts "Harbour Café" · touchbase accounts --differing',
)
@click.argument("name", required=False, default="")
@click.option("--differing", is_flag=True, help="Only accounts whose people have different owners.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many accounts.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Leave out the first N (to page on).")
@shared
def accounts_command(
    name: str, differing: bool, limit: int, skip: int, workspace: Path | None, as_json: bool
) -> None:
    """Customers who belong together: each account with its people, or one by its key or name."""
    with opened(workspace) as app:
        from engine.app import accounts

        lines = accounts.listed(app.desk, name.strip(), differing=differing, limit=limit, skip=skip)
    if as_json:
        print_json([line.as_json() for line in lines])
        return
    if not lines:
        click.echo(
            "no more accounts" if skip else "no accounts whose people differ" if differing else "no accounts"
        )
    for line in lines:
        _show(line, whole=bool(name) or differing)
    if len(lines) == limit:
        click.echo(f"more: say the same with --skip {skip + limit}")


def _show(line: AccountLine, *, whole: bool) -> None:
    owners = f" · different owners: {', '.join(line.owners)}" if line.differing else ""
    if not owners and line.owners:
        owners = f" · {line.owners[0]}"
    title = f"{line.account}  {line.name}" if line.name and line.name != line.account else line.account
    click.echo(f"{title} · {plural(line.people, 'person', 'people')}{owners} · {_last(line.last)}")
    for contact in line.contacts if whole else ():
        click.echo(f"  {_contact(contact)}")
    if whole and line.people > len(line.contacts):
        click.echo(f"  … and {line.people - len(line.contacts):,} more")


def _contact(line: ContactLine) -> str:
    words = (line.email or "no address", line.role, line.owner, _last(line.last))
    return f"{line.customer_id}  {' · '.join(word for word in words if word)}"


def _last(line: HistoryLine | None) -> str:
    if line is None:
        return "no touch yet"
    what = f"letter {line.campaign}" if line.kind == "delivery" else line.what
    return f"{what} {line.at:%Y-%m-%d}"
