"""Rules about the document itself: doctype, language, head, balance (S), and its weight (W)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from engine.model.problem import Severity
from engine.templating.lint.finding import Flaw
from engine.templating.lint.subject import Subject, flaw_at, line_of

DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)*<!doctype\s+([^>]*)>", re.IGNORECASE | re.DOTALL)
TOKEN = re.compile(
    r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|<(/?)([a-zA-Z][\w:-]*)((?:\"[^\"]*\"|'[^']*'|[^'\">])*)>",
    re.DOTALL | re.IGNORECASE,
)
# Elements whose end must be written (HTML standard, §13.1.2.4); td and tr too, because mail programs repair
# tables each in its own way.
PAIRED = frozenset(
    {
        "a", "b", "bdi", "big", "blockquote", "center", "code", "div", "em", "font", "h1", "h2", "h3", "h4",
        "h5", "h6", "i", "ol", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "td", "th", "tr",
        "u", "ul",
    }
)  # fmt: skip
LARGE, CLIPPED = 80_000, 100_000  # Gmail cuts letters at 102 KB; tracking links and encoding take the rest
STYLE_ROOM = 16_384  # Gmail ignores all styles past this. Source: caniemail html-style, note 6
LONGEST_LINE = 998  # RFC 5322, §2.1.1


def doctype(subject: Subject) -> Iterator[Flaw]:
    """S01"""
    found = DOCTYPE.match(subject.html)
    if not found:
        yield Flaw("there is no doctype", "start the template with <!DOCTYPE html>, in capitals", 1)
    elif found.group(1).strip().lower() != "html":
        yield Flaw("the doctype is an old one", "start with <!DOCTYPE html>", 1, level=Severity.WARNING)


def language(subject: Subject) -> Iterator[Flaw]:
    """S02"""
    help = 'write lang="en-GB" (your letter\'s language) on <html> and on the role="article" wrapper'
    said = (subject.root.get("lang") or "").strip()
    if not said or said.lower() == "und":
        yield Flaw("the letter does not say its language", help, line_of(subject.root), element="html")
    wanted = subject.envelope.facts.language
    if said and wanted and said.split("-")[0].lower() != wanted.split("-")[0].lower():
        message = f"the letter says it is in `{said}`, the project says `{wanted}`"
        yield Flaw(message, help, line_of(subject.root), element="html", level=Severity.WARNING)
    if not any(element.get("lang") for element in subject.body.iter() if isinstance(element.tag, str)):
        message = "the language is not repeated inside the body; webmail drops the <html> tag"
        yield Flaw(message, help, line_of(subject.body), element="body", level=Severity.WARNING)


def direction(subject: Subject) -> Iterator[Flaw]:
    """S03"""
    inside = any(element.get("dir") for element in subject.body.iter("div", "table", "td", "body", "center"))
    if not subject.root.get("dir") or not inside:
        yield Flaw(
            "the writing direction is not said",
            'write dir="ltr" or dir="rtl" on <html> and on the wrapper',
            1,
        )


def title(subject: Subject) -> Iterator[Flaw]:
    """S04"""
    found = subject.root.find("head/title")
    if found is None or not (found.text or "").strip():
        yield Flaw(
            "the <title> is missing or empty; notifications and tabs show it", "put the subject there", 1
        )


def charset(subject: Subject) -> Iterator[Flaw]:
    """S05"""
    start = subject.html.encode("utf-8", errors="replace")[:1024].lower()
    if b"charset=utf-8" not in start.replace(b'"', b"").replace(b"'", b"").replace(b" ", b""):
        yield Flaw(
            "utf-8 is not declared in the first 1,024 bytes",
            'write <meta charset="utf-8"> first in <head>',
            1,
        )
    if not any((meta.get("name") or "").lower() == "viewport" for meta in subject.all("meta")):
        help = 'add <meta name="viewport" content="width=device-width, initial-scale=1">'
        message = "there is no viewport: telephones show the letter tiny"
        yield Flaw(message, help, 1, level=Severity.WARNING)


def reformatting(subject: Subject) -> Iterator[Flaw]:
    """S06"""
    names = {(meta.get("name") or "").lower() for meta in subject.all("meta")}
    for name in ("x-apple-disable-message-reformatting", "format-detection"):
        if name not in names:
            yield Flaw(
                f"<meta name={name}> is missing", "Apple Mail may resize text or turn dates into links", 1
            )


def balance(subject: Subject) -> Iterator[Flaw]:
    """S07"""
    yield from _tags(subject.html)
    opened = sum(text.count("[if ") for text in subject.comments)
    closed = subject.html.count("<![endif]")
    opened += len(re.findall(r"<!\[if ", subject.html))
    if opened != closed:
        yield Flaw(
            f"{opened} conditional comments open and {closed} close",
            "pair every <!--[if …]> with <![endif]-->",
        )
    names = Counter(name for element in subject.elements if (name := element.get("id")))
    for name, count in names.items():
        if count > 1:
            yield Flaw(f'id="{name}" stands {count} times', "an id belongs to one element", quote=name)


def _tags(html: str) -> Iterator[Flaw]:
    """Ends without a beginning, and beginnings without an end; comments, scripts and sheets are skipped."""
    stack: list[tuple[str, int]] = []
    for found in TOKEN.finditer(html):
        name = (found.group(3) or "").lower()
        if name not in PAIRED or found.group(4).endswith("/"):
            continue
        if not found.group(2):
            stack.append((name, found.start()))
        elif stack and stack[-1][0] == name:
            stack.pop()
        elif any(open_name == name for open_name, _ in stack):
            while stack[-1][0] != name:
                yield _unclosed(html, *stack.pop())
            stack.pop()
        else:
            line = html.count("\n", 0, found.start()) + 1
            yield Flaw(f"</{name}> closes nothing", f"remove it, or open <{name}> before", line, element=name)
    for name, place in stack:
        yield _unclosed(html, name, place)


def _unclosed(html: str, name: str, place: int) -> Flaw:
    line = html.count("\n", 0, place) + 1
    return Flaw(
        f"<{name}> is never closed", f"write </{name}>", line, element=name, quote=html[place : place + 60]
    )


def whole_size(subject: Subject) -> Iterator[Flaw]:
    """W01"""
    size = subject.size
    help = "shorten the letter or its styles; Gmail cuts it at 102 KB and hides the unsubscribe link"
    if size >= CLIPPED:
        yield Flaw(f"the letter has {size:,} bytes and Gmail will cut it", help)
    elif size >= LARGE:
        yield Flaw(
            f"the letter has {size:,} bytes, close to where Gmail cuts it", help, level=Severity.WARNING
        )


def style_size(subject: Subject) -> Iterator[Flaw]:
    """W02"""
    sizes = [len((style.text or "").encode()) for style, _ in subject.sheets]
    if sum(sizes) >= STYLE_ROOM:
        message = f"the styles have {sum(sizes):,} bytes; Gmail drops all of them past {STYLE_ROOM:,}"
        yield flaw_at(subject.sheets[0][0], message, "move what can be inlined out of the kept <style>")


def line_length(subject: Subject) -> Iterator[Flaw]:
    """W04"""
    if subject.envelope.facts.encoded:
        return
    for number, line in enumerate(subject.html.splitlines(), start=1):
        if len(line.encode("utf-8", "replace")) > LONGEST_LINE:
            yield Flaw(
                f"this line has over {LONGEST_LINE} bytes and mail servers will break it", "wrap it", number
            )
