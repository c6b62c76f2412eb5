"""Reports of abuse (RFC 5965): somebody called our letter spam."""

from __future__ import annotations

import re

from engine.mailbox.addresses import in_header, is_machine, of_field
from engine.mailbox.mime import Headers, Mail, read_headers
from engine.mailbox.prose import RETURNED
from engine.mailbox.returned import recipient_of_letter
from engine.model.sayings import any_of

KIND = "message/feedback-report"

COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", "complaint"}
)
"""Feedback types by which a reader, or a provider for one, objects. `not-spam` is praise; `auth-failure` and
`dmarc` are reports about us to ourselves."""

OBJECTING = any_of(
    r"complain|abuse report|spam report|email abuse",
    r"reported (?:this|it|the|your) .{0,40}(?:as|for) (?:junk|spam)|feedback loop",
    flags=re.IGNORECASE,
)


def feedback(mail: Mail) -> Headers | None:
    """The fields of the mail's feedback report; None where it has none."""
    for part in mail.parts:
        if part.kind == KIND:
            return read_headers(part.text)
    if mail.parameters.get("report-type", "").lower() == "feedback-report":
        for part in mail.parts:
            if re.search(r"^feedback-type\s*:", part.text, re.IGNORECASE | re.MULTILINE):
                return read_headers(part.text[part.text.lower().index("feedback-type") :])
    return None


def objects(report: Headers) -> bool:
    """Whether the report is somebody's complaint."""
    kind = report.get("feedback-type").strip().lower() or "abuse"
    return kind in COMPLAINTS


def complained(mail: Mail, report: Headers) -> str:
    """Who complained; "" where the report hides it."""
    for name in ("original-rcpt-to", "removal-recipient", "redacted-address", "x-original-rcpt-to"):
        for value in report.all(name):
            address = of_field(value) or in_header(value)
            if address and not _hidden(address):
                return address
    letter = recipient_of_letter(mail)
    return "" if _hidden(letter) or is_machine(letter) else letter


def is_plain_complaint(mail: Mail) -> bool:
    """A provider's older form: our letter sent back with a subject that says why."""
    subject = mail.headers.get("subject")[:300]
    sender = in_header(mail.headers.get("from")).lower()
    with_letter = any(part.kind in RETURNED for part in mail.parts)
    told = re.match(
        r"\s*(?:complaint|abuse|spam) (?:about|report)|\s*email feedback report", subject, re.IGNORECASE
    )
    return (
        with_letter
        and bool(told or ("x-hmxmroriginalrecipient" in mail.headers and OBJECTING.search(subject)))
        and bool(sender)
    )


def _hidden(address: str) -> bool:
    return "redacted" in address.lower() or address.startswith("**")
