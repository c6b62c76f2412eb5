"""Reads a finished letter against every rule."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model.problem import Severity
from engine.templating.lint.finding import Envelope, Facts, Finding
from engine.templating.lint.subject import Subject
from engine.templating.lint.table import RULES

ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def lint(
    html: str,
    *,
    text: str,
    subject: str,
    preheader: str = "",
    headers: Mapping[str, str] | None = None,
    facts: Facts | None = None,
) -> list[Finding]:
    """Everything to say about one finished letter, errors first, then in the order of the lines.

    Args:
        html: the letter after rendering and inlining.
        text: its text part.
        subject: the subject line, rendered.
        preheader: the line after the subject, rendered.
        headers: the letter's headers (From, Reply-To, List-Unsubscribe …), unfolded; none: not checked.
        facts: what the workspace knows of the letter.

    Nothing is fetched. Broken HTML is a finding, never an exception.
    """
    envelope = Envelope(text, subject, preheader, headers or {}, facts or Facts())
    letter = Subject(html, envelope)
    findings = [
        Finding(
            rule.code, flaw.level or rule.level, flaw.message, flaw.help, flaw.line, flaw.part, flaw.element,
            flaw.quote, rule.source,
        )
        for rule in RULES
        for flaw in rule.check(letter)
    ]  # fmt: skip
    return sorted(findings, key=lambda finding: (ORDER[finding.level], finding.line, finding.code))


def explain(code: str) -> str:
    """What a rule asks and where that comes from, in one line; "" for an unknown code."""
    return next((f"{rule.code}: {rule.asks} ({rule.source})" for rule in RULES if rule.code == code), "")
