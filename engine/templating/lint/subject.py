"""The letter under the lamp: parsed once, asked by every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from engine.model.problem import Severity
from engine.templating.lint.cascade import Cascade, Declared, Look, match
from engine.templating.lint.finding import Envelope, Flaw, one_line
from engine.templating.lint.stylesheet import Declaration, Stylesheet, read_declarations, read_stylesheet

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# Invisible signs used to fill a preheader: spaces of every width, joiners, byte order mark, soft hyphen.
FILLER = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufeff]+"
)
UNSEEN = frozenset({"script", "style", "title", "head", "meta", "link", "template"})
COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """A run of text with nothing between: `owner` is the element whose look it has."""

    text: str
    owner: Element


class Subject:
    """One letter: its tree, its sheets, the looks of its elements in light and in dark."""

    def __init__(self, html: str, envelope: Envelope) -> None:
        self.html = html
        self.envelope = envelope

    @cached_property
    def size(self) -> int:
        """Bytes of the HTML in UTF-8."""
        return len(self.html.encode("utf-8", errors="replace"))

    @cached_property
    def root(self) -> Element:
        """The parsed document; an empty <html> for an empty letter."""
        from lxml import etree

        parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
        data = self.html.replace("\0", "").encode("utf-8", errors="replace")
        root = etree.fromstring(data, parser) if data.strip() else None
        return root if root is not None else etree.fromstring(b"<html></html>", parser)

    @cached_property
    def elements(self) -> list[Element]:
        """Every element in order, without comments."""
        return [element for element in self.root.iter() if isinstance(element.tag, str)]

    @cached_property
    def body(self) -> Element:
        """The body, or the root where there is none."""
        body = self.root.find("body")
        return self.root if body is None else body

    def all(self, *tags: str) -> Iterator[Element]:
        """Elements with one of these tags, in order."""
        return (element for element in self.elements if element.tag in tags)

    @cached_property
    def comments(self) -> list[str]:
        """The inside of every comment, as written."""
        return COMMENT.findall(self.html)

    @cached_property
    def outlook_only(self) -> str:
        """Everything inside `<!--[if mso]>…<![endif]-->` comments."""
        return "\n".join(
            text for text in self.comments if text.lstrip().startswith("[if") and "[endif]" in text
        )

    @cached_property
    def sheets(self) -> list[tuple[Element, Stylesheet]]:
        """Each <style> and what it says. Print-only sheets count too: they are sent all the same."""
        return [(style, read_stylesheet(style.text or "")) for style in self.all("style")]

    @cached_property
    def _matched(self) -> dict[Element, list[Declared]]:
        return match(self.root, [sheet for _, sheet in self.sheets])

    @cached_property
    def light(self) -> Cascade:
        """How things look by day."""
        return Cascade(self.elements, self._matched, dark=False)

    @cached_property
    def dark(self) -> Cascade:
        """How things look where the system is dark and the mail program obeys `prefers-color-scheme`."""
        return Cascade(self.elements, self._matched, dark=True)

    def look(self, element: Element) -> Look:
        """The element's look in light."""
        return self.light.look(element)

    @cached_property
    def words(self) -> list[Words]:
        """Every visible run of text, in reading order."""
        return list(self._words(self.body))

    def _words(self, element: Element) -> Iterator[Words]:
        if not isinstance(element.tag, str) or element.tag in UNSEEN or self.look(element).hidden:
            return
        if element.text and FILLER.sub("", element.text):
            yield Words(element.text, element)
        for child in element:
            yield from self._words(child)
            if child.tail and FILLER.sub("", child.tail):
                yield Words(child.tail, element)

    @cached_property
    def visible_text(self) -> str:
        """All visible text on one line."""
        return FILLER.sub(" ", " ".join(words.text for words in self.words)).strip()

    @cached_property
    def links(self) -> list[Element]:
        """Visible links."""
        return [
            link for link in self.all("a") if link.get("href") is not None and not self.inside_hidden(link)
        ]

    @cached_property
    def images(self) -> list[Element]:
        """Every picture, hidden ones too: they are fetched all the same."""
        return list(self.all("img"))

    def inside_hidden(self, element: Element) -> bool:
        """Whether the element or something around it is hidden."""
        return self.look(element).hidden_here

    def declarations(self) -> Iterator[tuple[Declaration, int, Element | None]]:
        """Every declaration of the letter with its line: style attributes first, then sheets."""
        for element, good, _ in self.inline:
            yield from ((declaration, line_of(element), element) for declaration in good)
        for style, sheet in self.sheets:
            for rule in sheet.rules:
                yield from ((one, line_of(style) + rule.line, None) for one in rule.declarations)

    @cached_property
    def inline(self) -> list[tuple[Element, tuple[Declaration, ...], tuple[str, ...]]]:
        """Elements with a style attribute: what it says, and what of it is no declaration."""
        return [
            (element, *read_declarations(style))
            for element in self.elements
            if (style := element.get("style"))
        ]


def line_of(element: Element) -> int:
    """Where the element starts in the HTML, from 1; 0 when nobody knows."""
    return cast("int | None", element.sourceline) or 0


def inner_text(element: Element) -> str:
    """The element's text with everything inside but comments, on one line, without invisible signs."""
    return FILLER.sub(" ", str(element.xpath("string()"))).strip()


def quoted(element: Element) -> str:
    """What to quote of an element: its text, else its address, else its style."""
    return one_line(
        inner_text(element)
        or element.get("href")
        or element.get("src")
        or element.get("class")
        or str(element.tag)
    )


def name_of(element: Element) -> str:
    """What a screen reader would call a link: its label, its text, its pictures' words."""
    label = element.get("aria-label") or ""
    pictures = " ".join(image.get("alt") or "" for image in element.iter("img"))
    return f"{label} {inner_text(element)} {pictures} {element.get('title') or ''}".strip()


def flaw_at(element: Element, message: str, help: str = "", level: Severity | None = None) -> Flaw:
    """A flaw of one element, quoted."""
    return Flaw(message, help, line_of(element), element=str(element.tag), quote=quoted(element), level=level)
