"""Plain text: without markup, control characters and direction tricks, cut at a word."""

from __future__ import annotations

import html
import re

MOST_TITLE = 300
MOST_SUMMARY = 600
MOST_HEADING = 40
SENTENCES = 280
# What is looked at of a text that only becomes a title: a megabyte of it is no better than ten kilobytes.
MOST_LOOKED_AT = 10_000

# Breaks, then what must vanish: other controls, zero-width spaces, and marks that turn the reading direction
# (they let a title show something else than it says). Joiners stay: emoji and Persian need them.
BREAKS = re.compile(r"[\s\x0b\x0c\x1c-\x1f\x85\u2028\u2029]+")
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
CONTROLS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*(?=\s|$)")
# WordPress puts this below every excerpt; it says nothing to a reader.
APPEARED_FIRST = re.compile(r"\s*The post .{1,300}? (?:appeared )?first (?:appeared )?on .{1,200}$")
READ_MORE = re.compile(
    r"\s*(?:\[(?:…|\.\.\.|&hellip;)\]|(?:Continue reading|Read more)\b.{0,200})\s*(?:→|»|…|\.\.\.)?$",
    re.IGNORECASE,
)

NOT_WORDS = {"script", "style", "svg", "math", "template", "iframe", "title"}
BLOCKS = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|center|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header"
    r"|hr|li|nav|ol|p|pre|section|table|tbody|td|tfoot|th|thead|tr|ul)\b[^>]*>",
    re.IGNORECASE,
)


def one_line(text: str) -> str:
    """The text on one line, without invisible characters."""
    return BREAKS.sub(" ", INVISIBLE.sub("", text)).strip()


def without_controls(markup: str) -> str:
    """Markup without characters that no page may carry; line breaks stay."""
    return CONTROLS.sub("", markup)


def from_html(markup: str) -> str:
    """The words of some markup on one line: tags gone, entities decoded once, scripts and styles dropped."""
    import nh3

    spaced = BLOCKS.sub(" ", markup)
    bare = nh3.clean(
        spaced,
        tags=set(),
        clean_content_tags={"script", "style", "svg", "math", "template", "iframe", "title"},
    )
    return one_line(html.unescape(bare))


def shortened(text: str, most: int) -> str:
    """The text, cut after a word with an ellipsis when it is longer than `most` characters."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    # Languages without spaces are cut where the room ends.
    kept = cut[:space] if space > most // 2 else cut
    return kept.rstrip(" ,;:.–—-") + "…"


def first_sentences(text: str, most: int = SENTENCES) -> str:
    """The first whole sentences that fit into `most` characters, else the beginning cut at a word."""
    if len(text) <= most:
        return text
    ends = [match.end() for match in SENTENCE_END.finditer(text[: most + 1])]
    # One short sentence ("Hello!") tells too little; then it is better to cut within the next.
    if ends and ends[-1] >= most // 3:
        return text[: ends[-1]]
    return shortened(text, most)


def without_boilerplate(text: str) -> str:
    """An excerpt without "The post … appeared first on …" and "Read more"."""
    return READ_MORE.sub("…", APPEARED_FIRST.sub("", text)).strip()
