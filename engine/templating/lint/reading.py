"""Rules about reading with eyes, thumbs and screen readers (A), and contrast in the dark (D03)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.model.problem import Severity
from engine.templating.lint.cascade import HEADINGS, Cascade
from engine.templating.lint.colours import contrast, in_hex
from engine.templating.lint.finding import Flaw, one_line
from engine.templating.lint.layout import is_button
from engine.templating.lint.styles import dark_styles
from engine.templating.lint.subject import FILLER, Subject, Words, flaw_at, inner_text, line_of, name_of

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

ENOUGH, ENOUGH_LARGE = 4.5, 3.0  # WCAG 2.2, 1.4.3
LARGE, LARGE_BOLD = 24.0, 18.66  # px; WCAG's 18 pt and 14 pt
SMALL, TINY = 14.0, 12.0
TIGHT = 1.4
THUMB = 44  # px; Apple's guidelines and WCAG 2.2, 2.5.5
SHOUTED = 140  # letters: about two lines in capitals
VAGUE = frozenset(
    {
        "click here",
        "here",
        "read more",
        "more",
        "learn more",
        "link",
        "this",
        "this link",
        "click",
        "hier",
        "mehr",
    }
)
FOOTER = re.compile(r"foot|legal|unsub|small-?print|\bsub\b|preheader", re.IGNORECASE)


def wrapper(subject: Subject) -> Iterator[Flaw]:
    """A01"""
    help = '<div role="article" aria-roledescription="email" aria-label="…" lang="en" dir="ltr">'
    articles = [element for element in subject.elements if element.get("role") == "article"]
    if not articles:
        yield Flaw(
            "no wrapper says that this is a letter", f"put everything in {help}", line_of(subject.body)
        )
    for article in articles:
        if not article.get("aria-roledescription") or not (
            article.get("aria-label") or article.get("aria-labelledby")
        ):
            yield flaw_at(article, "the wrapper has no aria-roledescription or no aria-label", help)


def headings(subject: Subject) -> Iterator[Flaw]:
    """A02"""
    found = [element for element in subject.all(*HEADINGS) if not subject.inside_hidden(element)]
    levels = [int(str(element.tag)[1]) for element in found]
    if not found:
        yield Flaw(
            "there is no heading; right for a plain letter, a pity in a newsletter", level=Severity.NOTE
        )
        return
    if levels.count(1) != 1:
        message = f"there should be one <h1>, there are {levels.count(1)}"
        yield flaw_at(found[0], message, "make the letter's own title the only <h1>")
    for element, before, level in zip(found[1:], levels, levels[1:], strict=False):
        if level > before + 1:
            yield flaw_at(
                element, f"<h{level}> follows <h{before}>", f"use <h{before + 1}>; size is a matter of style"
            )


def link_names(subject: Subject) -> Iterator[Flaw]:
    """A03"""
    for link in subject.links:
        name = name_of(link)
        if not name:
            yield flaw_at(link, "this link has no words", "give it text, or its picture an alt text")
        elif name.lower().strip(" .…»›→>!") in VAGUE:
            yield flaw_at(
                link, f"“{one_line(name)}” does not say where it leads", "name the target", Severity.WARNING
            )


def underlines(subject: Subject) -> Iterator[Flaw]:
    """A04"""
    for words in subject.words:
        link = _link_of(words.owner)
        if link is None or is_button(subject, link) or not _amid_text(link):
            continue
        if not subject.look(words.owner).underlined and not subject.look(link).underlined:
            yield flaw_at(link, "only its colour shows that this is a link", "text-decoration: underline")


def _link_of(element: Element) -> Element | None:
    for above in (element, *element.iterancestors()):
        if above.tag == "a":
            return above if above.get("href") else None
    return None


def _amid_text(link: Element) -> bool:
    """Whether other words stand in the link's line; a link alone in its block is seen as one."""
    block = link.getparent()
    if block is None:
        return False
    around, inside = inner_text(block), inner_text(link)
    others = sum(len(inner_text(other)) for other in block.iter("a"))
    return len(around) - max(others, len(inside)) > 3


def contrast_light(subject: Subject) -> Iterator[Flaw]:
    """A05"""
    yield from _pale(subject, subject.light, "")


def contrast_dark(subject: Subject) -> Iterator[Flaw]:
    """D03"""
    if not any(dark_styles(subject)):
        yield from _pale(subject, subject.dark, " in dark mode")


def _pale(subject: Subject, cascade: Cascade, when: str) -> Iterator[Flaw]:
    told: set[tuple[object, ...]] = set()
    for words in subject.words:
        look = cascade.look(words.owner)
        if look.background is None or look.hidden_here:
            continue
        large = look.size >= (LARGE_BOLD if look.bold else LARGE)
        needed = ENOUGH_LARGE if large else ENOUGH
        ratio = contrast(look.colour, look.background)
        pair = (look.colour, look.background, large)
        if ratio < needed and pair not in told:
            told.add(pair)
            message = (
                f"{in_hex(look.colour)} on {in_hex(look.background)} has a contrast of {ratio:.1f}{when}, "
                f"{needed:g} is needed"
            )
            yield _said(words, message, "make the text darker or its ground lighter" if not when else "")


def _said(words: Words, message: str, help: str = "", level: Severity | None = None) -> Flaw:
    owner = words.owner
    return Flaw(
        message, help, line_of(owner), element=str(owner.tag), quote=one_line(words.text), level=level
    )


def text_size(subject: Subject) -> Iterator[Flaw]:
    """A06"""
    told: set[tuple[str, float]] = set()
    for words in subject.words:
        look = subject.look(words.owner)
        if len(FILLER.sub("", words.text)) < 2:
            continue
        if look.size < TINY:
            found = ("tiny", look.size)
            message, level = f"{look.size:g} px is too small to read", None
        elif look.size < SMALL and not _in_footer(words.owner):
            found = ("small", look.size)
            message, level = f"{look.size:g} px is small for running text", Severity.WARNING
        elif _crowded(look.line_height, look.size, words.text):
            found = ("tight", round(look.line_height / look.size, 2))
            message, level = (
                f"lines of {look.size:g} px stand only {look.line_height:g} px apart",
                Severity.WARNING,
            )
        else:
            continue
        if found not in told:
            told.add(found)
            yield _said(words, message, "16 px on 24 px reads well; nothing under 14 px", level)


def _crowded(line_height: float, size: float, text: str) -> bool:
    return len(text) > 80 and size < 20 and 0 < line_height < TIGHT * size - 0.5


def _in_footer(element: Element) -> bool:
    for above in (element, *element.iterancestors()):
        if FOOTER.search(f"{above.get('class') or ''} {above.get('id') or ''}") or above.tag == "footer":
            return True
        if above.tag == "td" and any(FOOTER.search(link.get("href") or "") for link in above.iter("a")):
            return len(inner_text(above)) < 1500
    return False


def setting(subject: Subject) -> Iterator[Flaw]:
    """A07"""
    capitals = 0
    for words in subject.words:
        look = subject.look(words.owner)
        if look.align == "justify" and len(words.text) > 80:
            yield _said(words, "justified text tears holes into narrow columns", "text-align: left")
            return
        letters = [sign for sign in words.text if sign.isalpha()]
        shouted = look.capitals or (len(letters) > 20 and all(sign.isupper() for sign in letters))
        capitals = len(letters) if shouted else 0
        if capitals > SHOUTED:
            yield _said(words, "more than two lines in capitals are hard to read", "write small letters")


def button_size(subject: Subject) -> Iterator[Flaw]:
    """A08"""
    for link in subject.links:
        if not is_button(subject, link) or link.find(".//img") is not None:
            continue
        look = subject.look(link)
        above = link.getparent()
        around = subject.look(above) if above is not None else look
        borders = 2 * _border(look.own.get("border", "")) or sum(
            _border(look.own.get(f"border-{side}", "")) for side in ("top", "bottom")
        )
        height = (look.line_height or look.size * 1.2) + borders
        height += sum(look.padding(side) + around.padding(side) for side in ("top", "bottom"))
        if height < THUMB - 0.5:
            message = f"this button is about {height:.0f} px high; a thumb wants {THUMB}"
            yield flaw_at(link, message, "add padding above and below")


def _border(value: str) -> float:
    found = re.search(r"([\d.]+)px", value)
    return float(found.group(1)) if found and "none" not in value else 0.0
