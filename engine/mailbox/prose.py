"""The part of a bounce written for people: without the returned letter, and which words are about which recipient."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import dataclass

from engine.mailbox.addresses import found_in, is_machine, trimmed, without
from engine.mailbox.mime import LINE, Mail, Part
from engine.model.sayings import any_of

RETURNED = (
    "message/rfc822",
    "message/rfc822-headers",
    "text/rfc822-headers",
    "text/rfc822",
    "message/global",
    "message/global-headers",
    "message/partial",
)
"""Kinds of parts that hold our own letter, or its beginning."""

LONGEST = 60_000
LONGEST_LINE = 2000
MOST_RECIPIENTS = 100
"""Our letters have one; other people's lists have a few; more are somebody's attempt to close a whole list."""

RETURNED_FROM_HERE = re.compile(
    r"""
    ^[\s>*=|.\#-]*(?:
        (?:this\ is\ |here\ is\ |included\ is\ |attached\ is\ |below\ is\ )?
        (?:an?\ |the\ )?(?<!receive\ a\ )copy\ of\ (?:the|your)\b
      | .{0,40}\bbelow\ this\ line\b
      | (?:the\ )?(?:first\ \d+\ lines\ of\ )?(?:the\ |your\ )?
        (?:original|returned|undelivered|unsent|rejected|source|old|bounced|failed)\ (?:e-?mail\ )?
        (?:message|mail|e-?mail|text)(?:\ (?:headers?|text|body|details|source))?
        (?:\ (?:follows?|attached|below|as\ received|is\ (?:attached|included|below|following)|\(.{0,40}\)).{0,60})?
        [\s:.*=|>\#-]*$
      | (?:the\ )?(?:message|mail)\ (?:headers?|text|body)s?\b.{0,20}\b(?:follow|below|removed|suppressed)
      | (?:the\ )?headers?\ (?:of|and)\b.{0,60}\b(?:message|mail|lines)\b
      | start\ of\ returned\ message
      | your\ message\ reads
      | (?:a\ )?summary\ of\ the\ undelivered
      | the\ first\ \d+\ lines\ of
      | begin\ (?:original|returned|forwarded)\ message
      | -{3,}\s*(?:forwarded|original|ursprüngliche|mensaje\ original|message\ original|messaggio\ originale)
      | (?:mensaje|mensagem|messaggio|message)\ (?:original|originale|d'origine)\b
      | (?:hier|es)\ folgt\ (?:eine|die|der)
      | 以下(?:是|为|は)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Where the sentence about the failure ends and what was sent begins again."""

RETURNED_HEADER = re.compile(r"^>?\s?(?:return-path|received)\s*:", re.IGNORECASE)

NOT_A_RECIPIENT = any_of(
    r"contact|assist|please (?:send|forward|direct|e-?mail|reply|report)|questions?\b|help\s?desk",
    r"^\W*from\s*:|mail from|\bsender\b|reply-to|message-id|abuse|http|support|webmaster|unsubscribe",
    r"report (?:this|it)|^\W*(?:cc|bcc)\s*:|\bsent by\b|\boriginator\b|^\W*subject\b|\btry\b",
    r"\binstead\b|^\W*to\s*:",
    flags=re.IGNORECASE,
)
"""Lines whose addresses are somebody to write to, or who wrote."""

TO = re.compile(r"^\W*to\s*:", re.IGNORECASE)
"""A line of the letter's head, told again: often a list's address, so the last thing to go by."""

LABEL = re.compile(
    r"(?:recipients?|address(?:es|ed)?|addressed to|undeliverable(?: to)?|not (?:be )?(?:delivered|sent|reached?)(?: to)?"
    r"|delivered to|unable to deliver(?: (?:mail|message|your message))? to|delivery (?:of \S+ )?(?:failed|to)|reach"
    r"|unknown user|userid|error-for|user|rcpt to|dda|mailbox|for|to|deliver(?:y)?(?: \w+){0,3} to|attempts)\W{0,6}"
    r"(?:smtp[:;=]|rfc822;|the following(?: \w+){0,3})?\W{0,8}$",
    re.IGNORECASE,
)
"""What stands before a recipient within a line."""

ALIAS_OF = re.compile(
    r"\((?:generated|expanded|was addressed|originally addressed|forwarded)\b[^()]{0,30}?\b(?:from|to)\b",
    re.IGNORECASE,
)
"""The address we wrote to, behind the one it was passed on to."""

TAGS = re.compile(
    r"<(?:style|script|head)\b.*?</(?:style|script|head)\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL
)
BREAKS = re.compile(r"<\s*(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table|hr)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"<[/!a-zA-Z][^<>@]*>")
"""A tag, and not an address in angle brackets."""


@dataclass(frozen=True, slots=True)
class Named:
    """A recipient named in prose, with the words that are about them alone ("" where none are)."""

    address: str
    words: str


def prose(mail: Mail) -> str:
    """What the mail says to a person, without the returned letter."""
    plain = [part for part in mail.parts if part.kind == "text/plain"]
    texts = plain or [part for part in mail.parts if part.kind in ("text/html", "text/enriched")]
    said = "\n".join(_readable(part) for part in _before_the_letter(mail, texts))
    return _cut(said[:LONGEST])


def returned_text(mail: Mail) -> str:
    """The returned letter's beginning, wherever it stands: in a part of its own or behind the prose."""
    parts = [part.text for part in mail.of_kind(*RETURNED)]
    said = "\n".join(_readable(part) for part in mail.parts if part.kind == "text/plain")
    return "\n\n".join([*parts, said[len(_cut(said)) :]])


def named(text: str, own: Collection[str]) -> list[Named]:
    """The recipients named in a text, in order, each with the words about them.

    `own`: addresses that are ours or the reporting program's, and so nobody's who was written to.
    """
    lines = [line[:LONGEST_LINE] for line in LINE.split(text)]
    marked = [
        (place, address)
        for place, line in enumerate(lines)
        for address in _marked(lines, place, line)
        if not is_machine(address)
    ]
    kept = [each for each in marked if without([each[1]], own)] or _unmarked(lines, own) or marked
    wanted = without([address for _, address in kept], ())[:MOST_RECIPIENTS]
    kept = kept[: MOST_RECIPIENTS * 10]
    return [Named(address, _about(lines, kept, address)) for address in wanted]


def _unmarked(lines: list[str], own: Collection[str]) -> list[tuple[int, str]]:
    """The one address a text holds beside ours, where nothing says whose it is; none where there are several."""
    found = [
        (place, address)
        for place, line in enumerate(lines)
        if not NOT_A_RECIPIENT.search(line) or TO.match(line)
        for address in found_in(line)
        if without([address], own) and not is_machine(address)
    ]
    return found if len(without([address for _, address in found], ())) == 1 else []


def _before_the_letter(mail: Mail, texts: list[Part]) -> list[Part]:
    """Of several texts those before the returned letter; all of them if there is none before."""
    letters = [place for place, part in enumerate(mail.parts) if part.kind in RETURNED]
    if not letters:
        return texts
    before = [part for part in texts if mail.parts.index(part) < letters[0]]
    return before or texts


def _readable(part: Part) -> str:
    text = part.text
    if part.kind == "text/plain" and not re.match(
        r"\s*<(?:!doctype|html|head|body)\b", text[:200], re.IGNORECASE
    ):
        return text
    text = BREAKS.sub("\n", TAGS.sub(" ", text))
    return html.unescape(TAG.sub(" ", text)).replace("\xa0", " ")


def _cut(text: str) -> str:
    """The text up to where the returned letter begins."""
    place = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        stripped = line.strip()[:400]
        if number and (RETURNED_FROM_HERE.match(stripped) or RETURNED_HEADER.match(stripped)):
            return text[:place]
        place += len(line)
    return text


def _marked(lines: list[str], place: int, line: str) -> list[str]:
    """The addresses of a line that are said to be recipients."""
    alias = ALIAS_OF.search(line)
    if alias:
        return [trimmed(each) for each in found_in(line[alias.end() :])]
    following = lines[place + 1] if place + 1 < len(lines) else ""
    if ALIAS_OF.search(following) and list(found_in(following)):
        return []
    if NOT_A_RECIPIENT.search(line):
        return []
    found = []
    start = 0
    for address in found_in(line):
        begin = line.find(address, start)
        before = line[start:begin]
        start = begin + len(address)
        if not before.strip(" \t<>\"'*|-=:;,[(&•.") or LABEL.search(before):
            found.append(address)
    return found


def _about(lines: list[str], kept: list[tuple[int, str]], address: str) -> str:
    """The words from each mention of an address to the next recipient's."""
    others = {place for place, each in kept if each.lower() != address.lower()}
    said = []
    for place, each in kept:
        if each.lower() != address.lower():
            continue
        for number in range(place, min(place + 30, len(lines))):
            if number > place and number in others:
                break
            said.append(lines[number])
    text = " ".join(" ".join(said).split())
    rest = re.sub(re.escape(address), "", text, flags=re.IGNORECASE)
    return text if re.search(r"[^\W\d_]{3}", rest) else ""
