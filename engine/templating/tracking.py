"""Links that lead over our own pages and a picture of one pixel, for campaigns that notice opens and clicks."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from engine.templating.program import Program

CLICK, OPEN = "click_url", "open_url"
"""Names of the personal values that stand in a tracked letter."""

ANCHOR = re.compile(r"<a\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
TARGET = re.compile(r"([\s}]href=)([\"'])(https?://[^\"'{}\s]+)\2", re.IGNORECASE)
"""An address that is the same for everybody: nothing of stage 2 (`{{ … }}`) stands in it."""

BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
PIXEL = f'<img src="{{{{ {OPEN} }}}}.gif" width="1" height="1" alt="" style="border: 0;">'


def tracked(program: Program, *, opens: bool, clicks: bool) -> tuple[Program, tuple[str, ...]]:
    """The program with its links numbered, and where each number leads; the first is number 1.

    Only the HTML part is changed, and only links that are the same for everybody. A letter that is made whole
    for every person keeps its own links.
    """
    if program.whole is not None or not (opens or clicks):
        return program, ()
    text, targets = program.html.text, dict[str, int]()
    if clicks:
        text = ANCHOR.sub(lambda found: TARGET.sub(lambda link: _numbered(link, targets), found[0]), text)
    if opens:
        text = _with_pixel(text)
    personal = (*program.personal, *([CLICK] if clicks else []), *([OPEN] if opens else []))
    made = replace(program, html=replace(program.html, text=text), personal=personal)
    return made, tuple(targets)


def _numbered(link: re.Match[str], targets: dict[str, int]) -> str:
    number = targets.setdefault(unescape(link[3]), len(targets) + 1)
    return f"{link[1]}{link[2]}{{{{ {CLICK} }}}}/{number}{link[2]}"


def _with_pixel(text: str) -> str:
    ends = list(BODY_END.finditer(text))
    place = ends[-1].start() if ends else len(text)
    return text[:place] + PIXEL + text[place:]
