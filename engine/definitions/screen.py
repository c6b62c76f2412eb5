"""A problem as people read it: code, file, line, the line itself with a caret under it, and what to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

from engine.definitions.files import SECRETS_FILE
from engine.model.problem import Problem, Severity

# Longer source lines are cut around the caret, so that a screen of 100 columns holds them.
LONGEST_LINE = 90
COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}
BOLD, BLUE, RESET = "1", "34", "0"
SECRET_VALUE = re.compile(
    r"\b(?:token|password|signing_key|database|user)\s*:\s+(?!!secret\b|!env\b)([^\s,}#][^,}#\n]*)"
)
Paint = Callable[[str, str], str]


def screen(problem: Problem, root: Path, *, colour: bool = False) -> str:
    """The problem as lines of text; `root`: the workspace, whose file is read for the source lines."""
    paint: Paint = (
        (lambda text, style: f"\x1b[{style}m{text}\x1b[{RESET}m") if colour else (lambda text, style: text)
    )
    style = f"{BOLD};{COLOURS[problem.severity]}"
    lines = [paint(f"{problem.severity}[{problem.code}]", style) + paint(f": {problem.message}", BOLD)]
    gutter = len(str(problem.line)) if problem.line else 1
    lines.append(f"{' ' * gutter}{paint('-->', BLUE)} {_where(problem)}")
    source = _source(problem, root)
    bar = paint("|", BLUE)
    if source:
        lines.append(f"{' ' * gutter} {bar}")
        lines.extend(_excerpt(problem, source, gutter, paint, style))
    if problem.help:
        lines.append(f"{' ' * gutter} {paint('=', BLUE)} help: {problem.help}")
    return "\n".join(lines)


def _where(problem: Problem) -> str:
    return f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file


def _source(problem: Problem, root: Path) -> list[str]:
    """The lines of the file up to the problem's; none for secrets, or when the file is gone."""
    if not problem.line or problem.file == SECRETS_FILE:
        return []
    try:
        text = (root / problem.file).read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return []
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)
    return [_masked(line) for line in lines[: problem.line]] if problem.line <= len(lines) else []


def _masked(line: str) -> str:
    """The line without a secret that is written in plain sight."""
    for found in reversed(list(SECRET_VALUE.finditer(line))):
        value = found[1].rstrip()
        line = line[: found.start(1)] + "•" * len(value) + line[found.start(1) + len(value) :]
    return line


def _excerpt(problem: Problem, source: list[str], gutter: int, paint: Paint, style: str) -> list[str]:
    """The line before (when it says something) and the line itself, with its caret."""
    bar, number = paint("|", BLUE), problem.line
    shown = []
    if number > 1 and source[number - 2].strip():
        shown.append(
            f"{paint(str(number - 1).rjust(gutter), BLUE)} {bar} {_fitted(source[number - 2], 0)[0]}".rstrip()
        )
    start = min(max(problem.column - 1, 0), len(source[-1]))
    line, cut = _fitted(source[-1], start)
    before = line[: start - cut]
    marked = line[start - cut : start - cut + max(problem.width, 1)]
    carets = "^" * max(cells(marked), 1)
    shown.append(f"{paint(str(number).rjust(gutter), BLUE)} {bar} {line}".rstrip())
    shown.append(f"{' ' * gutter} {bar} {' ' * cells(before)}{paint(carets, style)}")
    return shown


def _fitted(line: str, start: int) -> tuple[str, int]:
    """The part of a long line around `start`, and how many characters were cut off before it."""
    line = "".join(" " if sign == "\t" else sign if sign.isprintable() else "\ufffd" for sign in line)
    if len(line) <= LONGEST_LINE:
        return line, 0
    cut = max(0, min(start - LONGEST_LINE // 3, len(line) - LONGEST_LINE))
    part = line[cut : cut + LONGEST_LINE]
    if cut:
        part = "…" + part[1:]
    return (part[:-1] + "…" if cut + LONGEST_LINE < len(line) else part), cut


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for wide signs, none for combining ones."""
    return sum(_width(sign) for sign in text)


def _width(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
