"""Turns the YAML parser's own words into a marketer's: what is wrong, where, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

from engine.definitions.places import Place, Unreadable, refusal

NEEDS_QUOTES = re.compile(r"^\s*(?:- +)*(?:[\w.-]+ *: +)?(?P<value>(?P<sign>\{\{|\{%|%|@|`|\*|&|!|\||>).*)$")
COLON_INSIDE = re.compile(r"^\s*(?:- +)*[\w.-]+ *: +[^\"'\[{#].*?(?P<colon>:)(?: |$)")
OPEN_QUOTE = "while scanning a quoted scalar"
OPEN_FLOW = ("flow sequence", "flow mapping")


def explain(error: Any, text: str, name: str) -> Unreadable:
    """The one problem behind a parser's error."""
    mark = error.problem_mark or error.context_mark
    lines = text.splitlines()
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    if line >= len(lines) and lines:
        line, column = len(lines) - 1, len(lines[-1])
    message, help, column, line = _reading(error, lines, line, column)
    return refusal(Place(name, line + 1, column + 1), "Y001", message, help)


def _reading(error: Any, lines: list[str], line: int, column: int) -> tuple[str, str, int, int]:
    """Message, help, column and line (from 0)."""
    context = str(error.context or "")
    problem = str(error.problem or "this cannot be read")
    start = error.context_mark
    if OPEN_QUOTE in context and start is not None:
        return "this quote is never closed", "add the closing quote", start.column, start.line
    here = lines[line] if line < len(lines) else ""
    suspects = [(line, here)]
    if start is not None and start.line < len(lines) and start.line != line:
        suspects.append((start.line, lines[start.line]))
    for number, suspect in suspects:
        found = NEEDS_QUOTES.match(suspect)
        if found and found["sign"] not in ("|", ">", "!"):
            sign = found["sign"]
            help = f"a value that starts with {sign} needs quotes around it"
            return "this value needs quotes", help, found.start("value"), number
    if "mapping values are not allowed" in problem:
        found = COLON_INSIDE.match(here)
        if found:
            return (
                "a second `: ` on one line", "a value that contains `: ` needs quotes around it",
                found.start("colon"), line,
            )  # fmt: skip
        return (
            "this line is indented too far",
            "put it under the first letter of the line above",
            column,
            line,
        )
    if any(flow in context for flow in OPEN_FLOW) and start is not None:
        kind = ("list", "]") if "sequence" in context else ("group", "}")
        return (
            f"this {kind[0]} is never closed",
            f"add the closing `{kind[1]}`, or a comma",
            start.column,
            start.line,
        )
    if here[:column].rstrip().endswith(("'", '"')):
        help = "put the whole value in quotes of the other kind"
        return "the text goes on after its closing quote", help, column, line
    if "block mapping" in context or "block collection" in context:
        help = "give it the same number of spaces as its neighbours, and `key: value`"
        return "this line does not fit the lines above", help, column, line
    if "could not find expected ':'" in problem:
        at = start if start is not None else error.problem_mark
        return "there is no `:` after this key", "write `key: value`", at.column, at.line
    return problem, "compare it with an example; text with special signs needs quotes", column, line
