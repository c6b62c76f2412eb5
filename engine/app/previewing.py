"""Wiring for one person's letter on a screen or in a file, with everything the linter says of it."""

from __future__ import annotations

from pathlib import Path

from engine.app import people, running, showing
from engine.app.desk import Desk
from engine.app.letter_files import write_letter
from engine.definitions.covering import covering_words
from engine.errors import UsageError
from engine.flows.compose.proof import proofread
from engine.model.letter import Letter
from engine.model.report import PersonDecision, Preview


def preview(desk: Desk, campaign: str, email: str, at: str | None) -> Preview:
    """One person's letter, whatever stands against sending it. UsageError where there is none."""
    made = running.with_feeds(desk, running.draft(desk, campaign, at))
    customer = people.find_customer(desk, email)
    row, _ = showing.decide(desk, made, customer)
    found = showing.one_letter(desk, made, customer.id)
    if found is None:
        reason = f"{row.reason}: {row.detail}" if row is not None else "in no segment of the audience"
        raise UsageError(
            f"there is no letter of {campaign} for {email}: {reason}",
            help=f"see `touchbase why {email} {campaign}`",
        )
    letter = found.letter
    decision = (
        showing.decision_of(row)
        if row is not None
        else PersonDecision(customer.customer_id, email, "skip", "not_selected")
    )
    return Preview(
        campaign=campaign,
        email=email,
        sender=f"{letter.sender.name} <{letter.sender.address}>",
        subject=letter.subject,
        preheader=found.preheader,
        html=letter.html,
        text=letter.text,
        message=found.message,
        decision=decision,
        findings=_findings(desk, made, letter) if made.campaign.content.template is not None else (),
        covering=covering_words(desk.workspace.senders, found.key.covers),
    )


def _findings(desk: Desk, made: running.Draft, letter: Letter) -> list[dict[str, object]]:
    return [
        {
            "code": finding.code,
            "severity": str(finding.level),
            "message": finding.message,
            "help": finding.help,
            "line": finding.line,
            "part": finding.part,
            "source": finding.source,
        }
        for finding in proofread(desk.workspace, made.campaign, letter)
    ]


def write(preview: Preview, out: Path) -> None:
    """The letter into a file: .html, .txt or .eml."""
    write_letter(out, preview.html, preview.text, lambda: preview.message)
