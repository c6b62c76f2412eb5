"""Styles moved from the style sheet onto the elements, once per variant, with personal places left alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.errors import TemplateError
from engine.model.problem import Problem, Severity
from engine.templating.contexts import TEXT, Standing, standings
from engine.templating.safety import (
    check_neighbours,
    check_places,
    check_structures,
    check_tree,
    selecting,
    structures,
    word_of,
)
from engine.templating.skeleton import cut
from engine.templating.specialise import CannotSplit, Residual

DOCTYPE = re.compile(r"<!doctype\s+([^\s>]+)\s*([^>]*)>", re.IGNORECASE)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
ROOT = re.compile(r"<!doctype[\s>]|<html[\s>]", re.IGNORECASE)
END = re.compile(r"</html\s*>", re.IGNORECASE)
STYLE = re.compile(r"<style\b([^>]*)>(.*?)</style\s*>", re.IGNORECASE | re.DOTALL)
IGNORED = re.compile(r"data-premailer\s*=\s*[\"']?ignore", re.IGNORECASE)
NOT_INLINED = re.compile(r"/\*.*?\*/|@[\w-]+[^{};]*(?:;|\{(?:[^{}]*\{[^{}]*\})*[^{}]*\})", re.DOTALL)
"""Comments, and what begins with an @: rules for some screens stay in the style sheet."""

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
Tokens = tuple[tuple[str, str, str], ...]
"""A page's tokens: each with its kind, and the tag that opens its piece."""


@dataclass(frozen=True, slots=True)
class Inlined:
    """An inlined page.

    `html`: with its tokens. `marked`: the same with the control tokens of its text as comments, for parsers.
    `structures`: those tokens, each structure's from its opening to its end; `lone`: those that write nothing.
    `findings`: what the style sheet's parser did not understand.
    """

    html: str
    marked: str
    structures: tuple[tuple[str, ...], ...] = ()
    lone: tuple[str, ...] = ()
    findings: tuple[Problem, ...] = ()


Outcome = Inlined | CannotSplit | TemplateError
REMEMBERED = 64
"""How many skeletons are remembered: a run's letters have a few, whatever their number."""


def inline(html: str, *, file: str = "") -> Inlined:
    """A page without tokens. Raises TemplateError for a style sheet that cannot be applied."""
    return inline_residual(Residual(html, {}), file=file)


def inline_residual(residual: Residual, *, file: str = "") -> Inlined:
    """A page with tokens, inlined so that filling it equals inlining each person's page.

    Raises CannotSplit where that would not be so, TemplateError for a style sheet that cannot be applied.
    """
    if residual.tags:
        raise CannotSplit(
            "HTML that depends on the person is made in an expression, a filter or a block `set`"
        )
    tokens = tuple((token, kind, word_of(residual.pieces[token])) for token, kind in residual.kinds.items())
    page = cut(residual.text, residual.tokens() if tokens else None, selecting(inlined_sheets(residual.text)))
    if page is not None:
        made = remembered(page.skeleton, tokens, file)
        if not isinstance(made, Inlined):
            # Told to many; a traceback of each would be kept for ever.
            raise made.with_traceback(None)
        html, marked = page.paste(made.html), page.paste(made.marked)
        if html is not None and marked is not None:
            return replace(made, html=html, marked=marked)
    return inline_directly(residual.text, tokens, file)


@lru_cache(maxsize=REMEMBERED)
def remembered(skeleton: str, tokens: Tokens, file: str) -> Outcome:
    """What becomes of a page without its words; equal skeletons are worked out once."""
    try:
        return inline_directly(skeleton, tokens, file)
    except (CannotSplit, TemplateError) as error:
        return error


def inline_directly(text: str, tokens: Tokens, file: str) -> Inlined:
    """The same as `inline_residual`, worked out from the beginning."""
    if not text.strip():
        return Inlined(text, text)
    if not tokens:
        before, page, after = around(text)
        done, messages = transformed(page, file)
        result = before + done + after
        return Inlined(result, result, findings=css_findings(messages, file))
    residual = Residual(
        text, {token: word for token, _, word in tokens}, kinds={token: kind for token, kind, _ in tokens}
    )
    places = standings(text, residual.tokens())
    sheets = inlined_sheets(text)
    check_places(places, residual.kinds, sheets)
    controls = [place for place in places if residual.kinds[place.token] == "control"]
    groups = structures(controls, residual.pieces)
    check_structures(groups)
    check_neighbours(text, groups, sheets)
    in_text = [place for place in controls if place.kind == TEXT]
    before, page, after = around(as_comments(text, in_text))
    done, messages = transformed(page, file)
    check_tokens(page, done, residual)
    outside = [place.token for place in in_text if comment(place.token) in before + after]
    check_page(done, groups, outside)
    marked = before + done + after
    findings = css_findings(messages, file)
    html = as_words(marked, frozenset(place.token for place in in_text))
    grouped, lone = text_structures(html, residual)
    return Inlined(html, marked, grouped, lone, findings)


def text_structures(html: str, residual: Residual) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """The tokens of the structures that stand in an inlined page's text, and those that write nothing."""
    places = [
        place for place in standings(html, residual.tokens()) if residual.kinds[place.token] == "control"
    ]
    grouped = tuple(
        tuple(place.token for place in group)
        for group in structures(places, residual.pieces)
        if group[0].kind == TEXT
    )
    inside = {token for group in grouped for token in group}
    return grouped, tuple(place.token for place in places if place.kind == TEXT and place.token not in inside)


def inlined_sheets(html: str) -> list[str]:
    """The rules that are moved onto the elements."""
    found = STYLE.findall(html)
    return [rules_of(css) for attributes, css in found if not IGNORED.search(attributes)]


@lru_cache(maxsize=REMEMBERED)
def rules_of(css: str) -> str:
    """A style sheet without what stays where it is."""
    return NOT_INLINED.sub("", css)


def comment(token: str) -> str:
    """A token that parsers pass over."""
    return f"<!--{token}-->"


def as_comments(text: str, places: Iterable[Standing]) -> str:
    """The tokens at these places as comments."""
    parts: list[str] = []
    last = 0
    for place in places:
        parts += (text[last : place.start], comment(place.token))
        last = place.start + len(place.token)
    return "".join((*parts, text[last:]))


def as_words(marked: str, names: frozenset[str]) -> str:
    """The comments of `as_comments` as words again."""
    return COMMENT.sub(lambda found: found[0][4:-3] if found[0][4:-3] in names else found[0], marked)


def around(html: str) -> tuple[str, str, str]:
    """What stands before the document, the document, and what stands behind it.

    Comments and tokens outside the root element would be lost or moved, so they are set aside.
    """
    start, end = 0, len(html)
    root = ROOT.search(COMMENT.sub(lambda found: " " * len(found[0]), html))
    if root and not COMMENT.sub("", html[: root.start()]).strip():
        start = root.start()
    for closing in END.finditer(html):
        if not COMMENT.sub("", html[closing.end() :]).strip():
            end = closing.end()
            break
    return html[:start], html[start:end], html[end:]


def transformed(page: str, file: str) -> tuple[str, list[str]]:
    """The page with its styles inlined, and what the CSS parser had to say."""
    from cssselect import SelectorError
    from lxml.etree import LxmlError

    from engine.templating.premailing import premailed

    doctype, page = normalised(page)
    try:
        done, messages = premailed(page)
    except (SelectorError, LxmlError, ValueError, IndexError, AssertionError) as error:
        raise TemplateError(
            f"the styles cannot be moved onto the elements: {error}",
            file=file,
            help="simplify the selector it names, or move that rule into a @media block",
        ) from error
    if doctype and not done.startswith(doctype):
        raise TemplateError("the page lost its doctype while its styles were moved", file=file)
    return done, messages


def normalised(page: str) -> tuple[str, str]:
    """The doctype as lxml writes it, and the page that begins with it: otherwise premailer drops it."""
    found = DOCTYPE.match(page)
    if not found:
        return "", page
    name, rest = found.groups()
    quoted = [text[1:-1] for text in QUOTED.findall(rest)]
    if rest[:6].upper() == "PUBLIC" and len(quoted) == 2:
        doctype = f'<!DOCTYPE {name.lower()} PUBLIC "{quoted[0]}" "{quoted[1]}">'
    elif not rest:
        doctype = f"<!DOCTYPE {name.lower()}>"
    else:
        doctype = found.group()
    return doctype, doctype + page[found.end() :]


def check_tokens(page: str, done: str, residual: Residual) -> None:
    """CannotSplit where a token was lost, or a structure's tokens changed their order."""
    pattern = residual.tokens()
    earlier, later = pattern.findall(page), pattern.findall(done)
    if not set(earlier) <= set(later):
        raise CannotSplit("the style sheet's parser drops something personal in a `style` attribute")
    kinds = residual.kinds
    if [token for token in earlier if kinds[token] == "control"] != [
        token for token in later if kinds[token] == "control"
    ]:
        raise CannotSplit("the page's parser moves a condition or loop")


def check_page(done: str, groups: list[list[Standing]], outside: Iterable[str]) -> None:
    """CannotSplit where a structure does not begin and end in the same element."""
    from lxml import etree

    page = etree.fromstring(done, etree.HTMLParser())
    check_tree(page.getroottree().getroot(), groups, outside)


def css_findings(messages: Iterable[str], file: str) -> tuple[Problem, ...]:
    """The CSS parser's complaints, each once."""
    texts = dict.fromkeys(" ".join(message.split()) for message in messages)
    return tuple(
        Problem(
            file=f"templates/{file}",
            line=1,
            column=1,
            code="T091",
            message=f"a style was not understood and may be dropped: {text}",
            help="write it in older CSS; mail programs would not understand it either",
            severity=Severity.WARNING,
        )
        for text in texts
    )
