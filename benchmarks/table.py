"""Tables in Markdown, printed as they are made and written into docs/performance.md between its marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A table of one benchmark. `name`: of its place in the page. The first column is words, the others numbers."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def markdown(self) -> str:
        """With its note below."""
        lines = [
            "| " + " | ".join(self.columns) + " |",
            "|---|" + "---:|" * (len(self.columns) - 1),
            *("| " + " | ".join(row) + " |" for row in self.rows),
        ]
        return "\n".join(lines) + (f"\n\n{self.note}" if self.note else "")


def write(page: Path, tables: Sequence[Table]) -> None:
    """Put each table where the page says `<!-- NAME -->` … `<!-- end -->`. SystemExit where a place is missing."""
    text = page.read_text(encoding="utf-8")
    for table in tables:
        place = re.compile(rf"(<!-- {table.name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, found = place.subn(lambda match: f"{match[1]}{table.markdown()}\n{match[2]}", text)  # noqa: B023
        if not found:
            raise SystemExit(f"{page.name} has no place for the table `{table.name}`")
    page.write_text(text, encoding="utf-8")
