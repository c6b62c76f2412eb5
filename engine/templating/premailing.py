"""premailer with its log captured, reading each style sheet once however many variants of a letter carry it."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from threading import Lock
from typing import Any

import cssutils
from premailer import Premailer

LOCK = Lock()
"""premailer and its CSS parser keep one log for the whole process."""

KEPT_SHEETS = 64
PARSER = cssutils.CSSParser(fetcher=lambda _: ("utf-8", b""))
"""Reads no style sheet that another one imports: left alone, it would ask the network for it."""

IMPORTANT = re.compile(r"\s*!\s*important", re.IGNORECASE)


class Messages(logging.Handler):
    """Keeps what the CSS parser says instead of printing it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one message."""
        self.texts.append(record.getMessage())


@dataclass(frozen=True, slots=True)
class Sheet:
    """A style sheet as premailer applies it, and what its parser said about it."""

    rules: list[Any]
    leftover: list[Any]
    messages: tuple[str, ...]


_sheets: dict[tuple[str, int], Sheet] = {}


class Inliner(Premailer):  # type: ignore[misc]
    """Moves styles onto elements. `said`: what the parser said about the style sheets.

    What it says about `style` attributes it says once in a process, so that is no use; the linter reads those.
    """

    def __init__(self, page: str, heard: Messages) -> None:
        super().__init__(
            page,
            allow_network=False,
            keep_style_tags=True,
            strip_important=False,
            disable_validation=True,
            cache_css_parsing=False,
        )
        self.heard = heard
        self.said: list[str] = []

    def _parse_css_string(self, css_body: str, validate: bool = True) -> Any:
        """A style sheet's rules, without those it imports."""
        before = len(self.heard.texts)
        sheet = PARSER.parseString(css_body, validate=validate)
        self.said += self.heard.texts[before:]
        return sheet

    def _style_to_basic_html_attributes(self, element: Any, style_content: str, force: bool = False) -> None:
        """`width` and the like as attributes; emphasis has no place in those."""
        super()._style_to_basic_html_attributes(element, IMPORTANT.sub("", style_content), force)

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> tuple[list[Any], list[Any]]:
        """The rules of one sheet. A sheet that was read before says again what it said then."""
        key = (css_body, ruleset_index)
        sheet = _sheets.get(key)
        if sheet is None:
            before = len(self.said)
            rules, leftover = super()._parse_style_rules(css_body, ruleset_index)
            sheet = Sheet(rules, leftover, tuple(self.said[before:]))
            if len(_sheets) >= KEPT_SHEETS:
                _sheets.pop(next(iter(_sheets)))
            _sheets[key] = sheet
        else:
            self.said += sheet.messages
        return list(sheet.rules), list(sheet.leftover)


def premailed(page: str) -> tuple[str, list[str]]:
    """premailer's own result and what the CSS parser said about the style sheets."""
    heard = Messages()
    log = logging.Logger("engine.templating.css")
    log.addHandler(heard)
    with LOCK:
        cssutils.log.setLog(log)
        cssutils.log.raiseExceptions = False
        inliner = Inliner(page, heard)
        done: str = inliner.transform(pretty_print=False)
    return done, inliner.said
