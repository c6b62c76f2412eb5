"""Rules about what an inbox shows first: preheader (P), subject and headers (H)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.model.problem import Severity
from engine.templating.lint.finding import Flaw, one_line
from engine.templating.lint.links import is_loopback
from engine.templating.lint.subject import FILLER, Subject, inner_text, line_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

SHORTEST, LONGEST = 40, 130
SHOWN = 60  # characters of a subject most inboxes show
RECOMMENDED = 78  # RFC 5322, §2.1.1
ANSWER = re.compile(r"^\s*(re|fwd?|aw|wg|sv)\s*:", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
NOBODY = re.compile(r"\b(no|do-?not)[-_.]?reply", re.IGNORECASE)
LONGEST_WORD = 900  # RFC 5322 lines end at 998 bytes, and a word cannot be folded


def preheader(subject: Subject) -> Iterator[Flaw]:
    """P01"""
    said = subject.envelope.preheader.strip()
    if said and said == subject.envelope.subject.strip():
        yield Flaw("the preheader repeats the subject", "use the line to say something new", part="preheader")
    first = _first_words(subject)
    if first is None:
        return
    element, text = first
    if not subject.inside_hidden(element):
        help = "put a hidden <div> with the preheader first in the body"
        yield Flaw(
            f"the inbox will show “{one_line(text, 40)}” after the subject",
            help,
            line_of(element),
            quote=text[:60],
        )
        return
    told = FILLER.sub(" ", text).strip()
    if not SHORTEST <= len(told) <= LONGEST:
        message = f"the preheader has {len(told)} characters; {SHORTEST} to {LONGEST} use the line well"
        yield Flaw(message, "", line_of(element), part="preheader", quote=one_line(told))
    elif len(text) - len(told) < 40:
        help = "fill the hidden line up with &#8199;&#65279;&#847; so that nothing follows it"
        yield Flaw("the inbox will show the letter's first words after the preheader", help, line_of(element))


def _first_words(subject: Subject) -> tuple[Element, str] | None:
    for element in subject.body.iter():
        if (
            isinstance(element.tag, str)
            and element.tag not in ("style", "script")
            and (element.text or "").strip()
        ):
            hidden = subject.inside_hidden(element)
            return element, str(element.xpath("string()")) if hidden else inner_text(element)
    return None


def subject_line(subject: Subject) -> Iterator[Flaw]:
    """H01"""
    line = subject.envelope.subject.strip()
    if not line:
        yield Flaw("the subject is empty", "write one", part="subject", level=Severity.ERROR)
        return
    if len(line) > SHOWN:
        limit = RECOMMENDED if len(line) > RECOMMENDED else SHOWN
        message = f"the subject has {len(line)} characters; inboxes cut after about {limit}"
        yield Flaw(message, "put what matters first", part="subject", quote=line)
    letters = [sign for sign in line if sign.isalpha()]
    if len(letters) > 8 and all(sign.isupper() for sign in letters):
        yield Flaw("the subject is all capitals", "write it as you would speak", part="subject", quote=line)
    if ANSWER.match(line):
        yield Flaw("the subject pretends to be an answer", "remove `Re:`", part="subject", quote=line)


def sender(subject: Subject) -> Iterator[Flaw]:
    """H02"""
    envelope = subject.envelope
    origin = envelope.header("From")
    if origin is not None and "@" not in origin:
        yield Flaw("From has no address", "name a sender of config/senders.yaml", part="From", quote=origin)
    elif origin is not None and not origin.split("<")[0].strip(' "'):
        yield Flaw(
            "From has no name", "give the sender a name", part="From", quote=origin, level=Severity.WARNING
        )
    for name in ("From", "Reply-To"):
        value = envelope.header(name) or ""
        if NOBODY.search(value):
            message = f"{name} says that nobody reads the answers"
            yield Flaw(
                message, "use a mailbox somebody reads", part=name, quote=value, level=Severity.WARNING
            )


def one_click(subject: Subject) -> Iterator[Flaw]:
    """H03"""
    envelope = subject.envelope
    if not envelope.facts.marketing or not envelope.headers:
        return
    way = envelope.header("List-Unsubscribe") or ""
    addresses = re.findall(r"<([^>]*)>", way)
    if not any(address.startswith("https://") for address in addresses):
        local = any(is_loopback(address) for address in addresses)
        message = (
            "List-Unsubscribe works on this machine only"
            if local
            else "there is no List-Unsubscribe with https"
        )
        level = Severity.NOTE if local else None
        yield Flaw(
            message, "set public_url in config/project.yaml", part="List-Unsubscribe", quote=way, level=level
        )
    post = (envelope.header("List-Unsubscribe-Post") or "").strip()
    if post != "List-Unsubscribe=One-Click":
        message = "List-Unsubscribe-Post is not `List-Unsubscribe=One-Click`"
        yield Flaw(message, "Gmail and Yahoo want both headers", part="List-Unsubscribe-Post", quote=post)


def header_lines(subject: Subject) -> Iterator[Flaw]:
    """H05"""
    envelope = subject.envelope
    for name, value in (("Subject", envelope.subject), *envelope.headers.items()):
        if CONTROL.search(value):
            message = f"{name} holds a line break or control character"
            yield Flaw(message, "remove it from the value", part=name, quote=one_line(value))
        if max((len(word.encode("utf-8", "replace")) for word in value.split()), default=0) > LONGEST_WORD:
            yield Flaw(
                f"{name} holds a word too long for one line", "shorten it", part=name, quote=one_line(value)
            )
