"""One mail, read: what it says about each recipient of a letter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from engine.mailbox.addresses import in_header
from engine.mailbox.answer import Answer
from engine.mailbox.automatic import is_automatic
from engine.mailbox.bounces import returned
from engine.mailbox.complaints import complained, feedback, is_plain_complaint, objects
from engine.mailbox.mime import Mail, read_mail
from engine.mailbox.prose import prose
from engine.mailbox.recognising import is_bounce
from engine.mailbox.reports import has_report
from engine.mailbox.returned import recipient_of_letter, reference
from engine.model.heard import News

DEEPEST = 3
"""How often a report may have been forwarded."""


def read(raw: bytes, install: str = "") -> list[Answer]:
    """Everything the mail in these bytes says; at least one answer, of kind other where it says nothing.

    `install`: what our ids of letters begin with.
    """
    mail = _innermost_report(read_mail(raw))
    about = reference(mail, install)
    at = _date(mail)
    seed = mail.headers.get("message-id").strip() or blake2b(raw, digest_size=16).hexdigest()
    return [
        replace(each, reference=about, at=at, identity=_identity(seed, each))
        for each in _answers(mail, bool(about))
    ]


def _innermost_report(mail: Mail) -> Mail:
    """The report itself, where somebody forwarded it as an attachment; otherwise the mail."""
    for _ in range(DEEPEST):
        if has_report(mail) or feedback(mail) is not None:
            return mail
        inside = (read_mail(part.raw) for part in mail.of_kind("message/rfc822"))
        report = next((each for each in inside if each.kind == "multipart/report"), None)
        if report is None:
            return mail
        mail = report
    return mail


def _answers(mail: Mail, about_ours: bool) -> Iterable[Answer]:
    said = prose(mail)
    report = feedback(mail)
    if report is not None:
        if not objects(report):
            return [Answer(None, complained(mail, report), detail=report.get("feedback-type"))]
        return [Answer(News.COMPLAINED, complained(mail, report), detail=report.get("feedback-type"))]
    if is_plain_complaint(mail):
        return [Answer(News.COMPLAINED, recipient_of_letter(mail), detail=mail.headers.get("subject"))]
    sender = in_header(mail.headers.get("from"))
    if is_bounce(mail, said):
        return [
            Answer(each.news, each.address, each.status, each.bounce, each.detail)
            for each in returned(mail, said, ours=about_ours)
        ]
    if is_automatic(mail, said):
        return [Answer(News.AUTO_REPLIED, sender, detail=mail.headers.get("subject"))]
    return [Answer(News.REPLIED if about_ours else None, sender, detail=mail.headers.get("subject"))]


def _date(mail: Mail) -> datetime | None:
    """The mail's own date in UTC; None where it has none or an impossible one."""
    try:
        moment = parsedate_to_datetime(mail.headers.get("date")[:100])
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _identity(seed: str, each: Answer) -> str:
    text = "\x1f".join((seed, str(each.news), each.address.lower(), each.status))
    return blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
