"""The text part: what somebody reads who sees no HTML, made from the finished page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from engine.templating.textflow import BLANK, LINE, SPACE, Flow, wrapped

SKIPPED = frozenset(
    {"head", "title", "style", "script", "template", "noscript", "svg", "object", "video", "audio"}
)
HIDDEN = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden|max-height\s*:\s*0(?![.\d]*[1-9])"
    r"|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
"""How letters hide their preheader; none of it is meant to be read."""

PARAGRAPHS = frozenset(
    {"p", "ul", "ol", "dl", "table", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
)
LINES = frozenset(
    [
        "div",
        "li",
        "tr",
        "dt",
        "dd",
        "section",
        "article",
        "header",
        "footer",
        "main",
        "nav",
        "address",
        "figure",
        "figcaption",
        "center",
        "form",
        "fieldset",
    ]
)
BLOCKS = PARAGRAPHS | LINES | {"hr"}
UNDERLINES = {"h1": "=", "h2": "-"}
RULE = "-" * 20
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u034f\u200b\ufeff"))
"""Soft hyphens, joiners and spaces of no width that letters use as filler."""


def plain_text(html: str, structures: Sequence[Sequence[str]] = (), lone: Sequence[str] = ()) -> str:
    """The text of a page, lines wrapped to 78 columns where they can be.

    Args:
        structures: tokens of conditions and loops that stand in `html` as comments, each from opening to end.
        lone: tokens, likewise comments, that write nothing.
    """
    if not html.strip():
        return ""
    root = etree.fromstring(html, etree.HTMLParser())
    if root is None:
        return ""
    walker = Walker(structures, lone)
    for node in reversed(list(root.itersiblings(preceding=True))):
        walker.comment(node)
    walker.element(root)
    for node in root.itersiblings():
        walker.comment(node)
    text = wrapped(walker.flow.text(), {token for group in structures for token in group} | set(lone))
    return text + "\n" if text else ""


def fragment_text(html: str) -> str:
    """The text of a piece of HTML that stands inside a text part: not wrapped, no line end behind it."""
    if "<" not in html and "&" not in html:
        return html
    root = etree.fromstring(f"<html><body>{html}</body></html>", etree.HTMLParser())
    walker = Walker((), ())
    walker.element(root)
    return walker.flow.text()


class Walker:
    """Goes through a page once."""

    def __init__(self, structures: Sequence[Sequence[str]], lone: Sequence[str]) -> None:
        self.opening = {group[0]: group[-1] for group in structures}
        self.middle = {token for group in structures for token in group[1:-1]}
        self.closing = {group[-1] for group in structures}
        self.lone = set(lone)
        self.flow = Flow()

    def element(self, node: etree._Element) -> None:
        """An element with its content."""
        tag = str(node.tag).lower()
        if tag in SKIPPED or hidden(node.attrib):
            self.spill(node)
            return
        method = getattr(self, f"on_{tag}", None)
        if method is not None:
            method(node)
        elif tag in UNDERLINES:
            self.heading(node, UNDERLINES[tag])
        elif tag in PARAGRAPHS:
            self.block(node, BLANK)
        elif tag in LINES:
            self.block(node, LINE)
        else:
            self.content(node)

    def content(self, node: etree._Element) -> None:
        """Text and children, in order."""
        self.flow.write(clean(node.text))
        for child in node:
            if isinstance(child.tag, str):
                self.element(child)
            else:
                self.comment(child)
            self.flow.write(clean(child.tail))

    def block(self, node: etree._Element, space: int) -> None:
        """Content that begins and ends its own lines."""
        self.flow.need(space)
        self.content(node)
        self.flow.need(space)

    def comment(self, node: etree._Element) -> None:
        """A token of a structure; any other comment says nothing."""
        token = str(node.text or "")
        if node.tag is not etree.Comment:
            return
        if token in self.opening:
            self.open(node, token)
        elif token in self.middle:
            self.flow.middle(token)
        elif token in self.closing:
            self.flow.close(token)
        elif token in self.lone:
            self.flow.put(token)

    def open(self, node: etree._Element, token: str) -> None:
        """The beginning of a structure: does it hold whole blocks, or words of a sentence?"""
        end = self.opening[token]
        blocks, tight = False, False
        following = None
        for sibling in node.itersiblings():
            if sibling.tag is etree.Comment and sibling.text == end:
                following = sibling.tail
                break
            if isinstance(sibling.tag, str):
                tags = [str(inner.tag).lower() for inner in sibling.iter() if isinstance(inner.tag, str)]
                tight = tight or (not blocks and tags[0] in LINES)
                blocks = blocks or any(tag in BLOCKS or tag == "br" for tag in tags)
        if blocks:
            self.flow.open_blocks(token, tight=tight)
        else:
            self.flow.open_words(token, spaced=not following or following[:1].isspace())

    def spill(self, node: etree._Element) -> None:
        """Variables set inside something that is not shown."""
        depth = 0
        for inner in node.iter(etree.Comment):
            token = str(inner.text)
            depth += (token in self.opening) - (token in self.closing)
            if token in self.lone and not depth:
                self.flow.put(token)

    def heading(self, node: etree._Element, line: str) -> None:
        """A heading with a line under it."""
        self.flow.need(BLANK)
        start = self.flow.mark()
        self.content(node)
        self.flow.underline(start, line)
        self.flow.need(BLANK)

    def on_a(self, node: etree._Element) -> None:
        """`text: url`, or the url alone where the text says the same."""
        start = self.flow.mark()
        self.content(node)
        url = " ".join((node.get("href") or "").split()).replace(" ", "%20")
        if url and not url.startswith("#"):
            self.flow.link(start, url)

    def on_img(self, node: etree._Element) -> None:
        """`[alt]`, or nothing for a decoration."""
        alt = " ".join(clean(node.get("alt")).split())
        if alt:
            self.flow.write(f"[{alt}]")

    def on_br(self, _: etree._Element) -> None:
        """A new line; two of them a new paragraph."""
        self.flow.need(BLANK if self.flow.pending >= LINE else LINE)

    def on_hr(self, _: etree._Element) -> None:
        """A rule."""
        self.flow.need(BLANK)
        self.flow.write(RULE)
        self.flow.need(BLANK)

    def on_li(self, node: etree._Element) -> None:
        """An item behind its mark."""
        parent = node.getparent()
        mark = "- "
        if parent is not None and parent.tag == "ol" and not list(parent.iterchildren(etree.Comment)):
            mark = f"{len(list(node.itersiblings('li', preceding=True))) + 1}. "
        self.flow.need(LINE)
        with self.flow.item(mark):
            self.content(node)
        self.flow.need(LINE)

    def on_blockquote(self, node: etree._Element) -> None:
        """A quotation, marked as in mail."""
        self.flow.need(BLANK)
        with self.flow.indented("> "):
            self.content(node)
        self.flow.need(BLANK)

    def on_pre(self, node: etree._Element) -> None:
        """Text whose lines are kept."""
        self.flow.need(BLANK)
        for line in clean("".join(node.itertext(tag=etree.Element))).strip("\n").split("\n"):
            self.flow.need(LINE)
            self.flow.emit(line.rstrip())
        self.flow.need(BLANK)

    def on_td(self, node: etree._Element) -> None:
        """A cell: on its row's line where the row is a table of data, on its own where tables make the layout."""
        row = node.getparent()
        cells = [] if row is None else [cell for cell in row if cell.tag in ("td", "th")]
        data = len(cells) > 1 and not any(
            inner.tag in BLOCKS for cell in cells for inner in cell.iterdescendants()
        )
        self.block(node, SPACE if data else LINE)

    on_th = on_td


def hidden(attributes: Mapping[str, str]) -> bool:
    """Whether an element is not shown."""
    return "hidden" in attributes or HIDDEN.search(attributes.get("style", "")) is not None


def clean(text: object) -> str:
    """Text without characters that have no width."""
    return str(text).translate(INVISIBLE) if text else ""
