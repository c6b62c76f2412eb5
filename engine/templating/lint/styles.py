"""Rules about what mail programs cannot draw (C) and about dark mode's presence (D)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.model.problem import Severity
from engine.templating.lint.cascade import DARK
from engine.templating.lint.finding import Flaw, one_line
from engine.templating.lint.subject import Subject, flaw_at, line_of

FORBIDDEN = (
    "script", "form", "iframe", "video", "audio", "object", "embed", "base", "input", "select", "textarea",
    "svg", "canvas", "frame", "applet",
)  # fmt: skip
LAYOUTS = {
    "display": ("flex", "inline-flex", "grid", "inline-grid"),
    "position": ("absolute", "fixed", "sticky"),
}
# Gmail drops the whole attribute or sheet. Source: caniemail css-variables; css-rgb note 2.
VARIABLE = re.compile(r"\bvar\(\s*--")
MODERN_COLOUR = re.compile(
    r"\b(?:rgba?|hsla?)\(\s*[\d.]+(?:%|deg)?\s+[\d.]|\b(?:oklch|oklab|lch|lab|color-mix|color)\("
)
GENERIC = ("serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "inherit", "initial")
# The layout breaks without them, and Gmail or Outlook for Windows does not know them. Source: caniemail, June
# 2026, whose pages carry the same names with `css-` before them.
BREAKING = frozenset(
    {
        "object-fit", "object-position", "aspect-ratio", "clip-path", "filter", "transform", "gap", "inset",
        "column-count", "mix-blend-mode",
    }
)  # fmt: skip


def forbidden_elements(subject: Subject) -> Iterator[Flaw]:
    """C01"""
    for element in subject.all(*FORBIDDEN):
        help = "remove it; link to a page instead"
        yield flaw_at(element, f"mail programs strip <{element.tag}>, and filters distrust it", help)


def modern_layout(subject: Subject) -> Iterator[Flaw]:
    """C02"""
    for declaration, line, _ in subject.declarations():
        if declaration.value.lower() in LAYOUTS.get(declaration.property, ()):
            written = f"{declaration.property}: {declaration.value}"
            yield Flaw(f"Outlook and Gmail's apps ignore `{written}`", "use a table", line, quote=written)


def modern_values(subject: Subject) -> Iterator[Flaw]:
    """C03"""
    for declaration, line, _ in subject.declarations():
        if declaration.property.startswith("--") or VARIABLE.search(declaration.value):
            message = f"CSS variables (`{one_line(declaration.value, 30)}`) are lost in Gmail and Outlook"
            yield Flaw(message, "write the value itself", line, quote=declaration.value)
        elif MODERN_COLOUR.search(declaration.value):
            message = f"`{one_line(declaration.value, 40)}` makes Gmail drop the whole style"
            yield Flaw(message, "write the colour as #rrggbb", line, quote=declaration.value)
    for style, sheet in subject.sheets:
        for written in sheet.imports:
            if not _behind_comment(subject, written) and not style.get("media"):
                message = f"`{one_line(written)}`: mail programs do not fetch sheets"
                yield Flaw(message, "copy the rules in", line_of(style), element="style", quote=written)
    for link in subject.all("link"):
        if "stylesheet" in (link.get("rel") or "").lower() and not _behind_comment(
            subject, link.get("href") or ""
        ):
            yield flaw_at(link, "mail programs do not fetch style sheets", "put the rules into <style>")


def _behind_comment(subject: Subject, piece: str) -> bool:
    """Whether the piece stands between `<!--[if !mso]><!-->` and `<!--<![endif]-->`."""
    place = subject.html.find(piece)
    opened = subject.html.rfind("[if !mso", 0, max(place, 0))
    return place > 0 and opened >= 0 and subject.html.rfind("<![endif]", 0, place) < opened


def web_fonts(subject: Subject) -> Iterator[Flaw]:
    """C04"""
    for style, sheet in subject.sheets:
        text = style.text or ""
        for rule in sheet.rules:
            hidden = style.get("media") or rule.media or _behind_comment(subject, text[:200] or "@font-face")
            if rule.at == "@font-face" and not hidden:
                message = "Outlook falls back to Times New Roman when it sees this web font"
                help = "put @font-face between <!--[if !mso]><!--> and <!--<![endif]-->"
                yield Flaw(message, help, line_of(style) + rule.line, element="style", quote="@font-face")
    for declaration, line, _ in subject.declarations():
        if declaration.property != "font-family":
            continue
        last = declaration.value.split(",")[-1].strip().strip("'\"").lower()
        if last not in GENERIC and "," in declaration.value:
            message = f"`{one_line(declaration.value)}` has no generic font at its end"
            yield Flaw(
                message, "end the list with serif, sans-serif or monospace", line, quote=declaration.value
            )


def breaking_properties(subject: Subject) -> Iterator[Flaw]:
    """C05"""
    for declaration, line, _ in subject.declarations():
        if declaration.property in BREAKING and declaration.value not in ("none", "normal", "0"):
            message = f"`{declaration.property}` is not drawn by Gmail or Outlook"
            yield Flaw(message, "build the look without it", line, quote=declaration.property)


def css_faults(subject: Subject) -> Iterator[Flaw]:
    """C06"""
    for style, sheet in subject.sheets:
        for line, fault in sheet.faults:
            yield Flaw(
                f"in a <style>: {fault}",
                "correct the rule",
                line_of(style) + line,
                element="style",
                quote=fault,
            )
    for element, _, bad in subject.inline:
        for piece in bad:
            yield flaw_at(
                element,
                f"`{one_line(piece)}` in a style attribute is no declaration",
                "write `property: value`",
            )


def colour_scheme(subject: Subject) -> Iterator[Flaw]:
    """D01"""
    names = {(meta.get("name") or "").lower() for meta in subject.all("meta")}
    declared = any(one.property == "color-scheme" for one, _, _ in subject.declarations())
    if "color-scheme" not in names or not declared:
        help = 'add <meta name="color-scheme" content="light dark"> and :root { color-scheme: light dark; }'
        yield Flaw("the letter does not say that it knows dark mode", help, 1)


def dark_styles(subject: Subject) -> Iterator[Flaw]:
    """D02"""
    if not any(DARK.search(rule.media) for _, sheet in subject.sheets for rule in sheet.rules):
        help = "add @media (prefers-color-scheme: dark) { … } with a colour for every text and ground"
        yield Flaw(
            "there is no look for dark mode; mail programs will invent one", help, level=Severity.WARNING
        )
