"""Rules about values that did not arrive (V) and about the text part (T)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.model.problem import Severity
from engine.templating.lint.finding import Flaw, one_line
from engine.templating.lint.subject import Subject, flaw_at, inner_text, line_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MARKS = re.compile(r"\{\{|\}\}|\{%|%\}|\*\|[A-Z_:]+\|\*|<%|%%[A-Za-z_]+%%")
ABSENT = r"(?:None|nan|NaN|undefined|null)"
WHOLE = re.compile(rf"^{ABSENT}$")
# Mid-sentence only the words prose does not use there; at its start "None of these" is prose, too.
HOLE = re.compile(
    rf"(?<=[a-z] )(?:None|NaN)(?=[\s,.!?:;]|$)|(?<=[£$€]){ABSENT}\b|\b{ABSENT}(?=%)|^{ABSENT}(?=[,:!])"
)
GREETING = re.compile(
    r"\b(Dear|Hello|Hi|Hey|Good (?:morning|afternoon|evening)|Welcome back|Thank you|Hallo|Guten Tag|Bonjour"
    rf"|Hola|Ciao)\s+(?:{ABSENT}\s*)?[,!]"
)
ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|zwnj|mdash|#\d+|#x[0-9a-f]+);", re.IGNORECASE)
TAG = re.compile(r"</?(?:p|a|br|div|td|tr|table|span|strong|em|h[1-6]|img)\b[^>]*>", re.IGNORECASE)
COMFORTABLE = 78  # RFC 5322, §2.1.1
WAITED_FOR = ("href", "src", "alt", "title", "aria-label")


def unrendered(subject: Subject) -> Iterator[Flaw]:
    """V01"""
    envelope = subject.envelope
    for part, text in (
        ("subject", envelope.subject),
        ("preheader", envelope.preheader),
        ("text", envelope.text),
    ):
        for number, line in enumerate(text.splitlines(), start=1):
            hole = _hole(line) or ("," if part != "text" and line.lstrip().startswith(",") else "")
            if hole:
                yield Flaw(
                    _message(hole), HELP, number if part == "text" else 0, part=part, quote=one_line(line)
                )
    for words in subject.words:
        hole = _hole(words.text.strip()) or _bare_greeting(words.owner, words.text)
        if hole:
            owner = words.owner
            yield Flaw(
                _message(hole), HELP, line_of(owner), element=str(owner.tag), quote=one_line(words.text)
            )
    for element in subject.elements:
        for name in WAITED_FOR:
            value = element.get(name)
            if value and (MARKS.search(value) or re.search(rf"(?:=|/|^){ABSENT}(?:[/&?#]|$)", value)):
                yield flaw_at(element, f"a value did not arrive in {name}: `{one_line(value)}`", HELP)


HELP = "give the value a default, like {{ customer.first_name | default('there') }}"


def _message(hole: str) -> str:
    return f"a value did not arrive: “{one_line(hole)}”"


def _hole(text: str) -> str:
    found = MARKS.search(text) or WHOLE.match(text.strip()) or GREETING.search(text)
    if found:
        return found.group()
    found = HOLE.search(text)
    return found.group() if found else ""


def _bare_greeting(owner: Element, text: str) -> str:
    """`Dear <bdi></bdi>,`: the words around an empty element greet nobody."""
    if re.match(r"\s*(Dear|Hello|Hi|Hey|Hallo|Bonjour|Hola|Ciao)\s*$", text):
        whole = inner_text(owner)
        if re.match(r"(Dear|Hello|Hi|Hey|Hallo|Bonjour|Hola|Ciao)\s*[,!]", whole):
            return whole[:20]
    return ""


def code_agrees(subject: Subject) -> Iterator[Flaw]:
    """V03"""
    code = subject.envelope.facts.code
    if not code:
        return
    if code not in subject.visible_text:
        yield Flaw(f"the letter does not show the offer's code {code}", "write {{ offer.code }}")
    if subject.envelope.text and code not in subject.envelope.text:
        yield Flaw(
            f"the text part does not show the offer's code {code}", "write {{ offer.code }}", part="text"
        )


def text_part(subject: Subject) -> Iterator[Flaw]:
    """T01"""
    envelope = subject.envelope
    if not envelope.text.strip():
        yield Flaw("there is no text part", "leave `text:` out and one is made from the HTML", part="text")
        return
    ways = [("unsubscribe", envelope.facts.unsubscribe_url)] if envelope.facts.marketing else []
    for name, address in ways:
        if address and address not in envelope.text:
            yield Flaw(f"the text part has no {name} link", "add it", part="text", quote=address)
    for number, line in enumerate(envelope.text.splitlines(), start=1):
        leftover = ENTITY.search(line) or TAG.search(line)
        if leftover:
            message = f"the text part shows HTML: `{one_line(leftover.group())}`"
            yield Flaw(message, "write plain words", number, part="text", quote=one_line(line))


def text_lines(subject: Subject) -> Iterator[Flaw]:
    """T02"""
    long = [
        line for line in subject.envelope.text.splitlines() if len(line) > COMFORTABLE and "://" not in line
    ]
    if long:
        message = f"{len(long)} lines of the text part have over {COMFORTABLE} characters"
        yield Flaw(
            message,
            "old mail programs do not wrap them",
            part="text",
            quote=one_line(long[0]),
            level=Severity.NOTE,
        )
