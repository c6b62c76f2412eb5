"""Words, lines and paragraphs of a text part as they are written, with structures that may or may not be there.

White space is owed, not written: it is paid when the next word comes. So it lies inside the branch that brings the
word, and a branch that is not taken leaves no hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SPACE, LINE, BLANK = 1, 2, 3
WIDTH = 78
"""RFC 5322 section 2.1.1."""

VALUE_WIDTH = 10
"""How wide a personal value is taken to be when lines are wrapped."""

WHITE = re.compile(r"[ \t\n\r\f]+")
TOKEN = re.compile(r"zq[a-p]*[0-9]{4,8}qz")
LEAD = re.compile(r"(?:> ?)*\s*(?:(?:-|\d+\.) )?")
MARKS = re.compile(r"[-\d.]")
"""What an item begins with, and what of it the item's next lines leave blank."""


@dataclass(slots=True)
class Branch:
    """What was owed where a structure began, and what its branches leave owing.

    `bare`: a branch ends in the middle of a line, so that what follows the structure must bring its own space.
    """

    owed: int
    started: bool
    words: bool
    written: int
    most: int = 0
    bare: bool = False


class Flow:
    """Collects the text."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pending = 0
        self.started = False
        self.indent = self.above = ""
        self.bullet: tuple[str, str] | None = None
        self.branches: list[Branch] = []

    def text(self) -> str:
        """Everything written."""
        return "".join(self.parts).replace("\u00a0", " ")

    def need(self, space: int) -> None:
        """Owes at least this much white space."""
        self.pending = max(self.pending, space)

    def write(self, text: str) -> None:
        """Running text: white space collapses."""
        words = WHITE.sub(" ", text)
        if words[:1] == " ":
            self.need(SPACE)
        if words.strip(" "):
            self.emit(words.strip(" "))
            if words[-1] == " ":
                self.need(SPACE)

    def emit(self, text: str) -> None:
        """Text as it is, after the white space that is owed."""
        self.pay()
        self.parts.append(text)
        self.started = True

    def pay(self) -> None:
        """Writes the white space that is owed, and an item's mark."""
        if self.started or self.pending == 0:
            quote = shared(self.above, self.indent).rstrip()
            gap = {0: "", SPACE: " ", LINE: "\n", BLANK: f"\n{quote}\n"}[self.pending]
            self.parts.append(gap)
        if self.bullet is not None:
            before, mark = self.bullet
            self.parts.append(before + mark)
            self.bullet = None
        elif self.pending >= LINE or not self.started:
            self.parts.append(self.indent)
        self.above = self.indent
        self.pending = 0

    def put(self, token: str) -> None:
        """A token that writes nothing itself."""
        self.parts.append(token)

    def open_blocks(self, token: str, *, tight: bool) -> None:
        """A structure of whole blocks. `tight`: they follow each other without blank lines."""
        if tight and self.pending == BLANK and self.started:
            self.parts.append("\n")
            self.pending = LINE
        self.branches.append(Branch(self.pending, self.started, False, len(self.parts)))
        self.put(token)

    def open_words(self, token: str, *, spaced: bool) -> None:
        """A structure inside a sentence. `spaced`: white space follows it, so that the space before it is its own."""
        if self.bullet is not None or self.pending >= LINE or not self.started:
            self.pay()
            self.started = True
        elif self.pending and not spaced:
            self.pay()
        self.put(token)
        self.branches.append(Branch(self.pending, self.started, True, len(self.parts)))

    def middle(self, token: str) -> None:
        """The next branch begins where the first one did."""
        branch = self.branches[-1]
        self.settle(branch)
        self.put(token)
        self.pending, self.started, branch.written = branch.owed, branch.started, len(self.parts)

    def close(self, token: str) -> None:
        """The end: what any branch leaves owing is owed."""
        branch = self.branches.pop()
        self.settle(branch)
        self.put(token)
        first = not branch.started and not branch.words
        self.pending = 0 if branch.words or first else max(branch.most, branch.owed)
        self.started = not first or branch.bare

    def settle(self, branch: Branch) -> None:
        """A branch ends: inside a sentence, and where the letter may begin with it, it pays its own debts."""
        branch.bare = branch.bare or (self.started and not self.pending and not branch.started)
        if self.pending and len(self.parts) > branch.written:
            if branch.words:
                self.pay()
            elif not branch.started:
                self.parts.append("\n" * (self.pending - SPACE) or " ")
                self.pending = 0
        branch.most = max(branch.most, self.pending)

    def mark(self) -> int:
        """A place to come back to."""
        return len(self.parts)

    def since(self, start: int) -> str:
        """What was written since then."""
        return "".join(self.parts[start:]).strip()

    def link(self, start: int, url: str) -> None:
        """The address behind the text that was written since `start`."""
        label = self.since(start)
        bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", url).rstrip("/")
        if label and label.rstrip("/") in (url.rstrip("/"), bare):
            if url.startswith("http"):
                self.parts[start:] = [self.leading(start), url]
        elif not label:
            self.emit(url)
        elif self.pending >= LINE:
            self.pending = LINE
            self.emit(url)
        else:
            self.parts.append(f": {url}" if label[-1] not in ":" else f" {url}")

    def leading(self, start: int) -> str:
        """The white space and marks before the text that was written since `start`."""
        written = "".join(self.parts[start:])
        return written[: len(written) - len(written.lstrip())]

    def underline(self, start: int, line: str) -> None:
        """A line as long as the last one written since `start`."""
        label = self.since(start)
        if label:
            width = visible(label.rsplit("\n", 1)[-1], set())
            self.parts.append(f"\n{self.indent}{line * min(width, WIDTH - len(self.indent))}")

    @contextmanager
    def item(self, mark: str) -> Iterator[None]:
        """An item of a list."""
        before, bullet = self.indent, self.bullet
        self.bullet = (before, mark)
        self.indent = before + " " * len(mark)
        yield
        self.indent, self.bullet = before, bullet if self.bullet is not None else None

    @contextmanager
    def indented(self, mark: str) -> Iterator[None]:
        """Lines that begin with a mark."""
        before = self.indent
        self.indent = before + mark
        yield
        self.indent = before


def shared(one: str, other: str) -> str:
    """What two lines' beginnings have in common."""
    return one if other.startswith(one) else other if one.startswith(other) else ""


def wrapped(text: str, silent: set[str]) -> str:
    """Lines of at most 78 columns where a space allows it. `silent`: tokens that write nothing."""
    return "\n".join(line for long in text.split("\n") for line in folded(long, silent))


def folded(line: str, silent: set[str]) -> Iterator[str]:
    """One line as several."""
    if visible(line, silent) <= WIDTH:
        yield line.rstrip()
        return
    lead = LEAD.match(line)[0]  # type: ignore[index]
    first, *words = line[len(lead) :].split(" ")
    held, width = lead + first, visible(lead + first, silent)
    for word in words:
        wide = visible(word, silent)
        if word and width + 1 + wide > WIDTH:
            yield held.rstrip()
            held, width = MARKS.sub(" ", lead) + word, len(lead) + wide
        else:
            held, width = f"{held} {word}", width + 1 + wide
    yield held.rstrip()


def visible(text: str, silent: set[str]) -> int:
    """How wide a text is once its tokens are filled."""
    return len(TOKEN.sub(lambda found: "" if found[0] in silent else "x" * VALUE_WIDTH, text))
