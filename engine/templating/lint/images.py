"""Rules about pictures (I) and what is left when they are blocked (X)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.model.problem import Severity
from engine.templating.lint.finding import Flaw
from engine.templating.lint.subject import Subject, flaw_at, inner_text

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

FILE_NAME = re.compile(r"^[\w\-. %]+\.(jpe?g|png|gif|webp|svg|avif|bmp)$", re.IGNORECASE)
UNDRAWN = re.compile(r"\.(svg|webp|avif)(\?|#|$)", re.IGNORECASE)
ENOUGH_TEXT = 400  # characters; 66 of 87 reference templates have them


def alternatives(subject: Subject) -> Iterator[Flaw]:
    """I01"""
    for image in subject.images:
        alt = image.get("alt")
        if alt is None:
            yield flaw_at(
                image, "this picture has no alt text", 'say what it shows, or alt="" for mere decoration'
            )
        elif FILE_NAME.match(alt.strip()):
            yield flaw_at(image, f"`{alt}` is a file name, not a description", "say what the picture shows")
        elif not alt.strip() and _alone_in_link(image):
            yield flaw_at(
                image, "a linked picture without words is a link without a name", "say where it leads"
            )


def _alone_in_link(image: Element) -> bool:
    link = next(image.iterancestors("a"), None)
    if link is None or not link.get("href"):
        return False
    return not inner_text(link) and not any((other.get("alt") or "").strip() for other in link.iter("img"))


def dimensions(subject: Subject) -> Iterator[Flaw]:
    """I02"""
    for image in subject.images:
        if subject.inside_hidden(image):
            continue
        width = image.get("width")
        if not width:
            yield flaw_at(
                image, "Outlook shows a picture without a width attribute in its full size", 'write width="…"'
            )
        elif (
            width.isdigit()
            and int(width) > 100
            and subject.look(image).own.get("display", "") not in ("block", "none")
        ):
            yield flaw_at(image, "a gap shows below this picture in webmail", "display: block", Severity.NOTE)


def addresses(subject: Subject) -> Iterator[Flaw]:
    """I03"""
    for image in subject.images:
        source = (image.get("src") or "").strip()
        lower = source.lower()
        if not source:
            yield flaw_at(image, "this picture has no address", "write src")
        elif lower.startswith("data:"):
            yield flaw_at(
                image, "Gmail does not show pictures written into the letter", "host it and link to it"
            )
        elif lower.startswith("http://"):
            yield flaw_at(image, "this picture's address is not encrypted", "use https://", Severity.WARNING)
        elif not lower.startswith(("https://", "cid:")):
            yield flaw_at(image, f"`{source[:60]}` is no whole address", "start it with https://")
        elif UNDRAWN.search(source):
            yield flaw_at(image, "Gmail or Outlook cannot draw this kind of picture", "use PNG, JPEG or GIF")


def live_text(subject: Subject) -> Iterator[Flaw]:
    """X01"""
    length = len(subject.visible_text)
    if subject.images and length < ENOUGH_TEXT:
        message = f"with pictures blocked only {length} characters are left"
        yield Flaw(message, "say it in words as well; filters distrust letters made of pictures")
