"""Does what a page tells its reader to do, and compares what happens with what the page shows.

In a `console` block every line `$ command` is run, and the lines below it must be printed in that order; a line `…`
stands for any lines, `…` inside a line for any words. `# exits with 1` behind a command says how it ends.
A block like `yaml campaigns/thanks.yaml` is a file that the reader writes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.conftest import Answer, Desk

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXITS = re.compile(r"\s+# exits with (\d+)$")
ANYTHING = "…"
CLOCK = "TOUCHBASE_NOW="
"""What a page sets to go on at another moment."""

# The recipe of `make demo` and its like are in the Makefile, whose installing is not repeated here.
STANDS_FOR = {"make demo": "touchbase demo", ". .venv/bin/activate": ""}


@dataclass(frozen=True)
class Command:
    """One command of a page, where it stands, how it ends, and what is printed."""

    line: int
    words: str
    code: int
    shown: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A file the page tells its reader to write."""

    name: str
    content: str


@dataclass(frozen=True)
class Section:
    """A heading: what stands below it begins where the reader was at first."""

    title: str


Step = Command | File | Section


def steps(page: str) -> Iterator[Step]:
    """What a page says to do, from top to bottom."""
    last = 0
    for block in FENCE.finditer(page):
        for heading in re.findall(r"^## (.+)$", page[last : block.start()], re.MULTILINE):
            yield Section(heading)
        last = block.end()
        kind, _, name = block[1].partition(" ")
        if kind == "console":
            yield from _commands(block[2], page.count("\n", 0, block.start()) + 2)
        elif name:
            yield File(name, block[2])


def _commands(block: str, first: int) -> Iterator[Command]:
    found: tuple[int, str, int] | None = None
    shown: list[str] = []
    for number, text in enumerate(block.splitlines(), first):
        if not text.startswith("$ "):
            shown.append(text.rstrip())
            continue
        if found is not None:
            yield Command(*found, tuple(shown))
        ends = EXITS.search(text)
        words = re.sub(r"\s+#.*$", "", text[2:])
        found, shown = (number, words, int(ends[1]) if ends else 0), []
    if found is not None:
        yield Command(*found, tuple(shown))


class Reader:
    """Somebody who follows a page in a folder. `now`: the moment all of it happens."""

    def __init__(self, folder: Path, now: str) -> None:
        self.start = self.here = folder
        self.now = now

    def follow(self, page: Path, *, sections: bool = False) -> int:
        """Does every step and compares; the number of commands. `sections`: each begins where the first one did."""
        done = 0
        for step in steps(page.read_text(encoding="utf-8")):
            if isinstance(step, Section):
                self.here = self.start if sections else self.here
            elif isinstance(step, File):
                path = self.here / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.content, encoding="utf-8")
            else:
                self.do(step, page.name)
                done += 1
        return done

    def do(self, command: Command, page: str) -> None:
        """One command, which must end and print as the page shows it."""
        place = f"{page}:{command.line}: {command.words}"
        answer = self.run(STANDS_FOR.get(command.words, command.words))
        said = answer.out + answer.err
        assert answer.code == command.code, f"{place} exits with {answer.code}:\n{said}"
        wrong = unlike(command.shown, said.splitlines())
        assert not wrong, f"{place} prints\n{said}\nwhere the page shows `{wrong}`"

    def run(self, words: str) -> Answer:
        """A command in the reader's folder; `touchbase` is the real one."""
        program, *arguments = shlex.split(words) or [""]
        if program == "touchbase":
            return Desk(self.here).run(*arguments, now=self.now)
        if program == "export" and arguments[0].startswith(CLOCK):
            self.now = arguments[0].removeprefix(CLOCK)
            return Answer(0, "", "")
        if program == "cd":
            self.here = (self.here / arguments[0]).resolve(strict=True)
            return Answer(0, "", "")
        done = subprocess.run(words, shell=True, cwd=self.here, capture_output=True, text=True, check=False)
        return Answer(done.returncode, done.stdout, done.stderr)


def unlike(shown: tuple[str, ...], said: list[str]) -> str:
    """The first shown line that was not said in its place; "" when all were. Nothing shown: nothing compared."""
    said = [line.rstrip() for line in said]
    place, free = 0, not shown
    for expected in shown:
        if expected.strip() == ANYTHING:
            free = True
            continue
        pattern = re.compile(".*".join(map(re.escape, expected.split(ANYTHING))))
        last = len(said) if free else place + 1
        found = next((at for at in range(place, min(last, len(said))) if pattern.fullmatch(said[at])), None)
        if found is None:
            return expected
        place, free = found + 1, False
    return "" if free or place == len(said) else f"nothing more; it also says `{said[place]}`"
