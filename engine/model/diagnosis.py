"""Why a letter came back, read from the receiving server's own words: by meaning, not by "it begins with 5"."""

from __future__ import annotations

import re

from engine.model.heard import Bounce
from engine.model.sayings import (
    BEFORE_THE_RECIPIENT,
    CLOSED_WORDS,
    DEAD_WORDS,
    FULL_WORDS,
    NO_DOMAIN_WORDS,
    NOT_NOW,
    RULES,
    SENDERS_MATTER,
    UNAVAILABLE_WORDS,
)

ENHANCED = re.compile(r"(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?!\.?\d)")
"""An enhanced status (RFC 3463); not a piece of an IP address or of a version."""

CODE = re.compile(r"(?<![\w.])(4[2-5]\d|5[0-5]\d)(?=[ -])")
"""A reply code (RFC 5321)."""

NO_SUCH = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "4.310"})
"""RFC 3463, 7505 and Exchange: no such mailbox, no such domain, not an address, moved, takes no mail."""

CLOSED = frozenset({"2.1", "7.13"})
"""RFC 3463 and 5248: the mailbox, or the recipient's account, is disabled."""

SENDERS = frozenset({"1.7", "1.8"})
"""RFC 3463: the sender's address."""

BUSY = frozenset({"2.2", "2.3", "3.1", "3.2", "3.4", "4.1", "4.2", "4.3", "4.5", "4.6", "4.7"})
"""RFC 3463: full, too large, no storage, not accepting, no answer, congested, too late."""

NOBODY_THERE = "address rejected: access denied"
"""How Exchange Online refuses whoever is not in its directory (status 5.4.1)."""

URL = re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+|<mailto:[^>]*>")
ADDRESS = re.compile(r"<?[^\s<>@:;,(\"']{1,64}@[^\s<>@:;,)\"']{1,255}>?")
HOST = re.compile(r"\b(?:[a-z0-9_-]{1,63}\.){1,8}(?!nosuch|recip|unknown|user)[a-z][a-z0-9-]{1,62}\b")
"""A host's name; not one of Exchange's names for an error, which look like one."""

NUMBERED = re.compile(r"\[[^\[\]]{0,200}\]")
CONTINUED = re.compile(r"(?<=\s)[45]\d\d-")
MAILBOX = re.compile(r"\bmail[ -]box")
SPACE = re.compile(r"\s+")
LONGEST = 8_000


def diagnosed(status: str, words: str, *, hard: bool) -> Bounce:
    """What a bounce means that a provider tells about.

    Args:
        status: the enhanced status where it is told apart from the words; "" otherwise.
        words: the server's reply, or the provider's account of it.
        hard: whether the provider gave the address up. Its verdict decides only where the words do not: a full
            mailbox is not dead because it was tried five days, and nothing temporary is ever INVALID.
    """
    found = meaning(status, words)
    if found in (Bounce.INVALID, Bounce.DISABLED) and not hard:
        return Bounce.SOFT
    if found is not None:
        return found
    return Bounce.INVALID if hard else Bounce.SOFT


def meaning(status: str, words: str) -> Bounce | None:
    """What a bounce means by its words and its status alone; None where they say nothing useful."""
    said = essence(words)
    own, told = ENHANCED.search(status), ENHANCED.search(said)
    found = told if own is None or (told is not None and own[0].endswith(".0.0")) else own
    code = CODE.search(said)
    subject = f"{int(found[2])}.{int(found[3])}" if found else ""
    lasting = not (found[1] if found else code[1] if code else "5").startswith("4")
    return by_words(said, subject, lasting=lasting) or by_status(subject, lasting=lasting)


def is_dead(words: str) -> bool:
    """Whether a reply says in plain words that there is no such mailbox, and nothing else."""
    said = essence(words)
    return DEAD_WORDS.search(said) is not None and by_words(said, "", lasting=True) is Bounce.INVALID


def essence(words: str) -> str:
    """The words alone: lower case, one space between, `x` for every address, host name and URL."""
    said = URL.sub(" x ", words[:LONGEST].lower())
    said = ADDRESS.sub(" x ", said)
    said = HOST.sub("x", NUMBERED.sub(" ", CONTINUED.sub(" ", said)))
    return MAILBOX.sub("mailbox", SPACE.sub(" ", said.replace("_", " "))).strip()


def by_words(said: str, subject: str, *, lasting: bool) -> Bounce | None:
    """The meaning of the prose where it is plain. What is not about the address comes before what is."""
    if subject == "7.13":
        return Bounce.DISABLED
    if NOBODY_THERE in said:
        return Bounce.INVALID
    early = BEFORE_THE_RECIPIENT.search(said) is not None
    dead = DEAD_WORDS.search(said) is not None and not early
    if dead and subject in NO_SUCH:
        return Bounce.INVALID
    if FULL_WORDS.search(said):
        return Bounce.SOFT
    if early or SENDERS_MATTER.search(said):
        return Bounce.POLICY
    if dead:
        return Bounce.INVALID if subject not in BUSY - {"4.1", "4.3"} else None
    if RULES.search(said):
        return Bounce.POLICY
    if CLOSED_WORDS.search(said):
        return Bounce.DISABLED
    later = NOT_NOW.search(said) is not None
    if NO_DOMAIN_WORDS.search(said):
        return Bounce.INVALID if lasting and not later else Bounce.SOFT
    if UNAVAILABLE_WORDS.search(said) and lasting and not later:
        return Bounce.INVALID
    return Bounce.SOFT if later and subject not in NO_SUCH and not subject.startswith("7.") else None


def by_status(subject: str, *, lasting: bool) -> Bounce | None:
    """The meaning of an enhanced status; None where it says nothing useful."""
    if subject in NO_SUCH:
        return Bounce.INVALID if lasting else Bounce.SOFT
    if subject in CLOSED:
        return Bounce.DISABLED if lasting else Bounce.SOFT
    if subject in BUSY:
        return Bounce.SOFT
    return Bounce.POLICY if subject in SENDERS or subject.startswith(("7.", "6.")) else None
