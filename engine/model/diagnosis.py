"""Why a letter came back, read from the receiving server's own words: by meaning, not by "it begins with 5"."""

from __future__ import annotations

import re

from engine.model.heard import Bounce

ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
"""An enhanced status (RFC 3463); not a piece of an IP address."""

NO_SUCH = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10"})
"""RFC 3463 and 7505: no such mailbox, no such domain, not an address, moved away, the domain takes no mail."""

CLOSED = frozenset({"2.1", "7.13"})
"""RFC 3463 and 5248: the mailbox, or the recipient's account, is disabled."""

BUSY = frozenset({"2.2", "2.3", "3.1", "3.2", "3.4", "4.1", "4.2", "4.3", "4.5", "4.6", "4.7"})
"""RFC 3463: full, too large, no storage, not accepting, no answer, congested, too late."""

DEAD_WORDS = re.compile(
    r"user unknown|unknown user|unknown recipient|recipient unknown|no such (?:user|mailbox|recipient|person|address)"
    r"|(?:user|mailbox|account|recipient|address) (?:\S+ )?(?:does not|doesn't|did not) exist"
    r"|(?:mailbox|address|recipient|user) not (?:found|known)|invalid (?:recipient|mailbox|address|user)"
    r"|(?:user|mailbox) (?:is )?(?:invalid|unavailable or does not exist)|doesn't have an? \S+ account"
    r"|not a (?:known|valid) (?:user|mailbox|recipient|address)|no mailbox here|address rejected: access denied"
    r"|(?:no|bad) destination mailbox|not our customer|not listed in",
    re.IGNORECASE,
)
NO_DOMAIN_WORDS = re.compile(
    r"(?:host|domain)(?: or domain name)?(?: name)? (?:not found|is unknown|unknown|does not exist|doesn't exist)"
    r"|no such domain|nxdomain|null mx|unable to find mx|no mx(?: or a)?|domain mentioned in email address is unknown"
    r"|unrouteable address|invalid domain",
    re.IGNORECASE,
)
CLOSED_WORDS = re.compile(
    r"(?:mailbox|account|user|recipient|address)\S* (?:\S+ ){0,3}"
    r"(?:disabled|inactive|suspended|deactivated|locked|expired)"
    r"|(?:disabled|inactive|suspended|deactivated) (?:recipient|mailbox|account|user)",
    re.IGNORECASE,
)
FULL_WORDS = re.compile(
    r"quota|mailbox (?:\S+ )?full|is full|insufficient (?:system )?storage|too (?:large|big)|exceeds? (?:\S+ ){0,3}size",
    re.IGNORECASE,
)
LATER_WORDS = re.compile(r"grey-?list|try (?:again )?later|timed? ?out|temporar", re.IGNORECASE)
SENDERS_MATTER = re.compile(
    r"\bspam|\bblock(?:ed|ing|list| list)|black ?list|reputation|\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated"
    r"|not authenticated|\brbl\b|dnsbl|spamhaus|barracuda|proofpoint|\bpolicy|prohibited|unsolicited|rate.?limit"
    r"|too many (?:mess|conn|recip)"
    r"|virus|malware|content (?:rejected|denied)|message (?:\S+ )?rejected|poor reputation|bulk mail|not accepted for",
    re.IGNORECASE,
)


def diagnosed(status: str, words: str, *, hard: bool) -> Bounce:
    """What a bounce means.

    Args:
        status: the enhanced status where it is told apart from the words; "" otherwise.
        words: the server's reply, or the provider's account of it.
        hard: whether the provider gave the address up. Its verdict decides only where the words do not: a full
            mailbox is not dead because it was tried five days, and nothing temporary is ever INVALID.
    """
    found = ENHANCED.search(status) or ENHANCED.search(words)
    subject = f"{int(found[2])}.{int(found[3])}" if found else ""
    meaning = by_words(words, subject) or by_status(subject)
    if meaning in (Bounce.INVALID, Bounce.DISABLED) and not hard:
        return Bounce.SOFT
    if meaning is not None:
        return meaning
    return Bounce.INVALID if hard and not LATER_WORDS.search(words) else Bounce.SOFT


def by_words(words: str, subject: str) -> Bounce | None:
    """The meaning of the prose where it is plain; the sender's matters before everything else."""
    if subject in CLOSED and subject.startswith("7"):
        return Bounce.DISABLED
    if SENDERS_MATTER.search(words) and subject not in NO_SUCH:
        return Bounce.POLICY
    if DEAD_WORDS.search(words) or NO_DOMAIN_WORDS.search(words):
        return Bounce.INVALID if subject not in BUSY - {"4.1", "4.3"} else None
    if CLOSED_WORDS.search(words):
        return Bounce.DISABLED
    return Bounce.SOFT if FULL_WORDS.search(words) and subject not in NO_SUCH else None


def by_status(subject: str) -> Bounce | None:
    """The meaning of an enhanced status without its class; None where it says nothing useful."""
    if subject in NO_SUCH:
        return Bounce.INVALID
    if subject in CLOSED:
        return Bounce.DISABLED
    if subject in BUSY:
        return Bounce.SOFT
    return Bounce.POLICY if subject.startswith(("7.", "6.")) else None
