"""Why a letter came back, by meaning: the other server's words and its enhanced status, not "5.x means hard".

RFC 3463 and 5248 (statuses), RFC 7505 (domains without mail); what the large mailbox providers say is from
their postmaster pages. Where words and number disagree, the words win, because they were written for this case.
"""

from __future__ import annotations

import re

from engine.model.heard import Bounce

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
REPLY = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")
LINKS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+")
"""Left out before the words are read: help pages are called `…/spam-policy` and people `postmaster@`."""

LISTED = re.compile(
    r"spamhaus|spamcop|barracuda|sorbs|proofpoint|cloudmark|senderscore|\b(?:dns)?[br]bl\b|dnsbl"
    r"|black ?-?list|block ?-?list|deny ?-?list|\bdmarc\b|\bdkim\b|\bspf\b|reputation",
    re.IGNORECASE,
)
"""About the sender, whatever else is said."""

DEAD = re.compile(
    r"(?:user|recipient|mailbox|account|address|addressee|person)\S* (?:is |was )?(?:unknown|not found|invalid)\b"
    r"|(?:unknown|invalid|unrouteable|non-?existent|bad|no such|nosuch) ?(?:destination |email |mail |local )?"
    r"(?:user|recipient|mailbox|account|address|person|addressee|domain)"
    r"|(?:does not|doesn'?t|do not|don'?t|did not|didn'?t) (?:have an? \S+ account|exist|seem to exist)"
    r"|not (?:a|an) (?:known|valid|existing) (?:user|recipient|mailbox|account|address)"
    r"|no (?:mailbox|account|user|one|recipient)s? (?:here )?(?:by|with|of) that|no longer (?:exists|valid|here)"
    r"|(?:host|domain)(?: name)?(?: \S+){0,6}? (?:not found|is unknown|does not exist|unknown)|no such (?:host|domain)"
    r"|null ?mx|does not accept (?:e-?)?mail|(?:user|recipient|mailbox|account) (?:has )?(?:moved|left)"
    r"|access denied\. as\(201806281\)|user ?unknown|not our customer|is not listed in",
    re.IGNORECASE,
)
UNAVAILABLE = re.compile(
    r"mailbox (?:is )?unavailable|recipient address rejected: access denied", re.IGNORECASE
)
"""What Microsoft says of mailboxes that do not exist; elsewhere it may be said of policy as well."""

DISABLED = re.compile(
    r"(?:user|recipient|mailbox|account|address)\b.{0,60}?\b(?:disabled|deactivated|inactive|suspended|discontinued"
    r"|expired|closed|locked)|(?:disabled|deactivated|inactive|suspended|expired) (?:user|recipient|mailbox|account)",
    re.IGNORECASE,
)
FULL = re.compile(
    r"(?:over|exceed\w*|out of|insufficient|not enough) (?:\S+ ){0,3}?(?:quota|storage|space|size|disk)"
    r"|quota (?:is |has been |was )?(?:exceeded|reached|full|violation)|(?:mailbox|inbox|folder|disk)(?: is)? full"
    r"|too (?:large|big)|size limit|maximum (?:inbound )?message size|timed? ?out|connection (?:refused|reset|lost)"
    r"|temporar|try again|too many (?:connections|messages|recipients)|at a rate|too (?:quickly|fast)"
    r"|gr[ea]y-?list|throttl|rate limit|deferred|unable to connect|no answer|network|resources",
    re.IGNORECASE,
)
POLICY = re.compile(
    r"spam|unsolicited|bulk mail|junk|virus|malware|phish|block(?:ed|ing)|banned|policy|polic(?:y|ies)"
    r"|not authoriz|unauthenticated|authentication|relay|content|prohibited|sender (?:address )?(?:rejected|denied)"
    r"|access denied|suspicious|forbidden|complaint",
    re.IGNORECASE,
)
LONGEST = 2000
"""Characters read; nobody needs more to say why."""

GONE = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10"})
CLOSED = frozenset({"2.1", "7.13"})
SENDER = frozenset({"1.7", "1.8"})


def bounce_of(words: str, status: str = "", otherwise: Bounce = Bounce.SOFT) -> Bounce:
    """The meaning of a bounce.

    `words`: the other server's reply or the provider's account of it. `status`: an enhanced status or a reply
    code told apart from the words. `otherwise`: what the provider itself makes of it, for when neither says.
    """
    words = words[:LONGEST]
    kind, subject = number_in(status) or number_in(words) or ("", "")
    said = LINKS.sub(" ", words)
    if LISTED.search(said):
        return Bounce.POLICY
    if kind == "4":
        return Bounce.POLICY if subject.startswith("7.") else Bounce.SOFT
    if DEAD.search(said) or (UNAVAILABLE.search(said) and not subject.startswith("7.")):
        return Bounce.INVALID
    if FULL.search(said):
        return Bounce.SOFT
    if subject in GONE:
        return Bounce.INVALID
    if DISABLED.search(said) or subject in CLOSED:
        return Bounce.DISABLED
    if subject in SENDER or subject.startswith(("6.", "7.")) or POLICY.search(said):
        return Bounce.POLICY
    if subject.startswith(("2.", "3.", "4.", "5.")):
        return Bounce.SOFT
    return otherwise


def number_in(text: str) -> tuple[str, str] | None:
    """The class and the subject of a status, as ("5", "1.1"); the subject is "" for a bare reply code."""
    found = STATUS.search(text)
    if found:
        return found[1], f"{int(found[2])}.{int(found[3])}"
    found = REPLY.search(text)
    return (found[1], "") if found else None
