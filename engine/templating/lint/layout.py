"""Rules about tables and widths (L), and what Outlook needs said to it alone (O)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.model.problem import Severity
from engine.templating.lint.cascade import SIDES, read_length
from engine.templating.lint.finding import Flaw
from engine.templating.lint.subject import Subject, flaw_at

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

NARROWEST, WIDEST = 320, 700  # Cerberus 600 and 680, MJML 600, Postmark 570, Maizzle 552
DEEPEST = 12
BLOCKS = ("table", "td", "div")
MSO_WIDTH = re.compile(r"width\s*[:=]\s*[\"']?(\d+)", re.IGNORECASE)
PIXELS = re.compile(r"PixelsPerInch>\s*96\b")


def _widths(subject: Subject) -> Iterator[tuple[Element, float]]:
    for element in subject.all(*BLOCKS):
        own = subject.look(element).own
        written = own.get("max-width") or own.get("width") or element.get("width") or ""
        if (
            written
            and not written.strip().endswith(("%", "em", "vw"))
            and (width := read_length(written, 16))
        ):
            yield element, width


def container(subject: Subject) -> Iterator[Flaw]:
    """L01"""
    widths = list(_widths(subject))
    help = f"give the outermost column a max-width between {NARROWEST} and {WIDEST} px; 600 is safe"
    for element, width in widths:
        if width > WIDEST:
            yield flaw_at(element, f"{width:.0f} px is wider than many reading panes", help)
    if not any(NARROWEST <= width <= WIDEST for _, width in widths):
        yield Flaw("the letter has no width and its lines run as long as the window", help)


def layout_tables(subject: Subject) -> Iterator[Flaw]:
    """L02"""
    for table in subject.all("table"):
        if table.find(".//th") is not None and table.find(".//table") is None:
            continue
        if (table.get("role") or "").lower() not in ("presentation", "none"):
            yield flaw_at(
                table, "screen readers read this layout table out as data", 'write role="presentation"'
            )
        missing = [name for name in ("cellpadding", "cellspacing") if table.get(name) is None]
        if missing:
            message = f"this table does not say {', '.join(missing)}; Outlook then adds its own gaps"
            help = " ".join(f'{name}="0"' for name in missing)
            yield flaw_at(table, message, f"write {help}", Severity.WARNING)


def ghost_table(subject: Subject) -> Iterator[Flaw]:
    """L03"""
    ghosts = {int(width) for width in MSO_WIDTH.findall(subject.outlook_only)}
    for element in subject.all(*BLOCKS):
        width = read_length(subject.look(element).own.get("max-width", ""), 16)
        fixed = read_length(element.get("width") or "", 16)
        if NARROWEST <= width <= WIDEST and round(width) not in ghosts and not NARROWEST <= fixed <= WIDEST:
            message = f"Outlook ignores max-width: {width:.0f}px and makes this as wide as the window"
            help = (
                f'put it in <!--[if mso]><table role="presentation" width="{width:.0f}"><tr><td><![endif]-->'
            )
            yield flaw_at(element, message, help)


def padding(subject: Subject) -> Iterator[Flaw]:
    """L04"""
    for element in subject.all("p", "div", "a", "span", "h1", "h2", "h3", "h4"):
        look = subject.look(element)
        if look.hidden_here or not any(look.padding(side) for side in SIDES) or is_button(subject, element):
            continue
        yield flaw_at(
            element, f"Outlook ignores padding on <{element.tag}>", "put the padding on the table cell"
        )


def is_button(subject: Subject, element: Element) -> bool:
    """Whether the element is a padded link on a colour of its own or of its table cell."""
    if element.tag != "a":
        return False
    look = subject.look(element)
    painted = "background" in look.own or "background-color" in look.own or "border" in look.own
    above = element.getparent()
    if not painted and above is not None and above.tag == "td":
        around = subject.look(above).own
        painted = "background-color" in around or "background" in around
    return painted and any(look.padding(side) >= 6 for side in SIDES)


def nesting(subject: Subject) -> Iterator[Flaw]:
    """L05"""
    for table in subject.all("table"):
        depth = sum(1 for _ in table.iterancestors("table")) + 1
        if depth == DEEPEST + 1:
            yield flaw_at(table, f"tables stand {depth} deep in each other", "flatten the layout")


def pixels_per_inch(subject: Subject) -> Iterator[Flaw]:
    """O01"""
    if not PIXELS.search(subject.outlook_only):
        help = "add <!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96… to <head>"
        yield Flaw("Outlook on a sharp screen scales pictures and widths wrongly", help, 1)


def background_colour(subject: Subject) -> Iterator[Flaw]:
    """O02"""
    for element in subject.elements:
        own = subject.look(element).own
        picture = "url(" in own.get("background-image", "") or "url(" in own.get("background", "")
        if (picture or element.get("background")) and not own.get("background-color"):
            yield flaw_at(element, "this background picture has no colour below it", "add background-color")
