"""Where the elements of a finished letter were written: every tag of a template carries its place for a while."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import BaseLoader, Environment

from engine.templating.environment import html_by_name
from engine.templating.lint.finding import Finding

MARK = "data-written-at"
# Jinja's own brackets are passed over, so that `{% if a <b %}` stays what it is.
JINJA = r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}"
TAG = re.compile(rf"(?:{JINJA})|(<[A-Za-z][A-Za-z0-9]*)(?=[\s/>])", re.DOTALL)
WRITTEN = re.compile(rf'<([A-Za-z][A-Za-z0-9]*) {MARK}="?(\d+)-(\d+)-(\d+)"?|\s{MARK}="?\d+-\d+-\d+"?')


@dataclass(frozen=True, slots=True)
class Origin:
    """A tag in a template: its file, line and column, the last two counted from 1."""

    tag: str
    file: str
    line: int
    column: int


class MarkingLoader(BaseLoader):
    """Loads templates with each tag's place written into it. `files`: their names, by their numbers in marks."""

    def __init__(self, loader: BaseLoader) -> None:
        self.loader = loader
        self.files: list[str] = []

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The template's source, marked where it is HTML; its lines stay where they are."""
        source, filename, fresh = self.loader.get_source(environment, template)
        if not html_by_name(template):
            return source, filename, fresh
        if template not in self.files:
            self.files.append(template)
        return marked(source, self.files.index(template)), filename, fresh

    def list_templates(self) -> list[str]:
        """Every template there is."""
        return self.loader.list_templates()


def marked(source: str, number: int) -> str:
    """The template with its number, the line and the column written into each tag."""
    line, start, counted = 1, 0, 0

    def mark(found: re.Match[str]) -> str:
        nonlocal line, start, counted
        if not found[1]:
            return found[0]
        breaks = source.count("\n", counted, found.start())
        if breaks:
            line += breaks
            start = source.rindex("\n", 0, found.start()) + 1
        counted = found.start()
        # Unquoted, so that it is harmless even inside the quotes of another attribute.
        return f"{found[1]} {MARK}={number}-{line}-{found.start() - start + 1}"

    return TAG.sub(mark, source)


class Origins:
    """A marked letter taken apart: `html` without the marks, and where each of its tags comes from."""

    def __init__(self, html: str, files: Sequence[str]) -> None:
        self.lines: list[int] = []
        self.origins: list[Origin] = []
        number, counted = 1, 0
        for found in WRITTEN.finditer(html):
            number += html.count("\n", counted, found.start())
            counted = found.start()
            if found[1] and int(found[2]) < len(files):
                self.lines.append(number)
                self.origins.append(Origin(found[1], files[int(found[2])], int(found[3]), int(found[4])))
        self.html = WRITTEN.sub(lambda found: f"<{found[1]}" if found[1] else "", html)

    def of(self, finding: Finding) -> Origin | None:
        """Where the element a finding is about was written; None for findings about no element.

        A finding inside a style sheet is so many lines below its `<style>`.
        """
        if not finding.line or finding.part != "html":
            return None
        last = bisect_right(self.lines, finding.line)
        near = self.origins[:last]
        if not finding.element and near and near[-1].tag == "style":
            style = near[-1]
            return Origin("style", style.file, style.line + finding.line - self.lines[last - 1], 1)
        here = [place for place in range(last) if self.lines[place] == finding.line]
        for places in (here, reversed(range(last))):
            for place in places:
                if not finding.element or self.origins[place].tag == finding.element:
                    return self.origins[place]
        return None
