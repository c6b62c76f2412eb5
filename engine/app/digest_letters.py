"""Wiring for a digest as a letter: compiled like every other one, from the workspace's template or the engine's own."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from jinja2 import ChoiceLoader, FileSystemLoader

from engine.app.desk import Desk
from engine.app.digesting import rhythm_of
from engine.definitions.schema.senders import Sender
from engine.errors import Refused
from engine.flows.compose.composer import domain_of
from engine.model.digest import Digest, DigestLine
from engine.model.letter import Letter, Mailbox
from engine.providers.base import Wire
from engine.templating.compile import compile_letter
from engine.templating.environment import make_environment
from engine.templating.filler.filler import Filler

TEMPLATE = "owner-digest.html"
OWN = Path(__file__).parent / "staff"
HEADERS = (("Auto-Submitted", "auto-generated"),)
"""RFC 3834: no mailbox answers it by itself. There is no List-Unsubscribe: it goes to staff alone."""

SHORT = {
    "overdue": "overdue",
    "due": "to do",
    "answered": "answered",
    "trouble": "came back or left",
    "heard": "heard from you",
    "coming": "to come",
    "changes": "changed",
    "lapsing": "should hear from us",
}
IN_SUBJECT = 3
LAST_MINUTE = (23, 59)


def filler_of(desk: Desk, digest: Digest, wire: Wire) -> Filler:
    """What makes the letter for one way out. TemplateError where the workspace's own template is wrong."""
    project, company = desk.workspace.project, desk.workspace.project.company
    if company is None or not company.address.strip():
        raise Refused(
            "a letter needs the company's postal address", help="write `company:` in config/project.yaml"
        )
    folders = [FileSystemLoader(desk.root / "templates"), FileSystemLoader(OWN)]
    environment = make_environment(None, loader=ChoiceLoader(folders))
    sender = _from(desk, digest)
    made = compile_letter(
        environment,
        template=TEMPLATE,
        subject="{{ digest.headline }}",
        preheader="{{ digest.span }}",
        context={
            "digest": _context(desk, digest),
            "company": {"name": company.name, "address": company.address},
            "language": project.language,
        },
        sender=Mailbox(company.name, sender.email),
        headers=HEADERS,
        campaign="digest",
        message_id_domain=domain_of(sender.email),
        date=format_datetime(digest.until),
    )
    return Filler(made.program, wire, environment)


def letter_of(desk: Desk, digest: Digest, wire: Wire) -> Letter:
    """The letter as it would leave now."""
    filler = filler_of(desk, digest, wire)
    return filler.letter(slots_of(filler, digest, "digest-preview"))


def slots_of(filler: Filler, digest: Digest, reference: str) -> tuple[object, ...]:
    """What is the letter's own: whom it goes to and what it is known by."""
    given = {
        "to.address": digest.address,
        "to.name": digest.name,
        "reference": reference,
        "message_id": f"<{reference}@{filler.program.message_id_domain}>",
    }
    return filler.slots([given.get(name) for name in filler.inputs])


def headline(digest: Digest) -> str:
    """`Your 12 customers: 2 overdue, 1 answered`."""
    told = [f"{part.number:,} {SHORT.get(part.key, part.key)}" for part in digest.parts[:IN_SUBJECT]]
    whose = f"Your {digest.customers:,} customer{'' if digest.customers == 1 else 's'}"
    return f"{whose}: {', '.join(told) or 'nothing new'}"


def _from(desk: Desk, digest: Digest) -> Sender:
    """The address of whoever is there for customers without a person of their own: it is set up at the provider."""
    owner = desk.workspace.account_owner
    return desk.workspace.senders[owner.otherwise if owner is not None else digest.owner]


def _context(desk: Desk, digest: Digest) -> dict[str, object]:
    since, until = (_day(desk, at) for at in (digest.since, digest.until))
    span = f"What happened from {since} to {until}."
    return {
        "owner": digest.owner,
        "headline": headline(digest),
        "greeting": f"{digest.name}: your {digest.customers:,} customer{'' if digest.customers == 1 else 's'}",
        "span": span,
        "covers": list(digest.covers),
        "rhythm": str(rhythm_of(desk, digest.owner) or "never"),
        "parts": [
            {
                "key": part.key,
                "title": part.title,
                "number": f"{part.number:,}",
                "more": part.more,
                "lines": [
                    {"what": line.what, "who": line.who, "small": small(desk, line)} for line in part.lines
                ],
            }
            for part in digest.parts
        ],
    }


def small(desk: Desk, line: DigestLine) -> str:
    """When, and the detail, as the small print below a line."""
    when = _day(desk, line.at) if line.at is not None else ""
    return " · ".join(filter(None, [f"{line.before} {when}".strip() if when else "", line.detail]))


def _day(desk: Desk, at: datetime) -> str:
    """The moment on the project's clock; the end of a day is that day."""
    local = at.astimezone(desk.zone)
    return (
        f"{local:%a %d %b %Y}" if (local.hour, local.minute) == LAST_MINUTE else f"{local:%a %d %b %Y %H:%M}"
    )
