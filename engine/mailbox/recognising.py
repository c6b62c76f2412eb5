"""Whether a mail returns a letter: by its structure, its sender, its subject and its words."""

from __future__ import annotations

import re

from engine.mailbox.addresses import in_header, is_machine
from engine.mailbox.mime import Mail
from engine.mailbox.reports import has_report
from engine.model.sayings import any_of

DAEMON_NAME = any_of(
    r"mailer.?daemon|mail delivery|delivery (?:sub)?system|postmaster|mail(?:er)? (?:sub)?system",
    r"system administrator|mail ?administrat|internet mail|returned mail",
    r"delivery (?:service|agent|notification)|mail(?:er)?[- ]?daemon|e-?mail system",
    flags=re.IGNORECASE,
)
SUBJECT = any_of(
    r"undeliver|non[- ]?(?:delivery|remis|recapitat)|not (?:be )?deliver",
    r"deliver\w* (?:status|report|fail|problem|error|warning|notif|delay)",
    r"fail\w* (?:delivery|mail|notice|permanently)|failure notice",
    r"return(?:ed|ing) (?:mail|to sender|e-?mail|message)",
    r"mail (?:delivery |system )?(?:fail|error|could not|not delivered|problem)",
    r"message (?:delivery )?(?:fail|blocked|rejected|not deliver|could not|delayed)|user unknown",
    r"unknown user|(?:mail|message)\w* (?:has |was |been )*(?:bounced|returned|rejected)|rejected mail",
    r"delayed mail|bounce|could not be delivered|was not delivered",
    r"warning: (?:message|could not|unable)|processing error|address (?:error|not found)|unzustellbar",
    r"nicht zugestellt|konnte nicht|zustell|fehlgeschlagen|non d[ée]livr|non remis|non distribu",
    r"[ée]chec|impossible de remettre|no (?:se pudo |se ha podido )?entreg|no entregado|devuelto",
    r"rechaz|mancato recapito|non recapitat|impossibile recapitare|messaggio non",
    r"n[ãa]o (?:p[ôo]de ser )?entreg|onbestelbaar|niet bezorgd|kan ikke leveres|kunde inte levereras",
    r"niedostarcz|nie dostarczon|niedoręcz|не доставлен|недоставлен|配信(?:不能|エラー|失敗)|送信(?:エラー|できません)",
    r"エラー|退信|投递(?:失败|状态)|无法投递|テスト失敗",
    flags=re.IGNORECASE,
)
BODY = any_of(
    r"(?:could|can|was|were|has|have|did|is|are)(?: ?not|n't) (?:be |been )?(?:deliver|reach|receiv"
    r"|sent|process)\w*",
    r"undeliver(?:able|ed)|unable to deliver|not (?:able|possible) to deliver",
    r"deliver\w* (?:to the following .{0,40})?(?:has |have )?(?:failed|error|problem)",
    r"failed (?:permanently|recipient|address)|(?:permanent|fatal) (?:fatal )?error",
    r"does not like recipient|returned to sender|delivery attempt",
    r"(?:user|recipient|mailbox|address)\W+(?:is )?(?:unknown|not found|invalid)",
    r"unknown (?:user|recipient|address)|no such (?:user|recipient|mailbox|address)|has been returned",
    r"was (?:automatically )?rejected|delayed|delivery failure|nicht zugestellt|konnte\w* nicht",
    r"unzustellbar|n'a pas pu|pas pu [êe]tre|no pudo ser|no se pudo|non [èe] stato|n[ãa]o p[ôo]de",
    r"failed recipient|final delivery|over quota|mailbox.{0,20}full",
    flags=re.IGNORECASE,
)
ANSWERED = re.compile(r"^\s*(?:re|aw|sv|fwd?|wg|tr)\s*:", re.IGNORECASE)
"""A person's answer to a bounce, or one passed on."""

STRICT = ("mailer-daemon@", "mailerdaemon@", "mdaemon@")
"""Senders that never write anything but reports."""


def is_bounce(mail: Mail, said: str) -> bool:
    """Whether a mail program tells of a letter's fate. `said`: the mail's prose."""
    headers = mail.headers
    if has_report(mail) or "x-failed-recipients" in headers:
        return True
    if mail.parameters.get("report-type", "").lower() == "delivery-status":
        return True
    subject = headers.get("subject")[:500]
    sender = in_header(headers.get("from"))
    strict = sender.lower().startswith(STRICT)
    daemon = is_machine(sender) or bool(DAEMON_NAME.search(headers.get("from")[:300]))
    daemon = (
        daemon or headers.get("return-path").strip() == "<>" or headers.get("from").strip().endswith("<>")
    )
    answered = bool(ANSWERED.match(subject)) and "in-reply-to" in headers
    telling = bool(SUBJECT.search(subject)) and not answered
    saying = bool(BODY.search(said[:20_000]))
    return strict or (daemon and (telling or saying)) or (telling and saying)
