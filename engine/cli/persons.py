"""Verbs for what a person may ask of us: suppress, forget, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from engine.cli.frame import opened, plural, print_json, shared


@click.command(
    "suppress",
    epilog='Examples: touchbase suppress ana@mail.example --reason "by phone"'
    " · touchbase suppress ana@mail.example --lift",
)
@click.argument("email")
@click.option("--topic", metavar="TOPIC", help="Only letters about this topic (else every letter).")
@click.option("--reason", default="", help="Why, for whoever asks later.")
@click.option("--lift", is_flag=True, help="Take it back. Bounces, complaints and leaving are not lifted.")
@shared
def suppress_command(
    email: str, topic: str | None, reason: str, lift: bool, workspace: Path | None, as_json: bool
) -> None:
    """Write to an address no more, whoever has it; or, with --lift, take that back."""
    with opened(workspace) as app:
        from engine.app import privacy

        if lift:
            done = privacy.lift(app.desk, email, topic=topic)
        else:
            done = privacy.suppress(app.desk, email, topic=topic, reason=reason)
    if as_json:
        print_json(done.as_json())
        return
    what = "every letter" if done.scope == "all" else f"letters about {done.scope.removeprefix('topic:')}"
    if lift:
        click.echo(f"{email} may get {what} again")
    else:
        click.echo(f"{email} {'is' if done.changed else 'was already'} suppressed for {what}")
    for each in done.standing:
        click.echo(f"  {each['scope']}: {each['reason']} since {each['at'][:10]}, by {each['source']}")


@click.command("forget", epilog="Example: touchbase forget ana@mail.example")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def forget_command(email: str, yes: bool, workspace: Path | None, as_json: bool) -> None:
    """Erase everything held on a person. The hash of their address stays, so that nobody writes to them again."""
    with opened(workspace) as app:
        from engine.app import privacy

        if not yes and not as_json and sys.stdin.isatty():
            found = plural(privacy.people(app.desk, email), "customer")
            click.confirm(f"Erase {email} ({found}) for good? Nothing brings it back.", abort=True, err=True)
        done = privacy.forget(app.desk, email)
    if as_json:
        print_json(done.as_json())
        return
    erased = done.erased
    parts = [
        plural(erased.customers, "customer"),
        plural(erased.events, "event"),
        plural(erased.codes, "code"),
        f"the contents of {plural(erased.letters, 'letter')}",
    ]
    click.echo(
        f"erased: {', '.join(parts)}; {plural(erased.addresses, 'address', 'addresses')} closed for good"
    )
    if not done.swept:
        click.echo(
            "freed places of the database are written over later: see docs/howto/what-a-person-may-ask.md"
        )


@click.command("export", epilog="Example: touchbase export ana@mail.example --json > ana.json")
@click.argument("email")
@shared
def export_command(email: str, workspace: Path | None, as_json: bool) -> None:
    """Everything held on a person: their record, consent, events, letters with their text, codes, suppressions."""
    with opened(workspace) as app:
        from engine.app import privacy

        held = privacy.export(app.desk, email)
    if as_json:
        print_json(held)
        return
    click.echo(f"Everything held on {held['asked_for']}, as of {held['at'][:16].replace('T', ' ')} UTC")
    for customer in held["customers"]:
        click.echo("")
        click.echo(f"Customer {customer['customer_id']}")
        for name, value in customer.items():
            _show(name, value, "  ")
    if held["suppressions"]:
        click.echo("")
        _show("suppressions", held["suppressions"], "")


def _show(name: str, value: Any, before: str) -> None:
    """One thing held, nested ones indented below it."""
    label = name.replace("_", " ")
    if isinstance(value, dict):
        click.echo(f"{before}{label}:")
        for inner, each in value.items():
            _show(inner, each, before + "  ")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        click.echo(f"{before}{label}: {len(value)}")
        for each in value:
            first = True
            for inner, part in each.items():
                _show(inner, part, before + ("  - " if first else "    "))
                first = False
    elif isinstance(value, list):
        click.echo(f"{before}{label}: {', '.join(map(str, value)) or 'none'}")
    elif isinstance(value, str) and "\n" in value:
        click.echo(f"{before}{label}:")
        for line in value.strip().splitlines():
            click.echo(f"{' ' * len(before)}  | {line}")
    else:
        click.echo(f"{before}{label}: {value}")
